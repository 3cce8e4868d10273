"""The events of a stream, without a server around them: order, mixing, oddities."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.server.anthropic._response import message_of
from hone.server.anthropic._stream import events_of


async def told(*deltas, finish="stop", raw=()):
    """The events, decoded, for chunks with these deltas."""
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    chunks = [msgspec.json.encode({"id": "c1", "model": "m", "choices": [choice]}) for choice in choices]

    async def blocks():
        for chunk in [*chunks, *raw, b"[DONE]"]:
            yield b"data: " + chunk + b"\n\n"

    text = b"".join([block async for block in events_of(blocks())])
    found = []
    for one in text.removesuffix(b"\n\n").split(b"\n\n"):
        name, data = one.split(b"\n")
        found.append(msgspec.json.decode(data.removeprefix(b"data: ")))
        assert name.decode() == f"event: {found[-1]['type']}"
    return found


def blocks_in(events):
    """What the blocks amount to; begun, continued and ended one after another."""
    blocks, is_open = [], False
    for event in events:
        match event["type"]:
            case "content_block_start":
                assert not is_open
                assert event["index"] == len(blocks)
                blocks.append((event["content_block"], []))
                is_open = True
            case "content_block_delta":
                assert is_open
                assert event["index"] == len(blocks) - 1
                blocks[-1][1].append(event["delta"])
            case "content_block_stop":
                assert is_open
                assert event["index"] == len(blocks) - 1
                is_open = False
    assert not is_open
    return blocks


def piece(index, arguments, id=None):
    begun = {} if id is None else {"id": id, "type": "function"}
    name = {} if id is None else {"name": f"tool_{id}"}
    return {"tool_calls": [{"index": index, **begun, "function": {**name, "arguments": arguments}}]}


@st.composite
def mixed(draw):
    """Some calls, each cut in pieces, the pieces in any order that keeps those of one call in theirs."""
    calls = draw(
        st.lists(
            st.dictionaries(st.text("abc", min_size=1), st.integers() | st.text('}{"x', max_size=4), max_size=3),
            min_size=1,
            max_size=4,
        )
    )
    lanes = []
    for index, call in enumerate(calls):
        text = msgspec.json.encode(call).decode()
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
        parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        lanes.append([piece(index, part, f"call_{index}" if at == 0 else None) for at, part in enumerate(parts)])
    order = draw(st.permutations([index for index, lane in enumerate(lanes) for _ in lane]))
    return calls, [lanes[index].pop(0) for index in order]


@given(mixed())
async def test_calls_however_mixed_are_told_one_after_another_and_whole(case):
    calls, pieces = case
    found = {}
    for start, deltas in blocks_in(await told(*pieces, finish="tool_calls")):
        assert start["id"] not in found
        found[start["id"]] = msgspec.json.decode("".join(delta["partial_json"] for delta in deltas))
    assert found == {f"call_{index}": call for index, call in enumerate(calls)}


async def test_a_call_that_is_told_to_its_end_does_not_wait_for_the_end_of_the_stream():
    events = await told(piece(0, "{}", "a"), piece(1, '{"x":', "b"), piece(1, "1}"), finish="tool_calls")
    kinds = [event["type"] for event in events]
    assert [kind.removeprefix("content_block_") for kind in kinds[1:6]] == ["start", "delta", "stop", "start", "delta"]


async def test_a_call_that_was_cut_by_the_limit_is_told_as_far_as_it_came():
    events = await told(piece(0, '{"city":"Be', "a"), finish="length")
    ((start, deltas),) = blocks_in(events)
    assert (start["name"], deltas[0]["partial_json"]) == ("tool_a", '{"city":"Be')
    assert events[-2]["delta"]["stop_reason"] == "max_tokens"


async def test_a_call_without_arguments_has_no_delta():
    ((start, deltas),) = blocks_in(await told(piece(0, "", "a"), finish="tool_calls"))
    assert (start["input"], deltas) == ({}, [])


async def test_thoughts_that_come_only_as_a_whole_block_are_told_with_their_signature():
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "abc"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "thinking", "thinking": "", "signature": "def"},
    ]
    found = blocks_in(await told({"thinking_blocks": blocks}, {"content": "hi"}))
    assert [(start["type"], [delta["type"] for delta in deltas]) for start, deltas in found] == [
        ("thinking", ["thinking_delta", "signature_delta"]),
        ("redacted_thinking", []),
        ("thinking", ["signature_delta"]),
        ("text", ["text_delta"]),
    ]


async def test_thoughts_between_texts_are_blocks_of_their_own():
    found = blocks_in(
        await told({"reasoning_content": "a"}, {"content": "b"}, {"reasoning_content": "c"}, {"content": "d"})
    )
    assert [start["type"] for start, _ in found] == ["thinking", "text", "thinking", "text"]


async def test_a_stream_that_does_not_say_why_it_ended_is_given_no_reason():
    events = await told({"content": "hi"}, finish=None)
    assert events[-2]["delta"] == {"stop_reason": None, "stop_sequence": None}


async def test_a_second_choice_is_not_mixed_in_and_an_index_that_is_null_is_the_first():
    raw = [
        b'{"choices":[{"index":1,"delta":{"content":"other"}}]}',
        b'{"choices":[{"index":null,"delta":{"content":" there"}}]}',
    ]
    ((_, deltas),) = blocks_in(await told({"content": "hi"}, raw=raw))
    assert "".join(delta["text"] for delta in deltas) == "hi there"


async def test_an_empty_answer_is_a_message_all_the_same():
    assert [event["type"] for event in await told()] == ["message_start", "message_delta", "message_stop"]


async def test_half_a_surrogate_pair_in_a_chunk_is_passed_on():
    raw = [
        rb'{"choices":[{"index":0,"delta":{"content":"\ud83d"}}]}',
        rb'{"choices":[{"index":0,"delta":{"content":"\ude00"}}]}',
    ]

    async def blocks():
        for chunk in [*raw, b"[DONE]"]:
            yield b"data: " + chunk + b"\n\n"

    text = b"".join([block async for block in events_of(blocks())])
    assert rb"\ud83d" in text
    assert rb"\ude00" in text


async def test_what_reads_a_stream_that_is_given_up_is_closed():
    closed = []

    async def blocks():
        try:
            while True:
                yield b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
        finally:
            closed.append(True)

    events = events_of(blocks())
    await anext(events)
    await events.aclose()
    assert closed == [True]


anything = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NAMES = [
    "content",
    "tool_calls",
    "thinking_blocks",
    "reasoning_content",
    "refusal",
    "function",
    "arguments",
    "index",
    "id",
]
odd = st.recursive(
    anything,
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner | st.lists(inner, max_size=2), max_size=4),
    max_leaves=8,
)


@given(odd, odd, odd)
async def test_an_odd_answer_is_no_fault_of_ours(delta, usage, finish):
    events = await told(delta, finish=finish, raw=[msgspec.json.encode({"choices": [], "usage": usage})])
    assert events[-1]["type"] == "message_stop"
    choice = {"message": delta, "finish_reason": finish}
    whole = msgspec.json.decode(message_of(msgspec.json.encode({"choices": [choice], "usage": usage, "id": usage})))
    assert isinstance(whole["usage"]["input_tokens"], int)


@pytest.mark.parametrize("body", [b"{}", b'{"choices": []}', b'{"choices": [null]}', b'{"choices": 7}'])
def test_an_answer_without_a_choice_is_an_empty_message(body):
    message = msgspec.json.decode(message_of(body))
    assert (message["content"], message["stop_reason"]) == ([], None)
