"""Streams on their way through: bytes unchanged, nothing complete that is not, everything gathered for the span."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.core import Usage
from hone.errors import UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.gateway._relay import Relay
from hone.providers import _wire

EVENTS = _wire.chunks("m", ["Hello", " wörld", "!"], Usage(input=3, output=2))


async def arriving(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def through(parts: list[bytes], *, keep_usage: bool = True) -> tuple[Relay, bytes]:
    relay = Relay(arriving(parts), keep_usage=keep_usage, clock=lambda: 7)
    return relay, b"".join([block async for block in relay])


def content(relay: Relay) -> str:
    return msgspec.json.decode(relay.output.message)["content"]


@given(cuts=st.lists(st.integers(0, len(b"".join(EVENTS))), max_size=30))
def test_however_the_network_cuts_it_the_caller_gets_the_same_bytes(cuts):
    whole = b"".join(EVENTS)
    edges = [0, *sorted(cuts), len(whole)]
    parts = [whole[a:b] for a, b in itertools.pairwise(edges)]

    relay, out = asyncio.run(through(parts))
    assert out == whole
    assert content(relay) == "Hello wörld!"
    assert relay.output.usage == Usage(input=3, output=2)
    assert relay.first_token == 7


async def test_only_whole_events_are_passed_on():
    relay = Relay(arriving([EVENTS[0] + EVENTS[1][:9], EVENTS[1][9:], *EVENTS[2:]]), keep_usage=True, clock=lambda: 0)
    blocks = [block async for block in relay]
    assert blocks[0] == EVENTS[0]
    assert blocks[1] == EVENTS[1]


async def test_usage_that_only_we_asked_for_is_taken_out_and_still_counted():
    relay, out = await through(EVENTS, keep_usage=False)
    assert b"prompt_tokens" not in out
    assert out.endswith(_wire.DONE)
    assert relay.output.usage == Usage(input=3, output=2)


async def test_a_stream_that_stops_early_is_a_cut():
    with pytest.raises(UpstreamCut):
        await through(EVENTS[:3])


async def test_half_an_event_at_the_end_is_a_cut():
    with pytest.raises(UpstreamCut):
        await through([*EVENTS[:5], EVENTS[5][:20]])


async def test_a_server_that_leaves_out_the_closing_mark_but_said_why_it_ended_is_complete():
    relay, out = await through(EVENTS[:-1])
    assert out.endswith(_wire.DONE)
    assert relay.done
    assert relay.output.finish == "stop"


async def test_an_empty_stream_is_a_cut():
    with pytest.raises(UpstreamCut):
        await through([])


async def test_an_event_that_is_not_json_is_garbage():
    with pytest.raises(UpstreamGarbage, match="not in the dialect"):
        await through([EVENTS[0], b'data: {"choices": [}\n\n'])


async def test_an_error_event_in_mid_stream_is_an_error():
    with pytest.raises(UpstreamRefused) as caught:
        await through([EVENTS[0], b'data: {"error": {"message": "overloaded"}}\n\n'])
    assert b"overloaded" in caught.value.body


async def test_comments_that_keep_the_line_awake_are_passed_on():
    _, out = await through([b": ping\n\n", *EVENTS])
    assert out.startswith(b": ping\n\n")


async def test_lines_may_end_as_on_windows():
    relay, _ = await through([b"".join(EVENTS).replace(b"\n", b"\r\n")])
    assert content(relay) == "Hello wörld!"


async def test_tool_calls_in_pieces_are_put_together():
    calls = [
        {"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}},
        {"id": "b", "type": "function", "function": {"name": "time", "arguments": "{}"}},
    ]
    relay, _ = await through(_wire.tool_call_chunks("m", calls, None, finish="tool_calls"))
    message = msgspec.json.decode(relay.output.message)
    assert message["tool_calls"] == calls
    assert relay.output.finish == "tool_calls"


async def test_tool_calls_that_all_have_the_index_0_are_told_apart_by_their_ids():
    def piece(**call) -> bytes:
        delta = {"tool_calls": [{"index": 0, **call}]}
        return _wire.event(msgspec.json.encode({"choices": [{"index": 0, "delta": delta}]}))

    events = [
        piece(id="a", type="function", function={"name": "weather", "arguments": '{"city":'}),
        piece(function={"arguments": ' "Bern"}'}),
        piece(id="b", type="function", function={"name": "time", "arguments": "{"}),
        piece(function={"arguments": "}"}),
    ]
    end = _wire.event(msgspec.json.encode({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}))
    relay, _ = await through([*events, end, _wire.DONE])
    called = [call["function"] for call in msgspec.json.decode(relay.output.message)["tool_calls"]]
    assert called == [{"name": "weather", "arguments": '{"city": "Bern"}'}, {"name": "time", "arguments": "{}"}]


async def test_several_choices_are_kept_apart():
    def event(index: int, text: str, finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": {"content": text}, "finish_reason": finish}
        return _wire.event(msgspec.json.encode({"choices": [choice]}))

    relay, _ = await through([event(0, "a"), event(1, "x"), event(0, "b", "stop"), event(1, "y", "stop"), _wire.DONE])
    assert [message["content"] for message in msgspec.json.decode(relay.output.message)] == ["ab", "xy"]
