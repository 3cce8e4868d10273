"""A streamed answer as a streamed completion: however the bytes are cut, and never more complete than it was."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.core import Usage
from hone.errors import UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.gateway._relay import Relay
from hone.providers.cohere._stream import translate

RECORDED = Path(__file__).parent / "recorded"
TEXT = (RECORDED / "text.sse").read_bytes()
TOOLS = (RECORDED / "thinking_and_tools.sse").read_bytes()
END = b"event: message-end"


async def arriving(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def through(*parts: bytes, usage: bool = True) -> bytes:
    return b"".join([event async for event in translate(arriving(list(parts)), "command-any", usage)])


async def gathered(*parts: bytes) -> Relay:
    """What the gateway makes of the stream: it reads our events as it reads any vendor's."""
    relay = Relay(translate(arriving(list(parts)), "command-any", True), keep_usage=True, clock=lambda: 7)
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
    assert (relay.output.finish, relay.output.model) == ("stop", "command-any")
    # What is billed, not the 89 tokens with the template; the 80 of them from the cache are more than was billed.
    assert relay.output.usage == Usage(input=25, output=15)


async def test_every_chunk_has_the_id_of_the_answer_and_the_finish_comes_once():
    chunks = chunks_in(await through(TEXT))
    assert {chunk["id"] for chunk in chunks} == {"29f14a5a-11de-4cae-9800-25e4747408ea"}
    assert [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]] == [None, None, None, "stop"]
    assert chunks[-1]["usage"]["total_tokens"] == 40


async def test_usage_is_sent_only_when_it_was_asked_for():
    assert b'"usage"' not in await through(TEXT, usage=False)


async def test_usage_that_nobody_counted_is_not_zero():
    at = TEXT.index(b',"usage"')
    assert b'"usage"' not in await through(TEXT[:at] + b"}}\n\n")


async def test_thinking_a_plan_and_parallel_tool_calls():
    body = await through(TOOLS)
    thought = "".join(delta.get("reasoning_content", "") for delta in deltas_in(body))
    plan = "".join(delta.get("tool_plan", "") for delta in deltas_in(body))
    assert (thought, plan) == ("Two cities. I will look.", "I will look.")
    relay = await gathered(TOOLS)
    assert msgspec.json.decode(relay.output.message)["tool_calls"] == [
        {"id": "weather_9x", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Zürich"}'}},
        {"id": "now_9y", "type": "function", "function": {"name": "now", "arguments": "{}"}},
    ]
    assert relay.output.finish == "tool_calls"
    assert relay.output.usage == Usage(input=480, output=89)


async def test_calls_that_share_an_index_one_after_the_other_are_two():
    calls = msgspec.json.decode((await gathered(TOOLS.replace(b'"index":1', b'"index":0'))).output.message)[
        "tool_calls"
    ]
    assert [call["function"]["name"] for call in calls] == ["weather", "now"]


@given(data=st.data(), recorded=st.sampled_from([TEXT, TOOLS]), windows=st.booleans())
def test_however_the_network_cuts_it_the_same_is_said(data, recorded, windows):
    recorded = recorded.replace(b"\n", b"\r\n") if windows else recorded
    cuts = data.draw(st.lists(st.integers(0, len(recorded)), max_size=30))
    parts = [recorded[a:b] for a, b in itertools.pairwise([0, *sorted(cuts), len(recorded)])]
    assert deltas_in(asyncio.run(through(*parts))) == deltas_in(asyncio.run(through(recorded)))


@given(data=st.data(), recorded=st.sampled_from([TEXT, TOOLS]))
def test_a_stream_cut_anywhere_before_its_end_is_a_cut_and_no_finish_is_made_up(data, recorded):
    cut = data.draw(st.integers(0, recorded.index(END) - 1))
    seen: list[bytes] = []

    async def read() -> None:
        async for event in translate(arriving([recorded[:cut]]), "m", True):
            seen.append(event)

    with pytest.raises(UpstreamCut):
        asyncio.run(read())
    assert not any(choice["finish_reason"] for chunk in chunks_in(b"".join(seen)) for choice in chunk["choices"])
    assert b"[DONE]" not in b"".join(seen)


async def test_a_done_alone_does_not_complete_an_answer():
    with pytest.raises(UpstreamCut):
        await through(TEXT[: TEXT.index(END)], b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("COMPLETE", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("MAX_TOKENS", "length"),
        ("TOOL_CALL", "tool_calls"),
        ("A_WORD_OF_NEXT_YEAR", "A_WORD_OF_NEXT_YEAR"),
    ],
)
async def test_why_it_ended(reason, finish):
    assert (await gathered(TEXT.replace(b'"COMPLETE"', f'"{reason}"'.encode()))).output.finish == finish


async def test_an_end_without_a_reason_is_garbage():
    with pytest.raises(UpstreamGarbage, match="without saying why"):
        await through(TEXT.replace(b'"COMPLETE"', b"null"))


@pytest.mark.parametrize(("reason", "status"), [("ERROR", 502), ("TIMEOUT", 504)])
async def test_an_answer_that_failed_is_an_error_and_no_answer(reason, status):
    failed = TEXT.replace(b'"COMPLETE"', f'"{reason}","error":"internal: too busy"'.encode())
    with pytest.raises(UpstreamRefused, match="too busy") as caught:
        await through(failed)
    assert caught.value.status == status
    assert msgspec.json.decode(caught.value.body)["error"]["message"] == "internal: too busy"


async def test_an_error_object_in_mid_stream_is_an_error():
    with pytest.raises(UpstreamRefused, match="too busy"):
        await through(TEXT[: TEXT.index(END)], b'data: {"message": "too busy"}\n\n')


async def test_events_of_next_year_are_passed_over():
    news = b'event: news\ndata: {"type": "news", "delta": {"message": [1]}}\n\n'
    at = TEXT.index(END)
    assert deltas_in(await through(TEXT[:at] + news + TEXT[at:])) == deltas_in(await through(TEXT))


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (b"data: <html>\n\n", "not in the dialect"),
        (b'data: {"choices": []}\n\n', "not in the dialect"),
        (b'data: {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}\n\n', "began with 'message-end'"),
        (b'data: {"type": "message-start"}\n\ndata: {"type": "tool-call-start"}\n\n', "without a function"),
    ],
)
async def test_a_stream_in_another_dialect_is_garbage(stream, said):
    with pytest.raises(UpstreamGarbage, match=said):
        await through(stream)
