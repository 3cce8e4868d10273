"""Answers that may be used again: in memory, in front of the database that all processes share.

Neither may hold up or fail a call: whatever does not come in time is a miss.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from hone.core import Clock
from hone.errors import StoreError
from hone.gateway._memory import Memory
from hone.gateway._place import Place
from hone.store import EVERY_TASK, CachedAnswer, CachedAnswers

log = logging.getLogger("hone")

T = TypeVar("T")

PATIENCE = 0.05
"""Seconds that a call waits for the database."""

_SECOND = 1_000_000_000
_MEMORY = 64 * 1024 * 1024
_LARGEST = 4 * 1024 * 1024  # bytes of an answer that is kept
_LOOKS = 64  # questions to the database at once; with more of them waiting nobody would get an answer in time
_WAITING = 16 * 1024 * 1024  # bytes that are not written yet; more of them are not kept
_FRESH = 1.0  # seconds after which what was cleared elsewhere is looked up again
_SWEEP = 60.0


class Cache:
    """Belongs to one event loop; threads of its own speak to the database."""

    def __init__(self, kept: CachedAnswers, clock: Clock, *, memory: int = _MEMORY) -> None:
        self._kept = kept
        self._clock = clock
        self._memory = Memory(memory)
        self._cleared: dict[str, int] = {}
        self._cleared_read = -_FRESH
        self._looking = 0
        self._slow_until = 0.0
        self._readers = ThreadPoolExecutor(2, "hone-cache")
        self._writer = _Writer(kept, clock)
        self.flights: dict[str, asyncio.Future[CachedAnswer | None]] = {}
        """Calls that are being answered, by address: equal ones wait for them."""

    async def find(self, place: Place) -> CachedAnswer | None:
        """The answer that is kept, if it is young enough."""
        await self._freshen()
        known = self._memory.get(place.address)
        if known is None:
            known = await self._patiently(lambda: self._kept.get(place.address))
            if known is not None:
                self._memory.put(known)
        return known if known is not None and self._valid(known, place) else None

    def keep(self, answer: CachedAnswer) -> None:
        """Remember it, and write it beside the calls."""
        if len(answer.body) <= _LARGEST:
            self._memory.put(answer)
            self._writer.put(answer)

    def close(self) -> None:
        """Write what is not written."""
        self._writer.close()
        self._readers.shutdown()

    def _valid(self, answer: CachedAnswer, place: Place) -> bool:
        """The task's time may be another now than when the answer was kept, and the caller may want a younger one."""
        now = self._clock()
        cleared = max(self._cleared.get(EVERY_TASK, 0), self._cleared.get(answer.task, 0))
        return now < answer.expires and now - answer.created < place.seconds * _SECOND and answer.created > cleared

    async def _freshen(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._cleared_read > _FRESH:
            self._cleared_read = loop.time()
            found = await self._patiently(self._kept.cleared)
            self._cleared = self._cleared if found is None else found

    async def _patiently(self, read: Callable[[], T]) -> T | None:
        """What the database says, if it says it in time."""
        loop = asyncio.get_running_loop()
        if self._looking >= _LOOKS or loop.time() < self._slow_until:
            return None
        self._looking += 1
        work = loop.run_in_executor(self._readers, read)
        work.add_done_callback(self._looked)
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.shield(work)
        except TimeoutError:
            self._slow_until = loop.time() + 1.0  # one call in a second finds out whether it is still slow
        except StoreError as problem:
            log.warning("an answer could not be looked up: %s", problem)
        return None

    def _looked(self, work: asyncio.Future[T]) -> None:
        self._looking -= 1
        if not work.cancelled():
            work.exception()  # whoever did not wait for it has no use for its error


class _Writer:
    """Writes answers from a thread of its own, all that have come meanwhile in one commit, and sweeps what is old."""

    def __init__(self, kept: CachedAnswers, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[CachedAnswer] = []
        self._bytes = 0
        self._swept = 0
        self._thread = ThreadPoolExecutor(1, "hone-cache-writer")

    def put(self, answer: CachedAnswer) -> None:
        with self._lock:
            if self._bytes + len(answer.body) > _WAITING:
                return
            self._waiting.append(answer)
            self._bytes += len(answer.body)
            if len(self._waiting) == 1:
                self._thread.submit(self._write)

    def close(self) -> None:
        self._thread.shutdown()

    def _write(self) -> None:
        with self._lock:
            answers, self._waiting, self._bytes = self._waiting, [], 0
        try:
            self._kept.put(answers)
            if self._clock() - self._swept > _SWEEP * _SECOND:
                self._swept = self._clock()
                self._kept.sweep(self._clock())
        except StoreError as problem:
            log.warning("%d answers could not be kept for later calls: %s", len(answers), problem)
