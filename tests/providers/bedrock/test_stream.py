"""A streamed answer as a streamed completion: however the bytes are cut, and never more complete than it was."""

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
from hone.providers.bedrock._stream import translate
from hone.testing._bedrock import framed

RECORDED = Path(__file__).parent / "recorded"
TEXT_LINES = (RECORDED / "text.events").read_text()
TOOL_LINES = (RECORDED / "thinking_and_tools.events").read_text()
TEXT, TOOLS = framed(TEXT_LINES), framed(TOOL_LINES)


async def arriving(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def through(*parts: bytes, usage: bool = True) -> bytes:
    return b"".join([event async for event in translate(arriving(list(parts)), "nova", usage)])


async def gathered(*parts: bytes) -> Relay:
    """What the gateway makes of the stream: it reads our events as it reads any vendor's."""
    relay = Relay(translate(arriving(list(parts)), "nova", True), keep_usage=True, clock=lambda: 7)
    assert b"".join([block async for block in relay]).endswith(b"data: [DONE]\n\n")
    return relay


def chunks_in(body: bytes) -> list[dict]:
    payloads = [event.removeprefix(b"data: ") for event in body.split(b"\n\n") if event.startswith(b"data: {")]
    return [msgspec.json.decode(payload) for payload in payloads]


def deltas_in(body: bytes) -> list[dict]:
    return [choice["delta"] for chunk in chunks_in(body) for choice in chunk["choices"]]


def before(end: str, lines: str = TEXT_LINES) -> str:
    return lines[: lines.index(end)]


async def test_a_text_and_its_usage():
    relay = await gathered(TEXT)
    assert msgspec.json.decode(relay.output.message) == {"role": "assistant", "content": "Grüezi 世界 🌍!"}
    assert (relay.output.finish, relay.output.model) == ("stop", "nova")
    # The vendor's 25 input tokens exclude the 1000 read from the cache and the 200 written to it.
    assert relay.output.usage == Usage(input=1225, output=15, cache_read=1000, cache_write=200)


async def test_every_chunk_has_one_id_and_the_finish_comes_once():
    chunks = chunks_in(await through(TEXT))
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]] == [None, None, None, "stop"]
    assert chunks[-1]["usage"]["total_tokens"] == 1240


async def test_usage_is_sent_only_when_it_was_asked_for():
    assert b'"usage"' not in await through(TEXT, usage=False)


async def test_thinking_text_and_parallel_tool_calls():
    relay = await gathered(TOOLS)
    message = msgspec.json.decode(relay.output.message)
    assert message["reasoning_content"] == "Two cities, two calls."
    assert message["content"] == "Let me look."
    assert message["tool_calls"] == [
        {"id": "tooluse_01A", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Zürich"}'}},
        {"id": "tooluse_01B", "type": "function", "function": {"name": "now", "arguments": "{}"}},
    ]
    assert relay.output.finish == "tool_calls"
    assert relay.output.usage == Usage(input=480, output=89)


async def test_what_was_thought_is_put_together_by_the_sdk_with_its_signature():
    whole: dict = {}
    for delta in deltas_in(await through(TOOLS)):
        whole = accumulate_delta(whole, delta)
    assert whole["thinking_blocks"] == [
        {"index": 0, "type": "thinking", "thinking": "Two cities, two calls.", "signature": "EqQBCgIYAhIM1gbcDa9G"},
        {"index": 1, "type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pziw="},
    ]


async def test_thoughts_without_a_signature_cannot_be_sent_back():
    unsigned = framed("\n".join(line for line in TOOL_LINES.splitlines() if "signature" not in line))
    found = [block for delta in deltas_in(await through(unsigned)) for block in delta.get("thinking_blocks", ())]
    assert [block["type"] for block in found] == ["redacted_thinking"]


@given(data=st.data(), recorded=st.sampled_from([TEXT, TOOLS]))
def test_however_the_network_cuts_it_the_same_is_said(data, recorded):
    cuts = data.draw(st.lists(st.integers(0, len(recorded)), max_size=30))
    parts = [recorded[a:b] for a, b in itertools.pairwise([0, *sorted(cuts), len(recorded)])]
    assert deltas_in(asyncio.run(through(*parts))) == deltas_in(asyncio.run(through(recorded)))


@given(data=st.data(), lines=st.sampled_from([TEXT_LINES, TOOL_LINES]))
def test_a_stream_cut_anywhere_before_its_end_is_a_cut_and_no_finish_is_made_up(data, lines):
    recorded = framed(before("metadata", lines))
    cut = data.draw(st.integers(0, len(recorded) - 1))
    seen: list[bytes] = []

    async def read() -> None:
        async for event in translate(arriving([recorded[:cut]]), "m", True):
            seen.append(event)

    with pytest.raises(UpstreamCut):
        asyncio.run(read())
    assert not any(choice["finish_reason"] for chunk in chunks_in(b"".join(seen)) for choice in chunk["choices"])
    assert b"[DONE]" not in b"".join(seen)


async def test_an_answer_without_the_event_that_counts_has_no_usage():
    relay = await gathered(framed(before("metadata")))
    assert (relay.output.finish, relay.output.usage) == ("stop", Usage())


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_tool_use", "malformed_tool_use"),
        ("a_word_of_next_year", "a_word_of_next_year"),
    ],
)
async def test_why_it_ended(reason, finish):
    assert (await gathered(framed(TEXT_LINES.replace("end_turn", reason)))).output.finish == finish


async def test_an_end_without_a_reason_is_garbage():
    with pytest.raises(UpstreamGarbage, match="without saying why"):
        await through(framed(TEXT_LINES.replace('"end_turn"', "null")))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("internalServerException", 500),
        ("modelStreamErrorException", 424),
        ("validationException", 400),
        ("throttlingException", 429),
        ("serviceUnavailableException", 503),
        ("newsException", 502),
    ],
)
async def test_an_exception_in_mid_stream_has_the_status_of_its_kind(kind, status):
    with pytest.raises(UpstreamRefused, match="too busy") as caught:
        await through(framed(before("contentBlockStop") + f'{kind} {{"message": "too busy"}}'))
    assert caught.value.status == status
    error = msgspec.json.decode(caught.value.body)["error"]
    assert (error["message"], error["code"]) == ("too busy", kind)


async def test_an_exception_after_the_reason_still_is_one():
    with pytest.raises(UpstreamRefused, match="too busy"):
        await through(framed(before("metadata") + 'internalServerException {"message": "too busy"}'))


async def test_events_and_deltas_of_next_year_are_passed_over():
    news = 'news {"contentBlockIndex": "x"}\ncontentBlockDelta {"contentBlockIndex": 0, "delta": {"smell": 1}}\n'
    at = TEXT_LINES.index("contentBlockStop")
    assert deltas_in(await through(framed(TEXT_LINES[:at] + news + TEXT_LINES[at:]))) == deltas_in(await through(TEXT))


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (b"data: {}\n\ndata: [DONE]\n\n", "not one of events"),
        (framed('messageStop {"stopReason": "end_turn"}'), "began with 'messageStop'"),
        (framed('messageStart {}\ncontentBlockDelta {"contentBlockIndex": "x"}'), "not in the dialect"),
    ],
)
async def test_a_stream_in_another_dialect_is_garbage(stream, said):
    with pytest.raises(UpstreamGarbage, match=said):
        await through(stream)
