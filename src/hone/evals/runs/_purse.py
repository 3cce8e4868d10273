"""The ceiling of what a run may cost: a call is not begun that might pass it."""

import asyncio

from hone.errors import CallError


class Purse:
    """What is spent, and what is under way. Use from one event loop.

    What a call will cost is not known before; it is taken to be as dear as the dearest so far. The first goes alone.
    """

    def __init__(self, most: float | None) -> None:
        self._most = most
        self._dearest: float | None = None
        self._under_way = 0
        self._changed = asyncio.Event()
        self.spent: float | None = 0.0  # dollars; None once a price was unknown

    async def enter(self) -> bool:
        """Wait until another call fits. False: none does, and none is under way that might turn out cheaper."""
        while self._most is not None:
            if self._fits():
                break
            if self._under_way == 0:
                return False
            self._changed.clear()
            await self._changed.wait()
        self._under_way += 1
        return True

    def leave(self, cost: float | None, *, answered: bool) -> None:
        """The call is over, and cost that much; a call without an answer may have cost nothing.

        Raises:
            CallError: there is a ceiling, and nobody knows what the call cost.
        """
        self._under_way -= 1
        self._changed.set()
        if not answered and cost is None:
            return
        if cost is None:
            self.spent = None
            if self._most is not None:
                raise CallError(
                    "what a call costs is not known here, so no ceiling can be kept",
                    hint="give the model a price in hone.toml: price = { input = 0.05, output = 0.20 }",
                )
            return
        if self.spent is not None:
            self.spent += cost
        self._dearest = max(cost, self._dearest or 0.0)

    def open(self) -> None:
        """Nobody waits any more: the run is about to end."""
        self._most = None
        self._changed.set()

    def _fits(self) -> bool:
        assert self._most is not None
        if self._dearest is None:
            return self._under_way == 0 and self._most > 0
        return (self.spent or 0.0) + (self._under_way + 1) * self._dearest <= self._most
