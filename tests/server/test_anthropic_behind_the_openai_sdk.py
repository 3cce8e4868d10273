"""The official `openai` SDK in front of hone, the Messages API behind it: the caller sees one dialect."""

import openai
import pytest

from hone.core import from_json
from hone.local import House
from hone.testing import FakeAnthropic, Step

PROJECT = """\
project = "parcels"

[models.claude]
use = "anthropic/claude-haiku-4-5"
base_url = "{url}"
api_key = "${{CLAUDE_KEY}}"

[models.spare]
use = "fake/spare"

[tasks.answer]
models = ["claude", "spare"]
"""

HELLO = [{"role": "user", "content": "hello there"}]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
CALLS = [
    {"id": "toolu_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}},
    {"id": "toolu_2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Basel"}'}},
]


@pytest.fixture
def upstream():
    with FakeAnthropic() as server:
        yield server


@pytest.fixture
def house(tmp_path, upstream, monkeypatch):
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAUDE_KEY", "the-upstream-key")
    (tmp_path / "hone.toml").write_text(PROJECT.format(url=upstream.url))
    opened = House.open(tmp_path)
    yield opened
    opened.close()


def test_a_chat_its_span_and_its_price(client, upstream, spans):
    raw = client.chat.completions.with_raw_response.create(
        model="claude", messages=[{"role": "system", "content": "Be kind."}, *HELLO], seed=7, user="u1"
    )
    completion = raw.parse()
    assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == ("hello there", "stop")
    sent = upstream.received[0].body
    assert (sent["model"], sent["max_tokens"], sent["metadata"]) == ("claude-haiku-4-5", 8192, {"user_id": "u1"})
    assert "seed" not in sent
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.provider, span.status, span.finish) == ("anthropic", "ok", "stop")
    assert (span.input_tokens, span.output_tokens) == (completion.usage.prompt_tokens, 2)
    # Dollars a million: input 1, output 5.
    assert span.cost == pytest.approx((span.input_tokens * 1 + 2 * 5) / 1e6)


def test_a_stream(client, spans):
    with client.chat.completions.with_streaming_response.create(
        model="claude", messages=HELLO, stream=True, stream_options={"include_usage": True}
    ) as raw:
        events = list(raw.parse())
    assert "".join(choice.delta.content or "" for event in events for choice in event.choices) == "hello there"
    assert events[-1].usage.completion_tokens == 2
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.stream, span.status, span.finish, span.output_tokens) == (True, "ok", "stop", 2)


def test_tools_called_in_parallel_and_their_results_sent_back(client, upstream):
    upstream.script(Step(tool_calls=CALLS), Step(text="Rain in Bern, sun in Basel."))
    first = client.chat.completions.create(model="claude", messages=HELLO, tools=[WEATHER], tool_choice="required")
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert [call.function.arguments for call in message.tool_calls] == ['{"city":"Bern"}', '{"city":"Basel"}']
    results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in message.tool_calls]
    second = client.chat.completions.create(model="claude", messages=[*HELLO, message, *results], tools=[WEATHER])
    assert second.choices[0].message.content == "Rain in Bern, sun in Basel."
    assert upstream.received[0].body["tool_choice"] == {"type": "any"}
    turns = upstream.received[1].body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [block["tool_use_id"] for block in turns[2]["content"]] == ["toolu_1", "toolu_2"]


def test_tool_calls_streamed_are_put_together_by_the_sdk(client, upstream):
    upstream.script(Step(tool_calls=CALLS))
    with client.chat.completions.stream(model="claude", messages=HELLO, tools=[WEATHER]) as stream:
        completion = stream.get_final_completion()
    (choice,) = completion.choices
    assert choice.finish_reason == "tool_calls"
    assert [(call.id, call.function.arguments) for call in choice.message.tool_calls] == [
        ("toolu_1", '{"city":"Bern"}'),
        ("toolu_2", '{"city":"Basel"}'),
    ]


def test_images(client, upstream):
    parts = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "text", "text": "What is this?"},
    ]
    client.chat.completions.create(model="claude", messages=[{"role": "user", "content": parts}])
    assert upstream.received[0].body["messages"][0]["content"][0] == {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (529, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_is_the_sdks_own_class(client, upstream, status, kind, stream):
    upstream.script(Step(status=status, error="as scripted", retry_after=3))
    with pytest.raises(kind, match="as scripted") as caught:
        client.chat.completions.create(model="claude", messages=HELLO, stream=stream)
    assert caught.value.status_code == status
    assert caught.value.response.headers["retry-after"] == "3"


def test_what_cannot_be_translated_is_the_callers_mistake(client, upstream):
    with pytest.raises(openai.BadRequestError, match="one choice"):
        client.chat.completions.create(model="claude", messages=HELLO, n=2)
    assert upstream.received == []


def test_a_cut_stream_never_looks_complete(client, upstream, spans):
    upstream.script(Step(text="one two three four", cut_after=5))
    seen = []
    with (
        pytest.raises(openai.APIError, match="connection was lost"),
        client.chat.completions.with_streaming_response.create(model="claude", messages=HELLO, stream=True) as raw,
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
            raw='event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","model":"m",'
            '"usage":{"input_tokens":1,"output_tokens":1}}}\n\n'
            'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
            '"content_block":{"type":"text","text":""}}\n\n'
            'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
            '"delta":{"type":"text_delta","text":"one"}}\n\n'
            'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"too busy"}}\n\n',
            content_type="text/event-stream",
        )
    )
    with (
        pytest.raises(openai.APIError, match="too busy"),
        client.chat.completions.with_streaming_response.create(model="claude", messages=HELLO, stream=True) as raw,
    ):
        list(raw.parse())
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.error.startswith("UpstreamRefused:")


def test_another_vendors_model_answers_when_this_one_is_overloaded(client, upstream):
    upstream.script(Step(status=529, error="too busy"))
    completion = client.chat.completions.create(model="answer", messages=HELLO)
    assert (completion.model, completion.choices[0].message.content) == ("spare", "hello there")
