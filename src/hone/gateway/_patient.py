"""Work that calls wait for, but not for long: what does not come in time is as good as nothing."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from hone.errors import HoneError

log = logging.getLogger("hone")

T = TypeVar("T")

_PAUSE = 1.0  # seconds without another try after one that took too long


class Patient:
    """Runs work on threads of its own. Use from one event loop."""

    def __init__(self, name: str, *, most: int) -> None:
        """With `most` pieces of work going on, another one would not be done in time, and is not begun."""
        self._most = most
        self._working = 0
        self._slow_until = 0.0
        self._said = ""
        self.threads = ThreadPoolExecutor(2, name)

    async def result(self, work: Callable[[], T], seconds: float) -> T | None:
        """What `work` returns, if it does so within `seconds`. None too if it fails with an error of ours."""
        loop = asyncio.get_running_loop()
        if self._working >= self._most or loop.time() < self._slow_until:
            return None
        self._working += 1
        future = loop.run_in_executor(self.threads, work)
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(future)
        except TimeoutError:
            self._slow_until = loop.time() + _PAUSE
        except HoneError as problem:
            if str(problem) != self._said:
                self._said = str(problem)
                log.warning("the cache cannot be asked: %s", problem)
        return None

    def close(self) -> None:
        self.threads.shutdown()

    def _done(self, future: asyncio.Future[T]) -> None:
        self._working -= 1
        if not future.cancelled():
            future.exception()  # whoever did not wait for it has no use for its error
