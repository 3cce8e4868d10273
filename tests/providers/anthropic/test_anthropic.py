"""The Messages API over real HTTP on loopback, with everything that can go wrong at the other end."""

from pathlib import Path

import msgspec
import pytest

from hone.core import Usage
from hone.errors import CallError, UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.gateway._output import read_completion
from hone.models import Prices
from hone.providers import Answer, ChatRequest, Model, registry
from hone.testing import FakeAnthropic, Step

RECORDED = Path(__file__).parent / "recorded"
MESSAGE = (RECORDED / "message.json").read_text()


@pytest.fixture
def upstream():
    with FakeAnthropic() as server:
        yield server


@pytest.fixture
async def provider():
    made = registry.load("anthropic")()
    yield made
    await made.close()


def model(url: str, key: str | None = "secret-key") -> Model:
    return Model(alias="claude", provider="anthropic", name="claude-haiku-4-5", base_url=url, api_key=key)


def request(text: str = "hello there", *, stream: bool = False, **fields) -> ChatRequest:
    body = {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": text}], **fields}
    return ChatRequest(body=msgspec.json.encode(body), stream=stream, timeout=5)


async def everything(answer: Answer) -> bytes:
    assert answer.chunks is not None
    return b"".join([chunk async for chunk in answer.chunks])


async def test_an_answer_comes_back_in_the_openai_dialect(upstream, provider):
    answer = await provider.chat(model(upstream.url), request())
    completion = msgspec.json.decode(answer.body)
    assert completion["object"] == "chat.completion"
    assert completion["id"].startswith("msg_")
    assert completion["choices"][0]["message"] == {"role": "assistant", "content": "hello there"}
    assert completion["choices"][0]["finish_reason"] == "stop"
    (received,) = upstream.received
    assert received.path == "/v1/messages"
    assert received.headers["x-api-key"] == "secret-key"
    assert received.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in received.headers


async def test_a_base_url_that_ends_in_v1_is_the_same_one(upstream, provider):
    await provider.chat(model(f"{upstream.url}/v1/"), request())
    assert upstream.received[0].path == "/v1/messages"


async def test_the_key_may_stand_in_the_environment(upstream, provider, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "from-the-environment")
    await provider.chat(model(upstream.url, key=None), request())
    assert upstream.received[0].headers["x-api-key"] == "from-the-environment"


async def test_without_a_key_the_vendor_says_so(upstream, provider, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(UpstreamRefused, match="x-api-key") as caught:
        await provider.chat(model(upstream.url, key=None), request())
    assert caught.value.status == 401


async def test_text_tool_calls_thinking_and_usage_of_a_whole_message(upstream, provider):
    upstream.script(Step(raw=MESSAGE, content_type="application/json"))
    answer = await provider.chat(model(upstream.url), request())
    completion = msgspec.json.decode(answer.body)
    (choice,) = completion["choices"]
    assert choice["finish_reason"] == "tool_calls"
    message = choice["message"]
    assert message["content"] == "I look up both. One moment."
    assert [(call["id"], call["function"]["name"]) for call in message["tool_calls"]] == [
        ("toolu_01A", "weather"),
        ("toolu_01B", "weather"),
        ("toolu_01C", "now"),
    ]
    arguments = [msgspec.json.decode(call["function"]["arguments"]) for call in message["tool_calls"]]
    assert arguments == [{"city": "Bern"}, {"city": "Basel"}, {}]
    assert message["reasoning_content"] == "Bern and Basel, both."
    assert message["thinking_blocks"] == [msgspec.json.decode(MESSAGE)["content"][0]]
    assert completion["usage"] == {
        "prompt_tokens": 1250,
        "completion_tokens": 120,
        "total_tokens": 1370,
        "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 200, "cache_write_1h_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }


async def test_a_call_with_cached_tokens_costs_what_the_vendors_price_list_says(upstream, provider):
    upstream.script(Step(raw=MESSAGE, content_type="application/json"))
    answer = await provider.chat(model(upstream.url), request())
    usage = read_completion(answer.body).usage
    assert usage == Usage(input=1250, output=120, cache_read=1000, cache_write=200, reasoning=40, cache_write_1h=0)
    # Claude Haiku 4.5, dollars a million: input 1, output 5, read from the cache 0.10, written to it 1.25.
    by_hand = (50 * 1 + 120 * 5 + 1000 * 0.10 + 200 * 1.25) / 1e6
    assert by_hand == pytest.approx(0.001)
    assert Prices().cost("anthropic", "claude-haiku-4-5", usage) == pytest.approx(by_hand)


async def test_a_stream_arrives_and_its_connection_is_used_again(upstream, provider):
    for _ in range(3):
        body = await everything(await provider.chat(model(upstream.url), request(stream=True)))
        assert body.endswith(b"data: [DONE]\n\n")
    assert upstream.received[0].body["stream"] is True
    assert len(provider._upstreams.at(upstream.url)._idle) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 529])
async def test_an_error_keeps_its_status_words_and_ids_in_the_openai_shape(upstream, provider, status):
    upstream.script(Step(status=status, error="as scripted", retry_after=7))
    with pytest.raises(UpstreamRefused, match="as scripted") as caught:
        await provider.chat(model(upstream.url), request(stream=True))
    assert caught.value.status == status
    assert caught.value.details == {"retry-after": "7", "x-request-id": "req_1"}
    error = msgspec.json.decode(caught.value.body)["error"]
    assert error["message"] == "as scripted"
    assert error.keys() == {"message", "type", "param", "code"}


async def test_a_key_that_the_vendor_repeats_stays_here(upstream, provider):
    upstream.script(Step(status=401, error="invalid x-api-key: secret-key"))
    with pytest.raises(UpstreamRefused, match=r"invalid x-api-key: \[key\]") as caught:
        await provider.chat(model(upstream.url), request())
    assert b"secret-key" not in caught.value.body


async def test_an_error_page_of_a_proxy_stays_as_it_came(upstream, provider):
    upstream.script(Step(status=502, raw="<html>bad gateway</html>"))
    with pytest.raises(UpstreamRefused) as caught:
        await provider.chat(model(upstream.url), request())
    assert (caught.value.status, caught.value.body) == (502, b"<html>bad gateway</html>")


async def test_an_error_object_with_status_200_is_an_error(upstream, provider):
    said = '{"type": "error", "error": {"type": "overloaded_error", "message": "too busy"}}'
    upstream.script(Step(raw=said, content_type="application/json"))
    with pytest.raises(UpstreamRefused, match="too busy") as caught:
        await provider.chat(model(upstream.url), request())
    assert caught.value.status == 502


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("raw", ["<html>hello</html>", '{"choices": []}', "[]", ""])
async def test_what_is_not_a_message_is_garbage(upstream, provider, raw, stream):
    upstream.script(Step(raw=raw))
    with pytest.raises(UpstreamGarbage, match="not a message"):
        await provider.chat(model(upstream.url), request(stream=stream))


async def test_a_whole_message_is_no_answer_to_a_request_for_a_stream(upstream, provider):
    upstream.script(Step(raw=MESSAGE, content_type="application/json"))
    with pytest.raises(UpstreamGarbage, match="whole body"):
        await provider.chat(model(upstream.url), request(stream=True))


async def test_half_a_body_is_a_cut(upstream, provider):
    upstream.script(Step(cut_after=20))
    with pytest.raises(UpstreamCut):
        await provider.chat(model(upstream.url), request())


@pytest.mark.parametrize("events", range(8))
async def test_half_a_stream_is_a_cut(upstream, provider, events):
    upstream.script(Step(text="one two", cut_after=events))
    answer = await provider.chat(model(upstream.url), request(stream=True))
    with pytest.raises(UpstreamCut):
        await everything(answer)


async def test_a_stream_that_ends_properly_but_too_early_is_a_cut(upstream, provider):
    text = (RECORDED / "text.sse").read_text()
    upstream.script(Step(raw=text.partition("event: message_stop")[0], content_type="text/event-stream"))
    answer = await provider.chat(model(upstream.url), request(stream=True))
    with pytest.raises(UpstreamCut, match="before the answer was complete"):
        await everything(answer)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"messages": 5}'])
async def test_a_request_that_is_none_is_the_callers_move(upstream, provider, body):
    with pytest.raises(CallError, match="not a chat completion request"):
        await provider.chat(model(upstream.url), ChatRequest(body=body))
    assert upstream.received == []
