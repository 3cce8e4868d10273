"""Answers that may be used again: in memory, in front of the database that all processes share.

Neither may hold up or fail a call: whatever does not come in time is a miss.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hone.core import Clock
from hone.errors import HoneError, StoreError
from hone.gateway._alike import Found, Neighbours
from hone.gateway._memory import Memory
from hone.gateway._patient import Patient
from hone.gateway._place import Alike, Place
from hone.store import EVERY_TASK, AskedBefore, CachedAnswer, CachedAnswers

if TYPE_CHECKING:
    from hone.providers import Embedder

log = logging.getLogger("hone")

PATIENCE = 0.05
"""Seconds that a call waits for the database."""

MEANING = 0.25
"""Seconds that a call waits for a question that is alike: it has to be embedded."""

_SECOND = 1_000_000_000
_MEMORY = 64 * 1024 * 1024
_LARGEST = 4 * 1024 * 1024  # bytes of an answer that is kept
_LOOKS = 64  # questions to the database at once
_MEANINGS = 8  # texts that are embedded at once
_WAITING = 16 * 1024 * 1024  # bytes that are not written yet; more of them are not kept
_FRESH = 1.0  # seconds after which what was cleared elsewhere is looked up again
_SWEEP = 60.0


class Cache:
    """Belongs to one event loop; threads of its own speak to the database."""

    def __init__(
        self, kept: CachedAnswers, clock: Clock, embedder: Callable[[], "Embedder"], *, memory: int = _MEMORY
    ) -> None:
        """`embedder` is loaded when a task first asks for questions that are alike."""
        self._kept = kept
        self._clock = clock
        self._memory = Memory(memory)
        self._cleared: dict[str, int] = {}
        self._cleared_read = -_FRESH
        self._readers = Patient("hone-cache", most=_LOOKS)
        self._thinkers = Patient("hone-cache-alike", most=_MEANINGS)
        self._neighbours = Neighbours(kept, embedder)
        self._writer = _Writer(kept, clock)
        self.flights: dict[str, asyncio.Future[CachedAnswer | None]] = {}
        """Calls that are being answered, by address: equal ones wait for them."""

    async def find(self, place: Place) -> CachedAnswer | None:
        """The answer that is kept, if it is young enough."""
        await self._freshen()
        known = self._memory.get(place.address)
        if known is None:
            known = await self._readers.result(partial(self._kept.get, place.address), PATIENCE)
            if known is not None:
                self._memory.put(known)
        return known if known is not None and self._valid(known, place) else None

    async def find_alike(self, place: Place) -> Found | None:
        """The answer to the nearest question, if one is near enough; None if that cannot be said in time."""
        if place.alike is None:
            return None
        valid = partial(self._valid, place=place)
        return await self._thinkers.result(partial(self._neighbours.find, place.alike, valid), MEANING)

    def keep(self, answer: CachedAnswer, alike: Alike | None = None, vector: bytes | None = None) -> None:
        """Remember it, and write it beside the calls; `vector` is that of the question, where it was made already."""
        if len(answer.body) > _LARGEST:
            return
        self._memory.put(answer)
        if alike is None:
            self._writer.put(answer)
        else:
            self._thinkers.threads.submit(self._keep_alike, answer, alike, vector)

    def close(self) -> None:
        """Write what is not written."""
        self._thinkers.close()
        self._writer.close()
        self._readers.close()

    def _keep_alike(self, answer: CachedAnswer, alike: Alike, vector: bytes | None) -> None:
        try:
            asked = self._neighbours.known(alike, answer, vector)
            scope = self._neighbours.scope(alike)
        except HoneError:  # said when it was looked for
            self._writer.put(answer)
            return
        self._writer.put(replace(answer, scope=scope, question=asked.question, vector=asked.vector))

    def _valid(self, answer: CachedAnswer | AskedBefore, place: Place) -> bool:
        """The task's time may be another now than when the answer was kept, and the caller may want a younger one."""
        now = self._clock()
        cleared = max(self._cleared.get(EVERY_TASK, 0), self._cleared.get(place.task, 0))
        return now < answer.expires and now - answer.created < place.seconds * _SECOND and answer.created > cleared

    async def _freshen(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._cleared_read > _FRESH:
            self._cleared_read = loop.time()
            found = await self._readers.result(self._kept.cleared, PATIENCE)
            self._cleared = self._cleared if found is None else found


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
