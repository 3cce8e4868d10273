"""The official `openai` SDK in front of hone, Bedrock's Converse behind it: the caller sees one dialect."""

import openai
import pytest

from hone.core import from_json
from hone.local import House
from hone.testing import FakeBedrock, Step

PROJECT = """\
project = "parcels"

[models.nova]
use = "bedrock/us.amazon.nova-lite-v1:0"
base_url = "{url}"

[models.spare]
use = "fake/spare"

[tasks.answer]
models = ["nova", "spare"]
"""

HELLO = [{"role": "user", "content": "hello there"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
CALLS = [
    {"id": "tooluse_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}},
    {"id": "tooluse_2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Basel"}'}},
]
STREAM = "application/vnd.amazon.eventstream"


@pytest.fixture
def upstream():
    with FakeBedrock() as server:
        yield server


@pytest.fixture
def house(tmp_path, upstream, monkeypatch):
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV", "AWS_BEARER_TOKEN_BEDROCK",
                 "AWS_PROFILE", "AWS_SESSION_TOKEN"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", FakeBedrock.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", FakeBedrock.secret_key)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    (tmp_path / "hone.toml").write_text(PROJECT.format(url=upstream.url))
    opened = House.open(tmp_path)
    yield opened
    opened.close()


def test_a_chat_its_span_and_its_price(client, upstream, spans):
    raw = client.chat.completions.with_raw_response.create(
        model="nova", messages=[{"role": "system", "content": "Be kind."}, *HELLO], seed=7, user="u1", max_tokens=9
    )
    completion = raw.parse()
    assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == ("hello there", "stop")
    sent = upstream.received[0].body
    assert sent.keys() == {"messages", "system", "inferenceConfig"}
    assert sent["inferenceConfig"] == {"maxTokens": 9}
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.provider, span.status, span.finish) == ("bedrock", "ok", "stop")
    assert (span.input_tokens, span.output_tokens) == (completion.usage.prompt_tokens, 2)
    # Dollars a million: input 0.06, output 0.24.
    assert span.cost == pytest.approx((span.input_tokens * 0.06 + 2 * 0.24) / 1e6)


def test_a_stream(client, spans):
    with client.chat.completions.with_streaming_response.create(
        model="nova", messages=HELLO, stream=True, stream_options={"include_usage": True}
    ) as raw:
        events = list(raw.parse())
    assert "".join(choice.delta.content or "" for event in events for choice in event.choices) == "hello there"
    assert events[-1].usage.completion_tokens == 2
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.stream, span.status, span.finish, span.output_tokens) == (True, "ok", "stop", 2)


def test_tools_called_in_parallel_and_their_results_sent_back(client, upstream):
    upstream.script(Step(tool_calls=CALLS), Step(text="Rain in Bern, sun in Basel."))
    first = client.chat.completions.create(model="nova", messages=HELLO, tools=[WEATHER], tool_choice="required")
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert [call.function.arguments for call in message.tool_calls] == ['{"city":"Bern"}', '{"city":"Basel"}']
    results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in message.tool_calls]
    second = client.chat.completions.create(model="nova", messages=[*HELLO, message, *results], tools=[WEATHER])
    assert second.choices[0].message.content == "Rain in Bern, sun in Basel."
    assert upstream.received[0].body["toolConfig"]["toolChoice"] == {"any": {}}
    turns = upstream.received[1].body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [block["toolResult"]["toolUseId"] for block in turns[2]["content"]] == ["tooluse_1", "tooluse_2"]


def test_tool_calls_streamed_are_put_together_by_the_sdk(client, upstream):
    upstream.script(Step(tool_calls=CALLS))
    with client.chat.completions.stream(model="nova", messages=HELLO, tools=[WEATHER]) as stream:
        completion = stream.get_final_completion()
    (choice,) = completion.choices
    assert choice.finish_reason == "tool_calls"
    assert [(call.id, call.function.arguments) for call in choice.message.tool_calls] == [
        ("tooluse_1", '{"city":"Bern"}'),
        ("tooluse_2", '{"city":"Basel"}'),
    ]


def test_what_was_thought_in_a_stream_goes_back_with_its_signature(client, upstream):
    lines = """\
messageStart {"role": "assistant"}
contentBlockDelta {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Bern."}}}
contentBlockDelta {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "sig1"}}}
contentBlockStop {"contentBlockIndex": 0}
contentBlockDelta {"contentBlockIndex": 1, "delta": {"reasoningContent": {"redactedContent": "AAAA"}}}
contentBlockStop {"contentBlockIndex": 1}
contentBlockDelta {"contentBlockIndex": 2, "delta": {"text": "Rain."}}
contentBlockStop {"contentBlockIndex": 2}
messageStop {"stopReason": "end_turn"}
metadata {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {"latencyMs": 1}}
"""
    upstream.script(Step(raw=lines, content_type=STREAM))
    with client.chat.completions.stream(model="nova", messages=HELLO) as stream:
        message = stream.get_final_completion().choices[0].message
    assert (message.content, message.reasoning_content) == ("Rain.", "Bern.")
    client.chat.completions.create(model="nova", messages=[*HELLO, message, *HELLO])
    assert upstream.received[1].body["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Bern.", "signature": "sig1"}}},
        {"reasoningContent": {"redactedContent": "AAAA"}},
        {"text": "Rain."},
    ]


def test_an_answer_in_a_json_schema(client, upstream):
    upstream.script(Step(text='{"city":"Bern"}'))
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
    completion = client.chat.completions.create(model="nova", messages=HELLO, response_format=wanted)
    assert from_json(completion.choices[0].message.content) == {"city": "Bern"}
    described = upstream.received[0].body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert (described["name"], from_json(described["schema"])) == ("place", SCHEMA)


def test_images(client, upstream):
    parts = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "text", "text": "What is this?"},
    ]
    client.chat.completions.create(model="nova", messages=[{"role": "user", "content": parts}])
    assert upstream.received[0].body["messages"][0]["content"][0] == {
        "image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (408, openai.APIStatusError),
        (424, openai.APIStatusError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_is_the_sdks_own_class(client, upstream, status, kind, stream):
    upstream.script(Step(status=status, error="as scripted", retry_after=3))
    with pytest.raises(kind, match="as scripted") as caught:
        client.chat.completions.create(model="nova", messages=HELLO, stream=stream)
    assert caught.value.status_code == status
    assert caught.value.response.headers["retry-after"] == "3"


def test_what_cannot_be_translated_is_the_callers_mistake(client, upstream):
    parts = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    with pytest.raises(openai.BadRequestError, match="not by address"):
        client.chat.completions.create(model="nova", messages=[{"role": "user", "content": parts}])
    assert upstream.received == []


def test_a_cut_stream_never_looks_complete(client, upstream, spans):
    upstream.script(Step(text="one two three four", cut_after=3))
    seen = []
    with (
        pytest.raises(openai.APIError, match="connection was lost"),
        client.chat.completions.with_streaming_response.create(model="nova", messages=HELLO, stream=True) as raw,
    ):
        seen += [event.choices[0].finish_reason for event in raw.parse()]
    assert set(seen) <= {None}
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.error.startswith("UpstreamCut:")
    assert from_json(span.output)["content"] == "one two"
    assert span.finish is None


def test_an_exception_in_mid_stream_reaches_the_caller_as_an_error(client, upstream, spans):
    lines = 'messageStart {"role": "assistant"}\ncontentBlockDelta {"contentBlockIndex": 0, "delta": {"text": "one"}}\n'
    lines += 'throttlingException {"message": "too busy"}'
    upstream.script(Step(raw=lines, content_type=STREAM))
    with (
        pytest.raises(openai.APIError, match="too busy"),
        client.chat.completions.with_streaming_response.create(model="nova", messages=HELLO, stream=True) as raw,
    ):
        list(raw.parse())
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.error.startswith("UpstreamRefused:")


def test_another_vendors_model_answers_when_this_one_is_overloaded(client, upstream):
    upstream.script(Step(status=429, error="too busy"))
    completion = client.chat.completions.create(model="answer", messages=HELLO)
    assert (completion.model, completion.choices[0].message.content) == ("spare", "hello there")


def test_another_vendors_model_answers_when_there_are_no_credentials(client, upstream, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    completion = client.chat.completions.create(model="answer", messages=HELLO)
    assert (completion.model, upstream.received) == ("spare", [])
