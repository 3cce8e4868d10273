"""The promise that records are, or will be, in the journal."""

import asyncio
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from typing import Any

from msgspec import Struct


class Receipt(Struct, frozen=True):
    """What a commit did with the records of one call, in their order: True is newly written, False already there."""

    fresh: tuple[bool, ...]

    @property
    def written(self) -> int:
        return sum(self.fresh)

    @property
    def repeated(self) -> int:
        return len(self.fresh) - self.written


class Ticket:
    """Wait for it from any thread, or await it from any event loop. A failed commit raises here."""

    def __init__(self, count: int) -> None:
        self._fresh: list[bool] = [False] * count
        self._left = count
        self._future: Future[Receipt] = Future()
        # A caller that stops waiting does not undo the write, so the future cannot be cancelled.
        self._future.set_running_or_notify_cancel()
        if count == 0:
            self._future.set_result(Receipt(()))

    def wait(self, timeout: float | None = None) -> Receipt:
        """The receipt, once the records are durable.

        Raises:
            StoreError: the commit failed; nothing of this call may be relied upon.
            TimeoutError: not within `timeout` seconds; the write may still happen.
        """
        return self._future.result(timeout)

    def __await__(self) -> Generator[Any, None, Receipt]:
        return asyncio.wrap_future(self._future).__await__()

    @property
    def done(self) -> bool:
        return self._future.done()

    def settle(self, first: int, fresh: Sequence[bool]) -> None:
        """Called by the writer: the records from `first` on are committed."""
        self._fresh[first : first + len(fresh)] = fresh
        self._left -= len(fresh)
        if self._left == 0 and not self._future.done():
            self._future.set_result(Receipt(tuple(self._fresh)))

    def fail(self, error: BaseException) -> None:
        """Called by the writer: some of the records could not be committed."""
        if not self._future.done():
            self._future.set_exception(error)
