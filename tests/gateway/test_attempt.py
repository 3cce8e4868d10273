"""The beginning of a stream: held back until its first token, but not for ever."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hone.core import Usage
from hone.errors import UpstreamCut
from hone.gateway import _attempt
from hone.gateway._relay import Relay
from hone.providers import _wire

ROLE, ONE, *REST = _wire.chunks("m", ["one", " two"], Usage(input=1, output=2))
PING = b": ping\n\n"


async def beginning(*parts: bytes, pause: float = 0.0) -> bytes:
    async def arriving() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
            await asyncio.sleep(pause)

    relay = Relay(arriving(), keep_usage=True, clock=lambda: 0)
    return await _attempt._beginning(relay, aiter(relay))


async def test_it_is_held_until_the_first_token() -> None:
    assert await beginning(PING, ROLE, PING, ONE, *REST) == PING + ROLE + PING + ONE


async def test_an_answer_without_a_word_is_passed_on_when_it_says_why() -> None:
    assert await beginning(ROLE, *REST[1:]) == ROLE + REST[1]


async def test_a_stream_that_ends_without_a_word_was_cut() -> None:
    with pytest.raises(UpstreamCut):
        await beginning(PING, ROLE)


async def test_signs_of_life_are_passed_on_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_attempt, "_HELD_SECONDS", 0.05)
    assert await beginning(ROLE, PING, PING, PING, PING, PING, ONE, pause=0.03) in (ROLE + PING, ROLE + PING * 2)
