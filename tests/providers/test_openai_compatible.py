"""The OpenAI dialect over real HTTP on loopback, with everything that can go wrong at the other end."""

import asyncio
import socket

import msgspec
import pytest

from hone.errors import (
    UpstreamCut,
    UpstreamError,
    UpstreamGarbage,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from hone.providers import Answer, ChatRequest, Model
from hone.providers._openai import OpenAICompatible
from hone.testing import FakeUpstream, Step


@pytest.fixture
def upstream():
    with FakeUpstream() as server:
        yield server


@pytest.fixture
async def provider():
    made = OpenAICompatible()
    yield made
    await made.close()


def model(url: str) -> Model:
    return Model(alias="ours", provider="openai-compatible", name="m", base_url=url, api_key="secret-key")


def request(text: str = "hello there", *, stream: bool = False, timeout: float = 5.0) -> ChatRequest:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], "stream": stream}
    return ChatRequest(body=msgspec.json.encode(body), stream=stream, timeout=timeout)


async def everything(answer: Answer) -> bytes:
    assert answer.chunks is not None
    return b"".join([chunk async for chunk in answer.chunks])


async def test_a_completion_comes_back_as_it_was_sent(upstream, provider):
    answer = await provider.chat(model(upstream.url), request())
    assert msgspec.json.decode(answer.body)["choices"][0]["message"]["content"] == "hello there"
    assert upstream.received[0].path == "/v1/chat/completions"
    assert upstream.received[0].headers["authorization"] == "Bearer secret-key"


async def test_a_connection_is_used_again(upstream, provider):
    for _ in range(5):
        await provider.chat(model(upstream.url), request())
    await everything(await provider.chat(model(upstream.url), request(stream=True)))
    assert len(provider._upstreams.at(upstream.url)._idle) == 1


async def test_a_stale_connection_is_replaced_without_the_caller_noticing(upstream, provider):
    await provider.chat(model(upstream.url), request())
    # The server drops the idle connection, but the client has not heard of it when it writes.
    idle = provider._upstreams.at(upstream.url)._idle[0]
    idle.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
    answer = await provider.chat(model(upstream.url), request("again"))
    assert msgspec.json.decode(answer.body)["choices"][0]["message"]["content"] == "again"


async def test_a_stream_arrives_event_by_event(upstream, provider):
    answer = await provider.chat(model(upstream.url), request(stream=True))
    body = await everything(answer)
    assert body.endswith(b"data: [DONE]\n\n")
    assert body.count(b"data: ") == 5  # the role, two words, the finish, the end


async def test_an_error_of_the_upstream_keeps_its_status_and_words(upstream, provider):
    upstream.script(Step(status=429, error="slow down", retry_after=7))
    with pytest.raises(UpstreamRefused, match="slow down") as caught:
        await provider.chat(model(upstream.url), request())
    assert caught.value.status == 429
    assert caught.value.details == {"retry-after": "7", "x-request-id": "req_1"}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_page_of_html_with_status_200_is_not_an_answer(upstream, provider, stream):
    upstream.script(Step(raw="<html>gateway</html>"))
    with pytest.raises(UpstreamGarbage, match="not a chat completion"):
        await provider.chat(model(upstream.url), request(stream=stream))


async def test_an_error_object_with_status_200_is_an_error(upstream, provider):
    upstream.script(Step(raw='{"error": {"message": "out of memory"}}', content_type="application/json"))
    with pytest.raises(UpstreamRefused, match="out of memory"):
        await provider.chat(model(upstream.url), request())


async def test_half_a_body_is_a_cut(upstream, provider):
    upstream.script(Step(cut_after=20))
    with pytest.raises(UpstreamCut):
        await provider.chat(model(upstream.url), request())


async def test_half_a_stream_is_a_cut(upstream, provider):
    upstream.script(Step(text="one two three four", cut_after=3))
    answer = await provider.chat(model(upstream.url), request(stream=True))
    with pytest.raises(UpstreamCut):
        await everything(answer)


async def test_a_silent_upstream_times_out(upstream, provider):
    upstream.script(Step(latency=5))
    with pytest.raises(UpstreamTimeout, match=r"within 0\.2 s"):
        await provider.chat(model(upstream.url), request(timeout=0.2))


async def test_a_stream_that_stalls_times_out(upstream, provider):
    upstream.script(Step(text="one two", between=5))
    answer = await provider.chat(model(upstream.url), request(stream=True, timeout=0.3))
    with pytest.raises(UpstreamTimeout, match="sent nothing"):
        await everything(answer)


async def test_no_server_is_said_plainly(provider):
    with pytest.raises(UpstreamUnreachable, match="no connection") as caught:
        await provider.chat(model("http://127.0.0.1:9/v1"), request())
    assert "base_url" in caught.value.hint


async def test_an_address_that_is_none_is_refused(provider):
    with pytest.raises(UpstreamUnreachable, match="is not an http"):
        await provider.chat(model("localhost:8000"), request())


async def test_closing_a_stream_early_tells_the_upstream(upstream, provider):
    upstream.script(Step(text="one two three four five", between=0.2))
    answer = await provider.chat(model(upstream.url), request(stream=True))
    await anext(answer.chunks)
    await answer.close()
    for _ in range(50):
        if upstream.left:
            break
        await asyncio.sleep(0.05)
    assert upstream.left == 1


async def test_bytes_that_are_not_http_are_garbage(provider):
    async def nonsense(reader, writer):
        await reader.read(100)
        writer.write(b"SSH-2.0-OpenSSH_9\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    with pytest.raises(UpstreamGarbage, match="not HTTP"):
        await provider.chat(model(url), request())
    server.close()
    await server.wait_closed()


async def test_a_key_with_a_line_break_is_not_sent(upstream, provider):
    bad = Model(alias="x", provider="openai-compatible", name="m", base_url=upstream.url, api_key="a\r\nx: y")
    with pytest.raises(UpstreamError, match="line break") as caught:
        await provider.chat(bad, request())
    assert "a\r\nx" not in str(caught.value)
    assert upstream.received == []


def test_a_model_never_shows_its_key():
    assert "secret-key" not in repr(model("http://localhost/v1"))
