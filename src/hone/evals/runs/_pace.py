"""How many calls go out at once: as many as allowed, until the vendor says that it is too much.

Additive increase, multiplicative decrease (D.-M. Chiu and R. Jain, 1989, Computer Networks and ISDN Systems 17, pp.
1-14), as TCP does it: a refusal halves the calls that may be under way, once for all that were under way then; each
answer adds one in so many. What the vendor asks for in `retry-after` is waited for by all.
"""

import asyncio
import random
import sys
from collections import deque

_RANDOM = random.SystemRandom()


class Pace:
    """Use from one event loop. Between `enter` and `leave` a call is under way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._under_way = 0
        self._until = 0.0  # nobody is asked before that time of the loop
        self._slower_since = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def at_once(self) -> int:
        """The calls that may be under way now."""
        return min(self._most, int(self._limit))

    async def enter(self) -> float:
        """Wait for a place; the time of the loop at which the call begins."""
        loop = asyncio.get_running_loop()
        while (now := loop.time()) < self._until or self._under_way >= int(self._limit):
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiting.append(waiter)
            timer = loop.call_at(self._until, _wake, waiter) if now < self._until else None
            try:
                await waiter
            finally:
                if timer is not None:
                    timer.cancel()
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
        self._under_way += 1
        return now

    def leave(self) -> None:
        """The call is over, whatever became of it."""
        self._under_way -= 1
        self._next()

    def answered(self) -> None:
        """An answer came: a little more may be tried."""
        if self._limit < self._most:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)
            self._next()

    def refused(self, begun: float, seconds: float | None) -> None:
        """It was too much for the vendor, who asks to stay away for `seconds`. `begun` is what `enter` gave."""
        now = asyncio.get_running_loop().time()
        if begun >= self._slower_since:
            self._limit = max(1.0, min(self._limit, float(self._under_way)) / 2)
            self._slower_since = now
        if seconds is not None:
            # A little later than asked, each by another bit: those who were refused together do not come back so.
            self._until = max(self._until, now + seconds * _RANDOM.uniform(1, 1.1))

    def open(self) -> None:
        """Nobody waits any more: the run is about to end."""
        self._limit, self._until = float(sys.maxsize), 0.0
        for waiter in self._waiting:
            _wake(waiter)

    def _next(self) -> None:
        for _ in range(min(len(self._waiting), max(0, int(self._limit) - self._under_way))):
            _wake(self._waiting.popleft())


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
