"""The telemetry store: spans, scores and events, written once, durable when acknowledged, asked in columns.

Records wait in a bounded queue, are committed in groups to the journal, and are sealed into Parquet in the background.
The newest rows stay in memory as Arrow; every question reads both. See `Queries` for what can be asked.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine

from hone.core import Clock, now_ns
from hone.errors import StoreBusy, StoreError
from hone.store._limits import Limits
from hone.store._local_path import local_path
from hone.store._maintenance import Maintenance
from hone.store._mirror import Mirror
from hone.store._publish import Listener, Publisher
from hone.store._queries import Queries
from hone.store._queue import Item, Queue
from hone.store._rows import Record, row_size, to_row
from hone.store._segments import SegmentFolder
from hone.store._spool import Spool
from hone.store._ticket import Ticket
from hone.store._writer import Writer


class Telemetry(Queries):
    """One process's door to the telemetry of a project folder or a cluster. Thread-safe; close it at the end.

    Several processes may have the same store open; each sees what the others commit.
    """

    def __init__(
        self,
        engine: Engine,
        blobs: Path | str,
        *,
        spool: Path | None = None,
        clock: Clock = now_ns,
        durable: bool = False,
        limits: Limits | None = None,
    ) -> None:
        """`engine` is from `open_database`, `blobs` the folder of sealed segments, `spool` where `spool()` may write.

        With `durable`, `spool()` returns a ticket like `put()`. Spool files of dead processes are replayed.

        Raises:
            StoreError: the folders cannot be used.
        """
        self._limits = limits or Limits()
        self._durable = durable
        folder = SegmentFolder(local_path(blobs) / "telemetry")
        self._mirror = Mirror(engine, folder)
        super().__init__(self._mirror, folder.path)
        self._queue = Queue(self._limits)
        self._spool = Spool(spool, self._limits.spool_bytes) if spool is not None else None
        self._writer = Writer(engine, self._mirror, self._queue, self._spool, clock=clock, limits=self._limits)
        self._maintenance = Maintenance(engine, self._mirror, folder, self._spool, clock=clock, limits=self._limits)
        self._publisher = Publisher()
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._mirror.view()
        if self._spool is not None:
            self._spool.adopt()
        self._writer.committed = self._maintenance.hurry
        self._writer.start()
        self._maintenance.start()

    # -- writing -----------------------------------------------------------------------------------------------

    def put(self, records: Sequence[Record]) -> Ticket:
        """Queue records for the next commit; the ticket is settled when they are durable. Never waits.

        Raises:
            StoreBusy: too many rows wait already, or sealing is behind; nothing was taken.
            StoreError: the store is closed.
        """
        self._check_open()
        if self._mirror.hot_bytes > self._limits.hot_bytes:
            raise StoreBusy("too much telemetry is not sealed yet", hint="try again in a second", retry_after=1)
        ticket = Ticket(len(records))
        self._queue.put(self._items(records, ticket))
        return ticket

    def _items(self, records: Sequence[Record], ticket: Ticket) -> list[Item]:
        rows = [to_row(record) for record in records]
        step = self._limits.group_rows
        groups = [(first, rows[first : first + step]) for first in range(0, len(rows), step)]
        return [Item(group, sum(row_size(row) for _, row in group), ticket, first) for first, group in groups]

    def spool(self, records: Sequence[Record]) -> Ticket | None:
        """Keep records at once without waiting for the disk: they survive this process, and soon the machine.

        When the queue is full they stay in the spool file until the writer has time. With `durable`, or without a
        spool folder, this is `put()`.

        Raises:
            StoreBusy: only where it is `put()`.
            StoreError: the spool cannot be written, or the store is closed.
        """
        if self._durable or self._spool is None:
            return self.put(records)
        self._check_open()
        if not records:
            return None
        rows = [to_row(record) for record in records]
        region = self._spool.append(rows)
        item = Item(rows, sum(row_size(row) for _, row in rows), region=region)
        if self._mirror.hot_bytes > self._limits.hot_bytes or not self._queue.offer([item]):
            self._spool.later(region)
            self._queue.press()
        return None

    def take_in(self) -> int:
        """Commit what other processes have left in the spool; how many files there were."""
        self._check_open()
        found = self._spool.adopt() if self._spool is not None else 0
        if found:
            self._queue.press()
        return found

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each group of newly committed records of this process; call the result to stop.

        It runs on a thread of its own. What it raises is logged.
        """
        stop = self._publisher.subscribe(listener)
        self._writer.listener = self._publisher.publish
        return stop

    @property
    def waiting(self) -> int:
        """How many rows wait for the writer in memory."""
        return self._queue.rows

    # -- looking after -----------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Wait until everything put or spooled before is committed."""
        self._check_open()
        self._writer.flush()

    def seal(self) -> None:
        """Turn every committed row into segments now."""
        self._maintenance.seal_all()

    def compact(self) -> int:
        """Merge the segments of each day into as few as possible now; how many were replaced."""
        return self._maintenance.compact()

    def retain(self, before: int, bodies_before: int | None = None) -> None:
        """Forget what is sealed and old, times in nanoseconds.

        Segments whose youngest row is older than `before` are dropped, so a row may outlive it by at most the span
        of its segment, usually a day. Spans older than `bodies_before` lose input and output. A span that is sent
        again after it was dropped is new.
        """
        self._maintenance.retain(before, bodies_before)

    def sweep(self) -> None:
        """Delete the files of replaced segments that no reader can still use, and of sealings that were killed."""
        self._maintenance.sweep()

    def close(self) -> None:
        """Commit what waits and stop. Unsealed rows stay in the journal."""
        if self._closed:
            return
        self._closed = True
        self._writer.stop()
        self._maintenance.stop()
        self._publisher.stop()
        if self._spool is not None:
            self._spool.close()
        super().close()

    def __enter__(self) -> "Telemetry":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the telemetry store is closed")
