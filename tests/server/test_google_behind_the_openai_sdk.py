"""The official `openai` SDK in front of hone, the Gemini API behind it: the caller sees one dialect."""

import json

import openai
import pytest
from pydantic import BaseModel

from hone.core import from_json
from hone.local import House
from hone.testing import FakeGoogle, Step

PROJECT = """\
project = "parcels"

[models.gemini]
use = "google/gemini-2.5-flash"
base_url = "{url}"
api_key = "${{GEMINI_KEY}}"

[models.pro]
use = "google/gemini-3-pro-preview"
base_url = "{url}"
api_key = "${{GEMINI_KEY}}"

[models.vectors]
use = "google/gemini-embedding-001"
base_url = "{url}"
api_key = "${{GEMINI_KEY}}"

[models.spare]
use = "fake/spare"

[tasks.answer]
models = ["gemini", "spare"]
"""

HELLO = [{"role": "user", "content": "hello there"}]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
# Calls of the older models have no id.
CALLS = [
    {"type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}},
    {"type": "function", "function": {"name": "weather", "arguments": '{"city":"Basel"}'}},
]


@pytest.fixture
def upstream():
    with FakeGoogle() as server:
        yield server


@pytest.fixture
def house(tmp_path, upstream, monkeypatch):
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GEMINI_KEY", "the-upstream-key")
    (tmp_path / "hone.toml").write_text(PROJECT.format(url=upstream.url))
    opened = House.open(tmp_path)
    yield opened
    opened.close()


def results_for(message) -> list[dict]:
    return [
        {"role": "tool", "tool_call_id": call.id, "content": json.loads(call.function.arguments)["city"]}
        for call in message.tool_calls
    ]


def test_a_chat_its_span_and_its_price(client, upstream, spans):
    raw = client.chat.completions.with_raw_response.create(
        model="gemini", messages=[{"role": "system", "content": "Be kind."}, *HELLO], seed=7, user="u1", max_tokens=50
    )
    completion = raw.parse()
    assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == ("hello there", "stop")
    sent = upstream.received[0].body
    assert sent["systemInstruction"] == {"parts": [{"text": "Be kind."}]}
    assert sent["generationConfig"] == {"seed": 7, "maxOutputTokens": 50}
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.provider, span.status, span.finish) == ("google", "ok", "stop")
    assert (span.input_tokens, span.output_tokens) == (completion.usage.prompt_tokens, 2)
    # Dollars a million: input 0.30, output 2.50.
    assert span.cost == pytest.approx((span.input_tokens * 0.3 + 2 * 2.5) / 1e6)


def test_the_key_is_in_no_span_and_no_address(client, upstream, spans):
    raw = client.chat.completions.with_raw_response.create(model="gemini", messages=HELLO)
    assert "the-upstream-key" not in upstream.received[0].path
    assert "the-upstream-key" not in str(spans(raw.headers["x-hone-trace-id"]))


def test_a_conversation(client, upstream):
    history = [*HELLO, {"role": "assistant", "content": "Hi."}, {"role": "user", "content": "and now?"}]
    completion = client.chat.completions.create(model="gemini", messages=history)
    assert completion.choices[0].message.content == "and now?"
    assert [turn["role"] for turn in upstream.received[0].body["contents"]] == ["user", "model", "user"]


@pytest.mark.parametrize("usage", [False, True])
def test_a_stream(client, spans, usage):
    options = {"stream_options": {"include_usage": True}} if usage else {}
    with client.chat.completions.with_streaming_response.create(
        model="gemini", messages=HELLO, stream=True, **options
    ) as raw:
        events = list(raw.parse())
    assert "".join(choice.delta.content or "" for event in events for choice in event.choices) == "hello there"
    assert [event.usage.completion_tokens for event in events if event.usage] == ([2] if usage else [])
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.stream, span.status, span.finish, span.output_tokens) == (True, "ok", "stop", 2)


@pytest.mark.parametrize("model", ["gemini", "pro"])
def test_tools_called_in_parallel_and_their_results_sent_back(client, upstream, model):
    upstream.script(Step(tool_calls=CALLS), Step(text="Rain in Bern, sun in Basel."))
    first = client.chat.completions.create(model=model, messages=HELLO, tools=[WEATHER], tool_choice="required")
    message = first.choices[0].message
    assert (first.choices[0].finish_reason, message.content) == ("tool_calls", None)
    assert [call.function.arguments for call in message.tool_calls] == ['{"city":"Bern"}', '{"city":"Basel"}']
    one, other = (call.id for call in message.tool_calls)
    assert one != other
    second = client.chat.completions.create(
        model=model, messages=[*HELLO, message, *results_for(message)], tools=[WEATHER]
    )
    assert second.choices[0].message.content == "Rain in Bern, sun in Basel."
    assert upstream.received[0].body["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}
    turns = upstream.received[1].body["contents"]
    assert [turn["role"] for turn in turns] == ["user", "model", "user"]
    assert [part["functionResponse"]["id"] for part in turns[2]["parts"]] == [one, other]
    # The SDK's own message object brings the signature back, on the call that it came with.
    assert [part.get("thoughtSignature") for part in turns[1]["parts"]] == ["dGhvdWdodCAx", None]


def test_tool_calls_streamed_are_put_together_by_the_sdk_signature_and_all(client, upstream):
    upstream.script(Step(tool_calls=[call | {"id": f"call_{i}"} for i, call in enumerate(CALLS)]), Step(text="Rain."))
    with client.chat.completions.stream(model="pro", messages=HELLO, tools=[WEATHER]) as stream:
        completion = stream.get_final_completion()
    (choice,) = completion.choices
    assert choice.finish_reason == "tool_calls"
    assert [(call.id, call.function.arguments) for call in choice.message.tool_calls] == [
        ("call_0", '{"city":"Bern"}'),
        ("call_1", '{"city":"Basel"}'),
    ]
    turns = [*HELLO, choice.message.model_dump(exclude_none=True), *results_for(choice.message)]
    client.chat.completions.create(model="pro", messages=turns, tools=[WEATHER])
    _, called, _ = upstream.received[1].body["contents"]
    assert [part.get("thoughtSignature") for part in called["parts"]] == ["dGhvdWdodCAx", None]


def test_a_conversation_begun_with_another_vendors_model_goes_on_here(client, upstream):
    foreign = {"role": "assistant", "content": None, "tool_calls": [CALLS[0] | {"id": "call_of_another"}]}
    result = {"role": "tool", "tool_call_id": "call_of_another", "content": "rain"}
    upstream.script(Step(text="Rain."))
    completion = client.chat.completions.create(model="pro", messages=[*HELLO, foreign, result], tools=[WEATHER])
    assert completion.choices[0].message.content == "Rain."


class City(BaseModel):
    name: str
    people: int | None


def test_an_answer_in_a_json_schema_is_parsed_by_the_sdk(client, upstream):
    upstream.script(Step(text='{"name": "Bern", "people": 134794}'))
    completion = client.chat.completions.parse(model="gemini", messages=HELLO, response_format=City)
    assert completion.choices[0].message.parsed == City(name="Bern", people=134794)
    config = upstream.received[0].body["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"]["required"] == ["name", "people"]


def test_a_blocked_prompt_is_the_sdks_own_exception_where_it_parses(client, upstream):
    blocked = Step(raw='{"promptFeedback": {"blockReason": "SAFETY"}}', content_type="application/json")
    upstream.script(blocked, blocked)
    choice = client.chat.completions.create(model="gemini", messages=HELLO).choices[0]
    assert (choice.finish_reason, choice.message.refusal) == ("content_filter", "the prompt was blocked: SAFETY")
    with pytest.raises(openai.ContentFilterFinishReasonError):
        client.chat.completions.parse(model="gemini", messages=HELLO, response_format=City)


def test_images(client, upstream):
    parts = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.jpg"}},
        {"type": "text", "text": "What is this?"},
    ]
    client.chat.completions.create(model="gemini", messages=[{"role": "user", "content": parts}])
    assert upstream.received[0].body["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        {"fileData": {"fileUri": "https://example.org/a.jpg", "mimeType": "image/jpeg"}},
        {"text": "What is this?"},
    ]


def test_embeddings(client, upstream, spans):
    raw = client.embeddings.with_raw_response.create(model="vectors", input=["a", "b"], dimensions=4)
    found = [each.embedding for each in raw.parse().data]  # base64 on the wire
    assert found == [[97 / 128, 0.25, 0.25, 0.25], [98 / 128, 0.25, 0.25, 0.25]]
    as_floats = client.embeddings.create(model="vectors", input="a", dimensions=4, encoding_format="float")
    assert as_floats.data[0].embedding == found[0]
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.provider, span.status, from_json(span.output)) == ("google", "ok", {"embeddings": 2})
    assert span.input_tokens is None  # the API did not say


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_is_the_sdks_own_class(client, upstream, status, kind, stream):
    upstream.script(Step(status=status, error="as scripted", retry_after=3))
    with pytest.raises(kind, match="as scripted") as caught:
        client.chat.completions.create(model="gemini", messages=HELLO, stream=stream)
    assert caught.value.status_code == status
    assert caught.value.response.headers["retry-after"] == "3"


def test_a_wrong_key_is_an_authentication_error_and_another_model_answers_where_there_is_one(client, upstream):
    wrong = Step(status=400, error="API key not valid. Please pass a valid API key.")
    upstream.script(wrong, wrong)
    with pytest.raises(openai.AuthenticationError, match="API key not valid"):
        client.chat.completions.create(model="gemini", messages=HELLO)
    assert client.chat.completions.create(model="answer", messages=HELLO).model == "spare"


def test_what_cannot_be_translated_is_the_callers_mistake(client, upstream):
    with pytest.raises(openai.BadRequestError, match="one choice"):
        client.chat.completions.create(model="gemini", messages=HELLO, n=2)
    assert upstream.received == []


def test_a_cut_stream_never_looks_complete(client, upstream, spans):
    upstream.script(Step(text="one two three four", cut_after=2))
    seen = []
    with (
        pytest.raises(openai.APIError, match="connection was lost"),
        client.chat.completions.with_streaming_response.create(model="gemini", messages=HELLO, stream=True) as raw,
    ):
        seen += [event.choices[0].finish_reason for event in raw.parse()]
    assert set(seen) <= {None}
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.error.startswith("UpstreamCut:")
    assert from_json(span.output)["content"] == "one two"
    assert span.finish is None


def test_an_error_in_mid_stream_reaches_the_caller_as_one(client, upstream, spans):
    upstream.script(
        Step(
            raw='data: {"candidates": [{"content": {"parts": [{"text": "one"}], "role": "model"}}]}\n\n'
            'data: {"error": {"code": 503, "message": "too busy", "status": "UNAVAILABLE"}}\n\n',
            content_type="text/event-stream",
        )
    )
    with (
        pytest.raises(openai.APIError, match="too busy"),
        client.chat.completions.with_streaming_response.create(model="gemini", messages=HELLO, stream=True) as raw,
    ):
        list(raw.parse())
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.error.startswith("UpstreamRefused:")


def test_another_vendors_model_answers_when_this_one_is_overloaded(client, upstream):
    upstream.script(Step(status=503, error="The model is overloaded."))
    completion = client.chat.completions.create(model="answer", messages=HELLO)
    assert (completion.model, completion.choices[0].message.content) == ("spare", "hello there")
