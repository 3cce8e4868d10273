"""What Azure adds to the OpenAI dialect reaches the official SDK through hone: verdicts of its content filter."""

import json

import openai
import pytest

from hone.local import House
from hone.testing import FakeUpstream, Step

PROJECT = """\
project = "parcels"

[models.ours]
use = "azure/gpt-4o"
base_url = "{url}/openai/deployments/gpt-4o?api-version=2024-10-21"
api_key = "${{AZURE_KEY}}"
"""
HELLO = [{"role": "user", "content": "hello there"}]
SAFE = {"hate": {"filtered": False, "severity": "safe"}}
FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering the content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": SAFE},
    }
}


@pytest.fixture
def upstream():
    with FakeUpstream() as server:
        yield server


@pytest.fixture
def house(tmp_path, upstream, monkeypatch):
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_KEY", "the-upstream-key")
    (tmp_path / "hone.toml").write_text(PROJECT.format(url=upstream.url.removesuffix("/v1")))
    opened = House.open(tmp_path)
    yield opened
    opened.close()


def stream_of(*chunks: dict) -> Step:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-11-20"}
    events = [f"data: {json.dumps(base | chunk)}\n\n" for chunk in chunks]
    return Step(raw="".join([*events, "data: [DONE]\n\n"]), content_type="text/event-stream")


def choice(finish: str | None = None, **more) -> dict:
    return {"choices": [{"index": 0, "finish_reason": finish, **more}]}


def test_a_chat_and_its_price(client, upstream, spans):
    raw = client.chat.completions.with_raw_response.create(model="ours", messages=HELLO)
    assert raw.parse().choices[0].message.content == "hello there"
    (received,) = upstream.received
    assert received.path == "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
    assert received.headers["api-key"] == "the-upstream-key"
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.cost == pytest.approx((span.input_tokens * 2.5 + span.output_tokens * 10) / 1e6)


def test_verdicts_in_a_stream_reach_the_caller_and_disturb_nothing(client, upstream, spans):
    upstream.script(
        stream_of(
            {"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}]},
            choice(delta={"role": "assistant", "content": ""}, content_filter_results={}),
            choice(delta={"content": "hi"}, content_filter_results=SAFE),
            # The asynchronous filter sends its verdicts apart, without a delta.
            choice(content_filter_results=SAFE, content_filter_offsets={"check_offset": 1, "end_offset": 3}),
            choice("stop", delta={}),
            {"choices": [], "usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}},
        )
    )
    with client.chat.completions.with_streaming_response.create(model="ours", messages=HELLO, stream=True) as raw:
        events = list(raw.parse())
    assert events[0].choices == []
    assert events[0].model_extra["prompt_filter_results"][0]["content_filter_results"] == SAFE
    said = [each.delta.content for event in events for each in event.choices if each.delta]
    assert "".join(text or "" for text in said) == "hi"
    assert events[-1].choices[0].finish_reason == "stop"  # the usage was not asked for, and stays here
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.status, span.finish, span.input_tokens, span.output_tokens) == ("ok", "stop", 2, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_the_filter_refuses_is_the_callers_own_exception(client, upstream, stream):
    upstream.script(Step(status=400, raw=json.dumps(FILTERED)))
    with pytest.raises(openai.BadRequestError, match="content management policy") as caught:
        client.chat.completions.create(model="ours", messages=HELLO, stream=stream)
    assert (caught.value.status_code, caught.value.code, caught.value.param) == (400, "content_filter", "prompt")
    assert caught.value.body["innererror"] == FILTERED["error"]["innererror"]
