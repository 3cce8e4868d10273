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
from hone.providers.google._stream import translate

RECORDED = Path(__file__).parent / "recorded"
TEXT = (RECORDED / "text.sse").read_bytes()
TOOLS = (RECORDED / "thinking_and_tools.sse").read_bytes()
CODE = (RECORDED / "code_run.sse").read_bytes()
BLOCKED = b'data: {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 8}}\n\n'


async def arriving(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def through(*parts: bytes, usage: bool = True) -> bytes:
    return b"".join([event async for event in translate(arriving(list(parts)), usage, "gemini-asked")])


async def gathered(*parts: bytes) -> Relay:
    """What the gateway makes of the stream: it reads our events as it reads any vendor's."""
    relay = Relay(translate(arriving(list(parts)), True, "gemini-asked"), keep_usage=True, clock=lambda: 7)
    assert b"".join([block async for block in relay]).endswith(b"data: [DONE]\n\n")
    return relay


def chunks_in(body: bytes) -> list[dict]:
    payloads = [event.removeprefix(b"data: ") for event in body.split(b"\n\n") if event.startswith(b"data: {")]
    return [msgspec.json.decode(payload) for payload in payloads]


def deltas_in(body: bytes) -> list[dict]:
    return [choice["delta"] for chunk in chunks_in(body) for choice in chunk["choices"]]


def finishes_in(body: bytes) -> list[str | None]:
    return [choice["finish_reason"] for chunk in chunks_in(body) for choice in chunk["choices"]]


async def test_a_text_and_its_usage():
    relay = await gathered(TEXT)
    assert msgspec.json.decode(relay.output.message) == {"role": "assistant", "content": "Grüezi 世界 🌍!"}
    assert (relay.output.finish, relay.output.model) == ("stop", "gemini-2.5-flash")
    assert relay.output.usage == Usage(input=1225, output=15, cache_read=1000)


async def test_every_chunk_has_the_id_of_the_answer_and_the_finish_comes_once_and_last():
    body = await through(TEXT)
    chunks = chunks_in(body)
    assert {chunk["id"] for chunk in chunks} == {"kp1xaLq2D9"}
    assert finishes_in(body) == [None, None, None, None, "stop"]
    assert chunks[-1]["usage"]["total_tokens"] == 1240


async def test_usage_is_sent_only_when_it_was_asked_for():
    assert b'"usage"' not in await through(TEXT, usage=False)


async def test_usage_that_nobody_counted_is_not_made_up():
    bare = b'data: {"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}]}\n\n'
    body = await through(bare)
    assert b'"usage"' not in body
    assert chunks_in(body)[0]["model"] == "gemini-asked"


async def test_thinking_text_and_parallel_tool_calls():
    relay = await gathered(TOOLS)
    message = msgspec.json.decode(relay.output.message)
    assert message["reasoning_content"] == "Two cities, two calls."
    assert message["content"] == "Let me look."
    assert [(call["id"], call["function"]) for call in message["tool_calls"]] == [
        ("call_4162774", {"name": "weather", "arguments": '{"city":"Zürich"}'}),
        ("call_4162775", {"name": "now", "arguments": "{}"}),
    ]
    assert relay.output.finish == "tool_calls"
    assert relay.output.usage == Usage(input=480, output=89, reasoning=30)


async def test_calls_without_an_id_or_with_one_that_was_there_get_one_of_their_own():
    bare = TOOLS.replace(b',"id": "call_4162774"', b"").replace(b"call_4162775", b"call_1")
    first, second = (call for delta in deltas_in(await through(bare)) for call in delta.get("tool_calls", ()))
    assert (first["id"][:5], second["id"]) == ("call_", "call_1")
    twice = TOOLS.replace(b"call_4162775", b"call_4162774")
    first, second = (call for delta in deltas_in(await through(twice)) for call in delta.get("tool_calls", ()))
    assert first["id"] == "call_4162774"
    assert second["id"] not in ("call_4162774", "call_4162775")


async def test_signatures_come_where_the_vendors_own_compatibility_layer_has_them():
    (call, *_), _ = (delta["tool_calls"] for delta in deltas_in(await through(TOOLS)) if "tool_calls" in delta)
    assert call["extra_content"] == {"google": {"thought_signature": "EqQBCgIYAhIM1gbc"}}
    *_, signature, _ = deltas_in(await through(TEXT))
    assert signature == {"extra_content": {"google": {"thought_signature": "EuwKCukKAXLI"}}}


async def test_the_signature_of_a_thought_is_not_that_of_what_was_said():
    signed = TOOLS.replace(b'"thought": true', b'"thought": true,"thoughtSignature": "dGhvdWdodA=="')
    assert deltas_in(await through(signed))[:4] == deltas_in(await through(TOOLS))[:4]
    assert b"dGhvdWdodA" not in await through(signed)


async def test_a_reason_in_the_middle_is_not_the_end():
    body = await through(CODE)
    assert finishes_in(body) == [None, None, None, "stop"]
    relay = await gathered(CODE)
    assert msgspec.json.decode(relay.output.message)["content"] == "It is 42."
    assert relay.output.usage == Usage(input=52, output=20)


async def test_a_stream_that_ends_after_a_reason_in_the_middle_is_a_cut():
    begun = b"\n\n".join(CODE.split(b"\n\n")[:3]) + b"\n\n"
    assert b"STOP" in begun
    with pytest.raises(UpstreamCut):
        await through(begun)


async def test_what_follows_the_end_without_saying_anything_leaves_it_the_end():
    counted = b'data: {"usageMetadata": {"promptTokenCount": 1225, "candidatesTokenCount": 16}}\n\n'
    empty = b'data: {"candidates": [{"content": {"parts": [{"text": ""}]}}]}\n\n'
    relay = await gathered(TEXT, counted, empty)
    assert (relay.output.finish, relay.output.usage.output) == ("stop", 16)


async def test_a_picture_is_an_image():
    part = b'{"inlineData": {"mimeType": "image/png", "data": "iVBOR"}}'
    picture = b'data: {"candidates": [{"content": {"parts": [%b]}}]}\n\n' % part
    (delta,) = (delta for delta in deltas_in(await through(picture, TEXT)) if "images" in delta)
    assert delta["images"] == [{"index": 0, "type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR"}}]


async def test_a_blocked_prompt_is_filtered_content():
    relay = await gathered(BLOCKED)
    assert msgspec.json.decode(relay.output.message)["refusal"] == "the prompt was blocked: SAFETY"
    assert (relay.output.finish, relay.output.usage) == ("content_filter", Usage(input=8, output=0))


async def test_what_was_answered_all_the_same_is_not_called_blocked():
    answered = TEXT.replace(b'{"candidates"', b'{"promptFeedback": {"blockReason": "OTHER"},"candidates"')
    assert deltas_in(await through(answered)) == deltas_in(await through(TEXT))


@given(data=st.data(), recorded=st.sampled_from([TEXT, TOOLS, CODE]), windows=st.booleans())
def test_however_the_network_cuts_it_the_same_is_said(data, recorded, windows):
    recorded = recorded.replace(b"\n", b"\r\n") if windows else recorded
    cuts = data.draw(st.lists(st.integers(0, len(recorded)), max_size=30))
    parts = [recorded[a:b] for a, b in itertools.pairwise([0, *sorted(cuts), len(recorded)])]
    assert deltas_in(asyncio.run(through(*parts))) == deltas_in(asyncio.run(through(recorded)))


@given(data=st.data(), recorded=st.sampled_from([TEXT, TOOLS]))
def test_a_stream_cut_anywhere_before_its_end_is_a_cut_and_no_finish_is_made_up(data, recorded):
    cut = data.draw(st.integers(0, recorded.rindex(b"STOP")))
    seen: list[bytes] = []

    async def read() -> None:
        async for event in translate(arriving([recorded[:cut]]), True, "m"):
            seen.append(event)

    with pytest.raises(UpstreamCut):
        asyncio.run(read())
    assert not any(finishes_in(b"".join(seen)))
    assert b"[DONE]" not in b"".join(seen)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
        ("A_WORD_OF_NEXT_YEAR", "A_WORD_OF_NEXT_YEAR"),
    ],
)
async def test_why_it_ended(reason, finish):
    assert (await gathered(TEXT.replace(b'"STOP"', f'"{reason}"'.encode()))).output.finish == finish


async def test_tool_calls_that_were_cut_short_are_not_called_complete():
    assert (await gathered(TOOLS.replace(b'"STOP"', b'"MAX_TOKENS"'))).output.finish == "length"


@pytest.mark.parametrize("reason", [b"null", b'""', b'"FINISH_REASON_UNSPECIFIED"'])
async def test_an_end_without_a_reason_is_a_cut(reason):
    with pytest.raises(UpstreamCut):
        await through(TEXT.replace(b'"STOP"', reason))


@pytest.mark.parametrize(("code", "status"), [(503, 503), (429, 429), (7, 502)])
async def test_an_error_in_mid_stream_has_its_own_status(code, status):
    start = TEXT.split(b"\n\n")[0] + b"\n\n"
    error = f'data: {{"error": {{"code": {code}, "message": "too busy", "status": "UNAVAILABLE"}}}}\n\n'
    with pytest.raises(UpstreamRefused, match="mid-stream: too busy") as caught:
        await through(start, error.encode())
    assert caught.value.status == status
    assert msgspec.json.decode(caught.value.body)["error"]["code"] == "UNAVAILABLE"


async def test_fields_and_parts_of_next_year_are_passed_over():
    news = b'data: {"news": 1, "candidates": [{"content": {"parts": [{"smell": 1}]}, "index": 0}]}\n\n'
    other = b'data: {"candidates": [{"content": {"parts": [{"text": "another answer"}]}, "index": 1}]}\n\n'
    first, rest = TEXT.split(b"\n\n", 1)
    assert deltas_in(await through(first, b"\n\n", news, other, rest)) == deltas_in(await through(TEXT))


@pytest.mark.parametrize("stream", [b"data: <html>\n\n", b"data: [1]\n\n", b'data: {"candidates": 5}\n\n'])
async def test_a_stream_in_another_dialect_is_garbage(stream):
    with pytest.raises(UpstreamGarbage, match="not in the dialect"):
        await through(stream)


@pytest.mark.parametrize("stream", [b"", b": ping\n\n", b"data: {}\n\n"])
async def test_a_stream_that_says_nothing_is_a_cut(stream):
    with pytest.raises(UpstreamCut):
        await through(stream)
