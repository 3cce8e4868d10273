"""How many calls of one batch are made at once: one while it is being limited, then more with every answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Pace:
    """Use from one event loop."""

    def __init__(self, most: int) -> None:
        self._most = self._width = most
        self._busy = 0
        self._resume = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and for the end of a pause."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._busy < self._width)
            self._busy += 1
        try:
            await asyncio.sleep(max(0.0, self._resume - time.monotonic()))
            yield
        finally:
            self._busy -= 1
            async with self._changed:
                self._changed.notify_all()

    def refused(self, seconds: float) -> None:
        """A limit was reached: go on after so many seconds, with one call at a time."""
        self._width = 1
        self._resume = max(self._resume, time.monotonic() + seconds)

    def answered(self) -> None:
        self._width = min(self._most, self._width + 1)
