"""Results on their way to the store: many in one commit, and none counts before it is committed.

Whoever waits for a commit holds its place among the calls, so a run that is killed loses no more answers than it may
have calls under way. The commit runs on a thread, and what comes meanwhile goes into the next one.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from hone.store import Result

_GATHER_SECONDS = 0.002  # answers that come together are committed together


class Keeper:
    """Use from one event loop. `write` commits results; `kept` is told of each afterwards."""

    def __init__(self, write: Callable[[Sequence[Result]], None], kept: Callable[[Sequence[Result]], None]) -> None:
        self._write = write
        self._kept = kept
        self._thread = ThreadPoolExecutor(1, "hone-eval-keeper")
        self._batch: list[Result] = []
        self._committed: asyncio.Future[None] | None = None
        self._work: asyncio.Task[None] | None = None
        self._problem: BaseException | None = None

    def keep(self, result: Result) -> "asyncio.Future[None]":
        """Take a result; await what comes back to know that it is committed.

        What comes back raises StoreError where it could not be.
        """
        self._batch.append(result)
        if self._committed is None:
            self._committed = asyncio.get_running_loop().create_future()
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._commit())
        return self._committed

    async def close(self) -> None:
        """Wait for the last commit.

        Raises:
            StoreError: a result could not be kept.
        """
        if self._work is not None:
            await self._work
        self._thread.shutdown()
        if self._problem is not None:
            raise self._problem

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(_GATHER_SECONDS)
        while self._batch:
            batch, self._batch = self._batch, []
            committed, self._committed = self._committed, None
            assert committed is not None
            try:
                await loop.run_in_executor(self._thread, self._write, batch)
                self._kept(batch)
            except BaseException as problem:
                self._problem = self._problem or problem
                committed.set_exception(problem)
                committed.exception()  # heard, even where nobody waits for it
            else:
                committed.set_result(None)
