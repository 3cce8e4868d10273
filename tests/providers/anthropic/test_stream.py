"""A streamed message as a streamed completion: however the bytes are cut, and never more complete than it was."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming._deltas import accumulate_delta

from hone.core import Usage
from hone.errors import UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.gateway._relay import Relay
from hone.providers.anthropic._stream import translate
from hone.providers.anthropic._turns import Message, turns_of

RECORDED = Path(__file__).parent / "recorded"
TEXT = (RECORDED / "text.sse").read_bytes()
TOOLS = (RECORDED / "thinking_and_tools.sse").read_bytes()


async def arriving(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def through(*parts: bytes, usage: bool = True) -> bytes:
    return b"".join([event async for event in translate(arriving(list(parts)), usage)])


async def gathered(*parts: bytes) -> Relay:
    """What the gateway makes of the stream: it reads our events as it reads any vendor's."""
    relay = Relay(translate(arriving(list(parts)), True), keep_usage=True, clock=lambda: 7)
    assert b"".join([block async for block in relay]).endswith(b"data: [DONE]\n\n")
    return relay


def chunks_in(body: bytes) -> list[dict]:
    payloads = [event.removeprefix(b"data: ") for event in body.split(b"\n\n") if event.startswith(b"data: {")]
    return [msgspec.json.decode(payload) for payload in payloads]


def deltas_in(body: bytes) -> list[dict]:
    return [choice["delta"] for chunk in chunks_in(body) for choice in chunk["choices"]]


async def test_a_text_and_its_usage():
    relay = await gathered(TEXT)
    assert msgspec.json.decode(relay.output.message) == {"role": "assistant", "content": "Grüezi 世界 🌍!"}
    assert (relay.output.finish, relay.output.model) == ("stop", "claude-sonnet-4-5-20250929")
    # The vendor's 25 input tokens exclude the 1000 read from the cache and the 200 written to it.
    assert relay.output.usage == Usage(input=1225, output=15, cache_read=1000, cache_write=200)


async def test_every_chunk_has_the_id_of_the_message_and_the_finish_comes_once():
    chunks = chunks_in(await through(TEXT))
    assert {chunk["id"] for chunk in chunks} == {"msg_01FqDxP2"}
    finishes = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
    assert finishes == [None, None, None, "stop"]
    assert chunks[-1]["usage"]["total_tokens"] == 1240


async def test_usage_is_sent_only_when_it_was_asked_for():
    assert b'"usage"' not in await through(TEXT, usage=False)


async def test_a_ping_keeps_the_line_to_the_caller_awake():
    assert (await through(TEXT)).count(b": ping\n\n") == 1


async def test_thinking_text_and_parallel_tool_calls():
    relay = await gathered(TOOLS)
    message = msgspec.json.decode(relay.output.message)
    assert message["reasoning_content"] == "Two cities, two calls."
    assert message["content"] == "Let me look."
    assert message["tool_calls"] == [
        {"id": "toolu_01A", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Zürich"}'}},
        {"id": "toolu_01B", "type": "function", "function": {"name": "now", "arguments": "{}"}},
    ]
    assert relay.output.finish == "tool_calls"
    assert relay.output.usage == Usage(input=480, output=89, reasoning=30)


async def test_what_was_thought_comes_with_its_signature_to_be_sent_back():
    found = [block for delta in deltas_in(await through(TOOLS)) for block in delta.get("thinking_blocks", ())]
    assert found == [
        {"index": 0, "type": "thinking", "thinking": "Two cities, two calls.", "signature": "EqQBCgIYAhIM1gbcDa9G"},
        {"index": 1, "type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix"},
    ]


async def test_the_official_sdk_can_join_thoughts_and_their_blocks():
    joined: dict = {}
    for delta in deltas_in(await through(TOOLS)):
        accumulate_delta(joined, delta)
    assert [block["type"] for block in joined["thinking_blocks"]] == ["thinking", "redacted_thinking"]
    sent = turns_of([msgspec.convert(joined | {"tool_calls": None}, Message)])[1][0]["content"]
    assert [block for block in sent if "thinking" in block["type"]] == [
        {"type": "thinking", "thinking": "Two cities, two calls.", "signature": "EqQBCgIYAhIM1gbcDa9G"},
        {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix"},
    ]


@given(data=st.data(), recorded=st.sampled_from([TEXT, TOOLS]), windows=st.booleans())
def test_however_the_network_cuts_it_the_same_is_said(data, recorded, windows):
    recorded = recorded.replace(b"\n", b"\r\n") if windows else recorded
    cuts = data.draw(st.lists(st.integers(0, len(recorded)), max_size=30))
    parts = [recorded[a:b] for a, b in itertools.pairwise([0, *sorted(cuts), len(recorded)])]
    assert deltas_in(asyncio.run(through(*parts))) == deltas_in(asyncio.run(through(recorded)))


@given(data=st.data(), recorded=st.sampled_from([TEXT, TOOLS]))
def test_a_stream_cut_anywhere_before_its_end_is_a_cut_and_no_finish_is_made_up(data, recorded):
    cut = data.draw(st.integers(0, recorded.index(b"event: message_stop") - 1))
    seen: list[bytes] = []

    async def read() -> None:
        async for event in translate(arriving([recorded[:cut]]), True):
            seen.append(event)

    with pytest.raises(UpstreamCut):
        asyncio.run(read())
    assert not any(choice["finish_reason"] for chunk in chunks_in(b"".join(seen)) for choice in chunk["choices"])
    assert b"[DONE]" not in b"".join(seen)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
        ("a_word_of_next_year", "a_word_of_next_year"),
    ],
)
async def test_why_it_ended(reason, finish):
    assert (await gathered(TEXT.replace(b'"end_turn"', f'"{reason}"'.encode()))).output.finish == finish


async def test_an_end_without_a_reason_is_garbage():
    with pytest.raises(UpstreamGarbage, match="without saying why"):
        await through(TEXT.replace(b'"end_turn"', b"null"))


@pytest.mark.parametrize(("kind", "status"), [("overloaded_error", 529), ("api_error", 500), ("news", 502)])
async def test_an_error_in_mid_stream_has_the_status_of_its_kind(kind, status):
    start = TEXT[: TEXT.index(b"event: content_block_stop")]
    error = f'event: error\ndata: {{"type": "error", "error": {{"type": "{kind}", "message": "too busy"}}}}\n\n'
    with pytest.raises(UpstreamRefused, match="too busy") as caught:
        await through(start, error.encode())
    assert caught.value.status == status
    assert msgspec.json.decode(caught.value.body)["error"]["message"] == "too busy"


async def test_events_and_deltas_of_next_year_are_passed_over():
    news = b'event: news\ndata: {"type": "news", "index": 0, "delta": {"type": "smell_delta", "smell": 1}}\n\n'
    later = news.replace(b'"type": "news"', b'"type": "content_block_delta"')
    at = TEXT.index(b"event: content_block_stop")
    assert deltas_in(await through(TEXT[:at] + news + later + TEXT[at:])) == deltas_in(await through(TEXT))


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (b"data: <html>\n\n", "not in the dialect"),
        (b'data: {"choices": []}\n\n', "not in the dialect"),
        (b'data: {"type": "message_start"}\n\n', "without a message"),
        (b'data: {"type": "message_stop"}\n\n', "began with 'message_stop'"),
    ],
)
async def test_a_stream_in_another_dialect_is_garbage(stream, said):
    with pytest.raises(UpstreamGarbage, match=said):
        await through(stream)


async def test_what_follows_the_end_is_read_and_not_said():
    assert (await through(TEXT, b'data: {"type": "ping"}\n\n')).endswith(b"data: [DONE]\n\n")
