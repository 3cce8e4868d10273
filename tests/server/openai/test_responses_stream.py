"""A streamed chat completion as the events of a response: what must hold whatever comes before it."""

import json
from contextlib import aclosing

import pytest

from hone.errors import UpstreamCut
from hone.server.openai.responses._events import Numbered
from hone.server.openai.responses._stream import translate

EMPTY = {"id": "resp_1", "status": "in_progress", "output": [], "usage": None}


def chunk(delta: dict, finish: str | None = None) -> bytes:
    body = {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return f"data: {json.dumps(body)}\n\n".encode()


DONE = b"data: [DONE]\n\n"


async def told(*blocks: bytes) -> list[dict]:
    async def given():
        for block in blocks:
            yield block

    made = b"".join([block async for block in translate(EMPTY, Numbered(), given())])
    return [json.loads(line[6:]) for line in made.decode().splitlines() if line.startswith("data: ")]


async def test_a_stream_without_its_closing_mark_was_cut():
    with pytest.raises(UpstreamCut):
        await told(chunk({"content": "one"}), chunk({}, "stop"))


async def test_closing_it_closes_what_it_reads():
    closed = []

    async def given():
        try:
            yield chunk({"content": "one"})
            yield chunk({"content": "two"})
        finally:
            closed.append(True)

    blocks = given()
    async with aclosing(translate(EMPTY, Numbered(), blocks)) as stream:
        await anext(stream)
    assert closed == [True]


async def test_comments_go_on_as_they_are():
    async def given():
        yield b": ping\n\n"
        yield chunk({}, "stop") + DONE

    stream = translate(EMPTY, Numbered(), given())
    assert await anext(stream) == b": ping\n\n"
    assert b"response.completed" in await anext(stream)


async def test_only_the_last_item_of_an_answer_that_broke_off_is_incomplete():
    calls = [{"index": at, "id": f"c{at}", "function": {"name": "f", "arguments": "{"}} for at in (0, 1)]
    events = await told(*(chunk({"tool_calls": [call]}) for call in calls), chunk({}, "length"), DONE)
    assert events[-1]["type"] == "response.incomplete"
    assert [item["status"] for item in events[-1]["response"]["output"]] == ["completed", "incomplete"]


async def test_what_comes_in_turns_stays_in_its_order():
    events = await told(
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "one"}),
        chunk({"reasoning_content": "so"}),
        chunk({"content": "two"}, "stop"),
        DONE,
    )
    output = events[-1]["response"]["output"]
    assert [(item["type"], item["content"][0]["text"]) for item in output] == [
        ("reasoning", "hm"),
        ("message", "one"),
        ("reasoning", "so"),
        ("message", "two"),
    ]
    assert len({item["id"] for item in output}) == 4


async def test_a_text_that_turns_into_a_refusal_is_one_message_of_two_parts():
    events = await told(chunk({"content": "Well"}), chunk({"refusal": "no"}), chunk({}, "stop"), DONE)
    (message,) = events[-1]["response"]["output"]
    assert [part.get("text", part.get("refusal")) for part in message["content"]] == ["Well", "no"]
    ended = [event["content_index"] for event in events if event["type"] == "response.content_part.done"]
    assert ended == [0, 1]


async def test_another_choice_than_the_first_is_not_mixed_in():
    other = b'data: {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": "length"}]}\n\n'
    events = await told(chunk({"content": "one"}), other, chunk({}, "stop"), DONE)
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "one"
