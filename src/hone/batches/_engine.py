"""The engine: takes batches that nobody works on, and works on them beside the calls of people.

Calls of batches are few at once, which is what keeps them out of the way of the others. Every process that serves a
project has an engine; a batch belongs to the one that holds it, and to another soon after that one is gone.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from hone.batches._run import Ask, Rooms, Run
from hone.core import Clock
from hone.errors import HoneError, StoreError
from hone.store import Batch, BatchWork, NotHeld, StoredFiles

log = logging.getLogger("hone")

HOLD_SECONDS = 10.0
"""A process that has not said for so long that it holds a batch has lost it."""

_LOOK_SECONDS = 1.0
_IDLE_SECONDS = 3.0  # between looks of a process that has nothing to do
_AT_ONCE = 16  # batches: one that waits for a limit must not keep the others waiting
_SWEEP_SECONDS = 3600.0


class Engine:
    """Use from the event loop of the gateway."""

    def __init__(
        self, work: BatchWork, files: StoredFiles, ask: Ask, said: Callable[[HoneError], bytes], most: int, clock: Clock
    ) -> None:
        """`most` calls are made at once; `said` is the body of an error."""
        self._work = work
        self._files = files
        self._clock = clock
        seats = asyncio.Semaphore(most)
        self._rooms = Rooms(work=work, files=files, ask=ask, said=said, seats=seats, most=most)
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._poked = asyncio.Event()
        self._over = False
        self._loop: asyncio.Task[None] | None = None
        self._sweep_at = 0.0

    def start(self) -> None:
        self._loop = asyncio.create_task(self._look_again_and_again())

    def poke(self) -> None:
        """There is something new: look now."""
        self._poked.set()

    async def stop(self) -> None:
        """Leave every batch where it is, for whoever comes next."""
        self._over = True
        self.poke()
        if self._loop is not None:
            await self._loop
        for run in self._runs.values():
            run.stop("shutdown")
        await asyncio.gather(*self._tasks)

    async def _look_again_and_again(self) -> None:
        while not self._over:
            self._poked.clear()
            try:
                await self._look()
            except HoneError as error:
                log.error("batches cannot be looked at: %s", error)
            except Exception:
                log.exception("batches cannot be looked at")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS if self._runs else _IDLE_SECONDS):
                    await self._poked.wait()

    async def _look(self) -> None:
        if self._runs:
            held = await asyncio.to_thread(self._work.renew, list(self._runs), HOLD_SECONDS)
            for run in list(self._runs.values()):
                self._tell(run, held.get(run.batch.id))
        if (free := _AT_ONCE - len(self._runs)) > 0:
            for batch in await asyncio.to_thread(self._work.take, free, HOLD_SECONDS):
                self._begin(batch)
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + _SWEEP_SECONDS
            self._beside(self._sweep())

    def _tell(self, run: Run, status: str | None) -> None:
        if status is None:
            run.stop("lost")
        elif status == "cancelling":
            run.stop("cancelled")
        elif self._clock() >= run.batch.expires:
            run.stop("expired")

    def _begin(self, batch: Batch) -> None:
        run = self._runs[batch.id] = Run(batch, self._rooms)
        if self._clock() >= batch.expires:
            run.stop("expired")
        self._beside(self._work_on(run))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sweep(self) -> None:
        try:
            await asyncio.to_thread(self._files.sweep)
        except (StoreError, OSError) as error:
            log.error("old files cannot be removed: %s", error)

    async def _work_on(self, run: Run) -> None:
        """Whatever goes wrong, the batch goes on: here or elsewhere, when the hold on it has run out."""
        name = run.batch.id
        try:
            await run.go()
            if self._over:
                await asyncio.to_thread(self._work.release, name)
        except* NotHeld:
            log.warning("the batch %s is worked on by another process now", name)
        except* StoreError as errors:
            log.error("the batch %s stops for now: %s", name, errors.exceptions[0])
        except* Exception:
            log.exception("the batch %s stops for now", name)
        finally:
            del self._runs[name]
