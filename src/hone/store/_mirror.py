"""What this process knows of journal and manifest: unsealed batches in memory, sealed segments opened.

Every process mirrors the same rows, so a command line beside a running server sees what the server sees. The mirror
changes only by comparing itself with a snapshot of the database; a writer may add its own batch early to save a read.
"""

import threading

import msgspec
import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Engine

from hone.store._codec import KINDS, from_bytes, keys_of
from hone.store._database import reading
from hone.store._journal import Snapshot, batches, snapshot
from hone.store._keys import Hashes, hashes
from hone.store._segments import Segment, SegmentFolder


class Hot(msgspec.Struct, frozen=True, eq=False):
    """One unsealed journal row, decoded."""

    id: int
    kind: str
    created: int
    batch: pa.RecordBatch
    keys: list[tuple[str, ...]]
    hashes: Hashes

    @property
    def bytes(self) -> int:
        return int(self.batch.nbytes)


class View(msgspec.Struct, frozen=True, eq=False):
    """Everything there is at one moment: each row is in exactly one place."""

    hot: list[Hot]
    segments: list[Segment]

    def hot_of(self, kind: str) -> list[Hot]:
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
        self._segments: dict[str, Segment] = {}
        self.hot_bytes = 0

    def view(self) -> View:
        """The present, in one read transaction."""
        with self._lock, reading(self._engine) as connection:
            return self._reconcile(connection, snapshot(connection))

    def catch_up(self, connection: Connection) -> None:
        """Learn what other processes committed, inside a write transaction, so that `fresh` is exact."""
        with self._lock:
            self._reconcile(connection, snapshot(connection))

    def _reconcile(self, connection: Connection, now: Snapshot) -> View:
        for gone in self._hot.keys() - now.journal.keys():
            self._drop(self._hot.pop(gone))
        missing = sorted(now.journal.keys() - self._hot.keys())
        for row_id, data in batches(connection, missing).items():
            batch = from_bytes(data)
            of = now.journal[row_id]
            keys = keys_of(KINDS[of.kind], batch)
            self._add(Hot(row_id, of.kind, of.created, batch, keys, hashes(keys)))
        for segment_id in self._segments.keys() - now.segments.keys():
            del self._segments[segment_id]
        for segment_id in now.segments.keys() - self._segments.keys():
            self._segments[segment_id] = self._folder.open(now.segments[segment_id])
        return View([self._hot[row_id] for row_id in now.journal], list(self._segments.values()))

    def add(self, hot: Hot) -> None:
        """A batch that this process has just committed."""
        with self._lock:
            if hot.id not in self._hot:
                self._add(hot)

    def _add(self, hot: Hot) -> None:
        self._hot[hot.id] = hot
        self._keys[hot.kind].update(hot.keys)
        self.hot_bytes += hot.bytes

    def _drop(self, hot: Hot) -> None:
        self._keys[hot.kind].difference_update(hot.keys)
        self.hot_bytes -= hot.bytes

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
