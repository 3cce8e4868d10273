"""How many calls of a batch are made at once."""

import asyncio
import time

from hone.batches._pace import Pace


async def most_at_once(pace: Pace, calls: int, seconds: float = 0.01) -> int:
    busy = most = 0

    async def call() -> None:
        nonlocal busy, most
        async with pace.turn():
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(seconds)
            busy -= 1

    await asyncio.gather(*(call() for _ in range(calls)))
    return most


async def test_so_many_are_made_at_once():
    assert await most_at_once(Pace(4), 20) == 4


async def test_after_a_refusal_there_is_a_pause_and_then_one_call_at_a_time():
    pace = Pace(4)
    pace.refused(0.2)
    start = time.monotonic()
    assert await most_at_once(pace, 5) == 1
    assert time.monotonic() - start >= 0.2


async def test_every_answer_lets_one_more_through():
    pace = Pace(4)
    pace.refused(0.0)
    for expected in (2, 3, 4, 4):
        pace.answered()
        assert await most_at_once(pace, 20) == expected


async def test_a_turn_that_was_given_up_is_free_again():
    pace = Pace(1)
    pace.refused(60)
    waiting = [asyncio.create_task(most_at_once(pace, 1)) for _ in range(3)]
    await asyncio.sleep(0.01)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    pace._resume = 0.0
    async with asyncio.timeout(5):
        assert await most_at_once(pace, 3) == 1
