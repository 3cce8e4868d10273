"""The official `openai` SDK in front of hone, Cohere's API behind it: the caller sees one dialect."""

import openai
import pytest

from hone.core import from_json
from hone.local import House
from hone.testing import FakeCohere, Step

PROJECT = """\
project = "parcels"

[models.command]
use = "cohere/command-a-03-2025"
base_url = "{url}"
api_key = "${{COHERE_TEST_KEY}}"

[models.meaning]
use = "cohere/embed-v4.0"
base_url = "{url}"
api_key = "${{COHERE_TEST_KEY}}"

[models.spare]
use = "fake/spare"

[tasks.answer]
models = ["command", "spare"]
"""

HELLO = [{"role": "user", "content": "hello there"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
CALLS = [
    {"id": "weather_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}},
    {"id": "weather_2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Basel"}'}},
]


@pytest.fixture
def upstream():
    with FakeCohere() as server:
        yield server


@pytest.fixture
def house(tmp_path, upstream, monkeypatch):
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COHERE_TEST_KEY", "the-upstream-key")
    (tmp_path / "hone.toml").write_text(PROJECT.format(url=upstream.url))
    opened = House.open(tmp_path)
    yield opened
    opened.close()


def test_a_chat_its_span_and_its_price(client, upstream, spans):
    raw = client.chat.completions.with_raw_response.create(
        model="command", messages=[{"role": "developer", "content": "Be kind."}, *HELLO], seed=7, user="u1", top_p=1
    )
    completion = raw.parse()
    assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == ("hello there", "stop")
    sent = upstream.received[0].body
    assert (sent["model"], sent["seed"], sent["p"], "user" in sent) == ("command-a-03-2025", 7, 0.99, False)
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.provider, span.status, span.finish) == ("cohere", "ok", "stop")
    assert (span.input_tokens, span.output_tokens) == (4, 2)
    # Dollars a million: input 2.50, output 10; the vendor's own template is not billed.
    assert span.cost == pytest.approx((4 * 2.5 + 2 * 10) / 1e6)


def test_a_stream(client, spans):
    with client.chat.completions.with_streaming_response.create(
        model="command", messages=HELLO, stream=True, stream_options={"include_usage": True}
    ) as raw:
        events = list(raw.parse())
    assert "".join(choice.delta.content or "" for event in events for choice in event.choices) == "hello there"
    assert events[-1].usage.completion_tokens == 2
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.stream, span.status, span.finish, span.output_tokens) == (True, "ok", "stop", 2)


def test_tools_called_in_parallel_and_their_results_sent_back(client, upstream):
    upstream.script(Step(tool_calls=CALLS), Step(text="Rain in Bern, sun in Basel."))
    first = client.chat.completions.create(model="command", messages=HELLO, tools=[WEATHER], tool_choice="required")
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert [call.function.arguments for call in message.tool_calls] == ['{"city":"Bern"}', '{"city":"Basel"}']
    results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in message.tool_calls]
    second = client.chat.completions.create(model="command", messages=[*HELLO, message, *results], tools=[WEATHER])
    assert second.choices[0].message.content == "Rain in Bern, sun in Basel."
    assert upstream.received[0].body["tool_choice"] == "REQUIRED"
    turns = upstream.received[1].body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool", "tool"]
    # The plan goes back as the vendor asks for it, and is not taken for thinking as well.
    assert turns[1] == {
        "role": "assistant", "tool_plan": "I will call weather and weather.", "tool_calls": CALLS,
    }  # fmt: skip


def test_tool_calls_streamed_are_put_together_by_the_sdk(client, upstream):
    upstream.script(Step(tool_calls=CALLS))
    with client.chat.completions.stream(model="command", messages=HELLO, tools=[WEATHER]) as stream:
        completion = stream.get_final_completion()
    (choice,) = completion.choices
    assert choice.finish_reason == "tool_calls"
    assert [(call.id, call.function.arguments) for call in choice.message.tool_calls] == [
        ("weather_1", '{"city":"Bern"}'),
        ("weather_2", '{"city":"Basel"}'),
    ]
    assert choice.message.tool_plan == "I will call weather and weather."


def test_an_answer_in_a_json_schema(client, upstream):
    upstream.script(Step(text='{"city":"Bern"}'))
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
    completion = client.chat.completions.create(model="command", messages=HELLO, response_format=wanted)
    assert from_json(completion.choices[0].message.content) == {"city": "Bern"}
    assert upstream.received[0].body["response_format"] == {"type": "json_object", "json_schema": SCHEMA}


def test_images(client, upstream):
    parts = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "text", "text": "What is this?"},
    ]
    client.chat.completions.create(model="command", messages=[{"role": "user", "content": parts}])
    assert upstream.received[0].body["messages"][0]["content"] == parts


def test_vectors_as_the_sdk_asks_for_them(client, upstream, spans):
    raw = client.embeddings.with_raw_response.create(
        model="meaning", input=["a lost parcel", "tea"], dimensions=3, extra_body={"input_type": "search_query"}
    )
    assert [each.embedding for each in raw.parse().data] == [[13.0, -0.5, -0.25], [3.0, -0.5, -0.25]]
    sent = upstream.received[0].body
    assert (sent["embedding_types"], sent["input_type"]) == (["float"], "search_query")
    as_floats = client.embeddings.create(model="meaning", input="tea", dimensions=3, encoding_format="float")
    assert as_floats.data[0].embedding == [3.0, -0.5, -0.25]
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.input_tokens, span.provider) == (4, "cohere")
    assert span.cost == pytest.approx(4 * 0.12 / 1e6)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_is_the_sdks_own_class(client, upstream, status, kind, stream):
    upstream.script(Step(status=status, error="as scripted", retry_after=3))
    with pytest.raises(kind, match="as scripted") as caught:
        client.chat.completions.create(model="command", messages=HELLO, stream=stream)
    assert caught.value.status_code == status
    assert caught.value.response.headers["retry-after"] == "3"


def test_what_cannot_be_translated_is_the_callers_mistake(client, upstream):
    with pytest.raises(openai.BadRequestError, match="one choice"):
        client.chat.completions.create(model="command", messages=HELLO, n=2)
    assert upstream.received == []


def test_a_cut_stream_never_looks_complete(client, upstream, spans):
    upstream.script(Step(text="one two three four", cut_after=4))
    seen = []
    with (
        pytest.raises(openai.APIError, match="connection was lost"),
        client.chat.completions.with_streaming_response.create(model="command", messages=HELLO, stream=True) as raw,
    ):
        seen += [event.choices[0].finish_reason for event in raw.parse()]
    assert set(seen) <= {None}
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.error.startswith("UpstreamCut:")
    assert from_json(span.output)["content"] == "one two"
    assert span.finish is None


def test_an_answer_that_failed_on_the_way_reaches_the_caller_as_an_error(client, upstream, spans):
    upstream.script(Step(text="half an ans", finish="ERROR"))
    with (
        pytest.raises(openai.APIError, match="ended with ERROR"),
        client.chat.completions.with_streaming_response.create(model="command", messages=HELLO, stream=True) as raw,
    ):
        list(raw.parse())
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.error.startswith("UpstreamRefused:"), span.finish) == (True, None)


def test_another_vendors_model_answers_when_this_one_is_overloaded(client, upstream):
    upstream.script(Step(status=503, error="too busy"))
    completion = client.chat.completions.create(model="answer", messages=HELLO)
    assert (completion.model, completion.choices[0].message.content) == ("spare", "hello there")
