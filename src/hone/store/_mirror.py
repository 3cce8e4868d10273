"""What this process knows of journal and manifest: unsealed batches in memory, sealed segments opened.

Every process mirrors the same rows, so a command line beside a running server sees what the server sees. The mirror
changes only by comparing itself with a snapshot of the database; a writer may add its own batch early to save a read.
"""

import threading

import msgspec
import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Engine

from hone.store._codec import from_bytes, keys_of
from hone.store._database import reading
from hone.store._hot import Hot, Stack
from hone.store._journal import Snapshot, Unsealed, batches, snapshot, tail, version
from hone.store._keys import Hashes, hashes
from hone.store._rows import KINDS
from hone.store._segments import Segment, SegmentFolder


class View(msgspec.Struct, frozen=True, eq=False):
    """Everything there is at one moment: each row is in exactly one place."""

    hot: list[Hot]
    tables: dict[str, pa.Table]
    segments: list[Segment]

    def hot_of(self, kind: str) -> list[Hot]:
        """Unsealed batches, in the order of their commits."""
        return [hot for hot in self.hot if hot.kind == kind]

    def segments_of(self, kind: str) -> list[Segment]:
        """Newest first."""
        found = (segment for segment in self.segments if segment.entry.kind == kind)
        return sorted(found, key=lambda segment: segment.entry.max_time, reverse=True)


class Mirror:
    """Thread-safe."""

    def __init__(self, engine: Engine, folder: SegmentFolder) -> None:
        self._engine = engine
        self._folder = folder
        self._lock = threading.Lock()
        self._hot: dict[int, Hot] = {}
        self._keys: dict[str, set[tuple[str, ...]]] = {name: set() for name in KINDS}
        self._stacks = {name: Stack(kind) for name, kind in KINDS.items()}
        self._segments: dict[str, Segment] = {}
        self._seen = 0  # the last journal row known
        self._version = -1  # of the manifest; none has it
        self.hot_bytes = 0

    def view(self) -> View:
        """The present, in one read transaction."""
        with self._lock:
            with reading(self._engine) as connection:
                self._reconcile(connection)
            tables = {name: stack.table() for name, stack in self._stacks.items()}
            return View([self._hot[row_id] for row_id in sorted(self._hot)], tables, list(self._segments.values()))

    def catch_up(self, connection: Connection) -> int:
        """Learn what other processes committed, inside a write transaction, so that `fresh` is exact."""
        with self._lock:
            self._reconcile(connection)
            return self._version

    def _reconcile(self, connection: Connection) -> None:
        # Journal rows go only when the manifest changes, and come with ever higher ids: nearly always the tail is all.
        current = version(connection)
        if current != self._version:
            now = snapshot(connection)
            self._let_go(now)
            self._load(connection, [row for row in now.journal.values() if row.id not in self._hot])
            self._version = current
        else:
            self._load(connection, [row for row in tail(connection, self._seen) if row.id not in self._hot])

    def _let_go(self, now: Snapshot) -> None:
        gone = self._hot.keys() - now.journal.keys()
        for hot in [self._hot.pop(row_id) for row_id in gone]:
            self._keys[hot.kind].difference_update(hot.keys)
            self.hot_bytes -= hot.bytes
        if gone:
            self._stack_again()
        for segment_id in self._segments.keys() - now.segments.keys():
            del self._segments[segment_id]
        for segment_id in now.segments.keys() - self._segments.keys():
            self._segments[segment_id] = self._folder.open(now.segments[segment_id])

    def _stack_again(self) -> None:
        for stack in self._stacks.values():
            stack.clear()
        for _, hot in sorted(self._hot.items()):
            self._stacks[hot.kind].push(hot.batch)

    def _load(self, connection: Connection, rows: list[Unsealed]) -> None:
        found = batches(connection, [row.id for row in rows])
        for row in rows:
            batch = from_bytes(found[row.id])
            keys = keys_of(KINDS[row.kind], batch)
            self._add(Hot(row.id, row.kind, row.created, batch, keys, hashes(keys)))

    def add(self, hot: Hot, since: int) -> None:
        """A batch that this process has just committed, and what `catch_up` said in the same transaction."""
        with self._lock:
            if hot.id not in self._hot:
                self._add(hot)
            if self._version != since:
                self._version = -1  # another process may have sealed it already: compare everything next time

    def _add(self, hot: Hot) -> None:
        self._hot[hot.id] = hot
        self._keys[hot.kind].update(hot.keys)
        self._stacks[hot.kind].push(hot.batch)
        self.hot_bytes += hot.bytes
        self._seen = max(self._seen, hot.id)

    def hot_rows(self, kind: str) -> tuple[int, int | None]:
        """How many rows are unsealed, as far as this process knows, and when the oldest was committed."""
        with self._lock:
            found = [hot for hot in self._hot.values() if hot.kind == kind]
        return sum(len(hot.keys) for hot in found), min((hot.created for hot in found), default=None)

    def fresh(self, kind: str, keys: list[tuple[str, ...]], wanted: Hashes) -> list[bool]:
        """For every key whether it is seen for the first time: not here yet and not earlier in the list.

        Exact within the transaction that called `catch_up`.
        """
        with self._lock:
            known = self._keys[kind]
            sealed = [segment for segment in self._segments.values() if segment.entry.kind == kind]
            first: set[tuple[str, ...]] = set()
            result = []
            for key in keys:
                result.append(key not in known and key not in first)
                first.add(key)
        by_hash = np.argsort(wanted)  # searching in order touches each page of a sidecar once
        in_order = [keys[index] for index in by_hash]
        for segment in sealed:
            for index in segment.holds(in_order, wanted[by_hash]):
                result[by_hash[index]] = False
        return result
