"""Answers become durable in groups: those that come while one commit is running share the next."""

import asyncio
import logging
from collections.abc import Callable

from hone.errors import StoreError
from hone.store import Answered, BatchWork, NotHeld

log = logging.getLogger("hone")

_AGAIN_SECONDS = 1.0


class Keeper:
    """Keeps the answers of one batch. Use from one event loop."""

    def __init__(self, work: BatchWork, batch: str, gives_up: Callable[[], bool]) -> None:
        """`gives_up` says whether a database that fails is not waited for any more."""
        self._work = work
        self._batch = batch
        self._gives_up = gives_up
        self._waiting: dict[int, Answered] = {}
        self._lock = asyncio.Lock()

    async def keep(self, one: Answered) -> None:
        """Returns when it is durable. An answer has been paid for, so a database that is away is waited for.

        Raises:
            NotHeld: another process works on the batch now.
            StoreError: the database failed, and there is no more time.
        """
        self._waiting[one.line] = one
        while one.line in self._waiting:
            async with self._lock:
                if one.line in self._waiting:
                    await self._keep_all()

    async def _keep_all(self) -> None:
        group = list(self._waiting.values())
        try:
            await asyncio.to_thread(self._work.keep, self._batch, group)
        except StoreError as error:
            if isinstance(error, NotHeld) or self._gives_up():
                raise
            log.error("the batch %s waits for the database: %s", self._batch, error)
            await asyncio.sleep(_AGAIN_SECONDS)
            return
        for each in group:
            del self._waiting[each.line]
