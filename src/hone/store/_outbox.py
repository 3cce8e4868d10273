"""The outbox: telemetry of a process that answers calls and does nothing else.

It writes to spool files of its own and lets go of each a moment later; the process that keeps the store adopts it, as
it adopts what dead processes left. So neither a commit nor the memory of the store is on the side of those who serve,
and a process that is killed has left everything behind that it acknowledged.
"""

import threading
from collections.abc import Sequence
from pathlib import Path

from hone.errors import StoreError
from hone.store._limits import Limits
from hone.store._rows import Record, to_row
from hone.store._spool import Spool

LET_GO_SECONDS = 0.1
_NEVER = 1 << 62  # bytes


class Outbox:
    """Takes records in; thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._spool = Spool(folder, _NEVER)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._let_go, name="hone-outbox", daemon=True)
        self._thread.start()

    def spool(self, records: Sequence[Record]) -> None:
        """Keep records: they survive this process once this returns.

        Raises:
            StoreError: the spool cannot be written, or the outbox is closed.
        """
        if self._over.is_set():
            raise StoreError("the outbox is closed")
        if records:
            region = self._spool.append([to_row(record) for record in records])
            if region.end >= Limits().spool_bytes:
                self._spool.let_go()  # nobody here counts what is committed, so a full file is let go, not retired

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _let_go(self) -> None:
        while not self._over.wait(LET_GO_SECONDS):
            self._spool.let_go()
        self._spool.let_go()
