"""An event loop on a thread of its own, for callers who have none."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Loop:
    """Any thread may hand work over, but for the loop's own."""

    def __init__(self, name: str) -> None:
        self._loop = _new()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T], interrupted: Callable[[], None] | None = None) -> T:
        """Wait for the work.

        Ctrl-c cancels it, as when any caller leaves: the upstream is told, and a span says so. With `interrupted`, that
        is called instead and the work may come to an end of its own; a second ctrl-c cancels it.
        """
        future = self.submit(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            if interrupted is not None:
                interrupted()
                with suppress(KeyboardInterrupt, CancelledError, Exception):
                    future.result()
            if not future.done():
                future.cancel()
                with suppress(CancelledError, TimeoutError):
                    self.submit(asyncio.sleep(0.1)).result(5)
            raise

    def stop(self) -> None:
        """Take no more work."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def _new() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
