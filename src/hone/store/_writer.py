"""The writer: one thread that commits groups of rows to the journal. The commit is the acknowledgement."""

import logging
import threading
from collections.abc import Callable, Sequence

import msgspec
import pyarrow as pa
from sqlalchemy import Engine

from hone.core import Clock
from hone.errors import HoneError, StoreError
from hone.store._codec import keys_of, to_batch, to_bytes
from hone.store._hot import Hot
from hone.store._journal import append, changing
from hone.store._keys import Hashes, hashes
from hone.store._limits import Limits
from hone.store._mirror import Mirror
from hone.store._queue import Item, Queue
from hone.store._rows import KINDS, Record, Row, to_record
from hone.store._spool import Spool

_log = logging.getLogger(__name__)
_UNFIT = (TypeError, ValueError, OverflowError)  # what Arrow raises for a value that does not fit its column
_BACKOFF = 0.5  # seconds until rows of the spool are tried again after a failed commit


class Prepared(msgspec.Struct, frozen=True, eq=False):
    """The rows of one kind in a group, encoded before the transaction begins, to keep that short."""

    kind: str
    batch: pa.RecordBatch
    data: bytes
    keys: list[tuple[str, ...]]
    hashes: Hashes


def prepare(kind: str, rows: Sequence[Row]) -> Prepared:
    batch = to_batch(KINDS[kind], rows)
    keys = keys_of(KINDS[kind], batch)
    return Prepared(kind, batch, to_bytes(batch), keys, hashes(keys))


def only(prepared: Prepared, fresh: list[bool]) -> Prepared:
    """What is left when the repeated rows are taken out."""
    if all(fresh):
        return prepared
    mask = pa.array(fresh, type=pa.bool_())
    batch = prepared.batch.filter(mask)
    keys = [key for key, new in zip(prepared.keys, fresh, strict=True) if new]
    return Prepared(prepared.kind, batch, to_bytes(batch), keys, prepared.hashes[mask.to_numpy(zero_copy_only=False)])


class Writer:
    """Takes from the queue and the spool, commits, tells the tickets."""

    def __init__(
        self, engine: Engine, mirror: Mirror, queue: Queue, spool: Spool | None, *, clock: Clock, limits: Limits
    ) -> None:
        self._engine = engine
        self._mirror = mirror
        self._queue = queue
        self._spool = spool
        self._clock = clock
        self._limits = limits
        self._stopping = threading.Event()
        self._waiters: list[tuple[int, threading.Event]] = []
        self.listener: Callable[[list[Record]], None] | None = None
        self.committed: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="hone-telemetry-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, then end."""
        self._stopping.set()
        self._queue.press()
        self._thread.join()

    def flush(self) -> None:
        """Wait until everything that was there at the call is committed, or the writer ends."""
        flushed = threading.Event()
        self._waiters.append((self._queue.offered, flushed))
        self._queue.press()
        while not flushed.wait(0.5) and self._thread.is_alive():
            pass

    def _run(self) -> None:
        while True:
            stopping = self._stopping.is_set()
            items = self._queue.take(0 if stopping or self._may_replay() else 0.5)
            if items:
                self._commit(items)
            replayed = self._replay()
            self._release()
            if stopping and not items and not replayed:
                return

    def _release(self) -> None:
        if self._may_replay():
            return
        for waiter in [one for one in self._waiters if one[0] <= self._queue.taken]:
            self._waiters.remove(waiter)
            waiter[1].set()

    def _may_replay(self) -> bool:
        behind = self._spool is not None and self._spool.behind
        return behind and self._mirror.hot_bytes <= self._limits.hot_bytes

    def _replay(self) -> bool:
        """One group from the spool's backlog, unless memory is full already; whether there was any."""
        if self._spool is None or not self._may_replay():
            return False
        found = self._spool.next(self._limits.group_rows)
        if found is None:
            return False
        rows, size, region = found
        return self._commit([Item(rows, size, region=region)])

    def _commit(self, items: list[Item]) -> bool:
        try:
            fresh = self._write([row for item in items for row in item.rows])
        except _UNFIT as error:
            if len(items) > 1 or (items[0].region is not None and len(items[0].rows) > 1):
                # One bad record must not take its neighbours down.
                return min([self._commit([part]) for item in items for part in _apart(item)])
            self._refuse(items[0], error)
            return True
        except Exception as error:
            self._fail(items, error)
            return False
        first = 0
        for item in items:
            flags = fresh[first : first + len(item.rows)]
            first += len(flags)
            if item.ticket is not None:
                item.ticket.settle(item.first, flags)
            if item.region is not None and self._spool is not None:
                self._spool.done(item.region)
        self._publish(items, fresh)
        self.committed()
        return True

    def _write(self, rows: list[tuple[str, Row]]) -> list[bool]:
        """Commit rows of any kind; for each whether it was new."""
        result = [False] * len(rows)
        places = {
            name: found for name in KINDS if (found := [index for index, row in enumerate(rows) if row[0] == name])
        }
        prepared = {kind: prepare(kind, [rows[index][1] for index in found]) for kind, found in places.items()}
        written: list[Hot] = []
        with changing(self._engine) as connection:
            version = self._mirror.catch_up(connection)
            for kind, all_of in prepared.items():
                fresh = self._mirror.fresh(kind, all_of.keys, all_of.hashes)
                for index, new in zip(places[kind], fresh, strict=True):
                    result[index] = new
                kept = only(all_of, fresh)
                if not kept.keys:
                    continue
                created = self._clock()
                row_id = append(connection, kind, len(kept.keys), kept.data, created)
                written.append(Hot(row_id, kind, created, kept.batch, kept.keys, kept.hashes))
        for hot in written:
            self._mirror.add(hot, version)
        return result

    def _refuse(self, item: Item, error: Exception) -> None:
        """The rows can never be stored: say so, and do not try for ever."""
        if item.ticket is not None:
            item.ticket.fail(StoreError(f"a record cannot be stored: {error}"))
        else:
            _log.error("%d spooled records cannot be stored and are dropped: %s", len(item.rows), error)
        if item.region is not None and self._spool is not None:
            self._spool.done(item.region)

    def _fail(self, items: list[Item], error: Exception) -> None:
        _log.error("a commit of telemetry failed: %s", error)
        known = error if isinstance(error, HoneError) else StoreError(f"telemetry could not be committed: {error}")
        for item in items:
            if item.ticket is not None:
                item.ticket.fail(known)
            if item.region is not None and self._spool is not None:
                self._spool.later(item.region)
        if not self._stopping.is_set():
            self._stopping.wait(_BACKOFF)

    def _publish(self, items: list[Item], fresh: list[bool]) -> None:
        if self.listener is None:
            return
        rows = (row for item in items for row in item.rows)
        records = [to_record(*row) for row, new in zip(rows, fresh, strict=True) if new]
        if records:
            self.listener(records)


def _apart(item: Item) -> list[Item]:
    """The rows of a spooled item one by one; those of a ticket succeed or fail together."""
    if item.region is None:
        return [item]
    parts = [Item([row], 0) for row in item.rows]
    parts[-1].region = item.region
    return parts
