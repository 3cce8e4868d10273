"""Segments: sealed telemetry as Parquet files of record, each with a key sidecar and, for spans, a word index.

Rows are sorted by project, time and key, in row groups of exactly 4,096, so a row number gives its group. Files appear
whole or not at all: written under a temporary name, fsynced, renamed; only the manifest makes them count.
"""

import os
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hone.core import new_id
from hone.store._codec import keys_of
from hone.store._keys import Hashes, KeyFile, write_keys
from hone.store._rows import KINDS, SPAN, Kind
from hone.store._words import Part, WordWriter, bodies_of

GROUP_ROWS = 4096
_SUFFIXES = (".parquet", ".keys", ".words")


class Entry(msgspec.Struct, frozen=True):
    """A segment as the manifest knows it. `bodies_from`: older rows have lost input and output to retention."""

    id: str
    kind: str
    rows: int
    bytes: int
    min_time: int
    max_time: int
    bodies_from: int


class Segment:
    """A sealed, immutable file and what stands beside it."""

    def __init__(self, folder: Path, entry: Entry) -> None:
        self.entry = entry
        self.kind = KINDS[entry.kind]
        self.path = folder / entry.kind / f"{entry.id}.parquet"
        self._groups: OrderedDict[int, list[tuple[str, ...]]] = OrderedDict()

    @property
    def words(self) -> Path:
        return self.path.with_suffix(".words")

    @cached_property
    def keys(self) -> KeyFile:
        return KeyFile(self.path.with_suffix(".keys"))

    def key_at(self, row: int) -> tuple[str, ...]:
        """The key of one row, read from the file; the last few groups read are remembered."""
        group = row // GROUP_ROWS
        keys = self._groups.get(group)
        if keys is None:
            with pq.ParquetFile(self.path) as file:
                keys = keys_of(self.kind, file.read_row_group(group, columns=list(self.kind.key)))
            self._groups[group] = keys
            if len(self._groups) > 4:
                self._groups.popitem(last=False)
        return keys[row % GROUP_ROWS]

    def holds(self, keys: list[tuple[str, ...]], wanted: Hashes) -> set[int]:
        """Which of the keys are here, as indexes. `wanted` are their hashes."""
        return {index for index, row in self.keys.find(wanted) if self.key_at(row) == keys[index]}


class SegmentWriter:
    """Writes one segment, group by group. Nothing is visible before `finish`."""

    def __init__(self, folder: Path, kind: Kind, *, bodies_from: int = 0) -> None:
        self.id = new_id()
        self._kind = kind
        self._folder = folder / kind.name
        self._bodies_from = bodies_from
        self._rows = 0
        self._times: list[int] = []
        self._hashes: list[Hashes] = []
        self._parts: dict[str, Part] = {}
        self._parquet = pq.ParquetWriter(self._temporary(".parquet"), kind.schema, **_options(kind))
        self._words = WordWriter(self._temporary(".words")) if kind is SPAN else None

    def _temporary(self, suffix: str) -> Path:
        return self._folder / f"{self.id}{suffix}.tmp"

    def append(self, group: pa.Table, hashes: Hashes) -> None:
        """One row group, already in order; all but the last hold exactly `GROUP_ROWS` rows."""
        self._parquet.write_table(group, row_group_size=GROUP_ROWS)
        if self._words is not None:
            self._words.add(self._rows, bodies_of(group))
        self._hashes.append(hashes)
        bounds = pc.min_max(group.column(self._kind.time))
        self._times += [bounds["min"].as_py(), bounds["max"].as_py()]
        self._note_projects(group)
        self._rows += len(group)

    def _note_projects(self, group: pa.Table) -> None:
        runs = pc.run_end_encode(group.column("project").combine_chunks())
        first = self._rows
        for project, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            part = self._parts.get(project)
            self._parts[project] = Part(project, part.first if part else first, self._rows + end - 1)
            first = self._rows + end

    def finish(self) -> Entry:
        """Make the files durable under their names."""
        self._parquet.close()
        if self._words is not None:
            self._words.finish(list(self._parts.values()))
        with self._temporary(".keys").open("wb") as file:
            write_keys(file, self._hashes)
        size = 0
        for suffix in self._suffixes():
            size += _sync(self._temporary(suffix))
            self._temporary(suffix).rename(self._folder / f"{self.id}{suffix}")
        _sync(self._folder)
        return Entry(
            *(self.id, self._kind.name, self._rows, size),
            *(min(self._times), max(self._times), self._bodies_from),
        )

    def _suffixes(self) -> tuple[str, ...]:
        return _SUFFIXES if self._words is not None else _SUFFIXES[:2]

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._parquet.close()
        if self._words is not None:
            self._words.abandon()
        for suffix in _SUFFIXES:
            self._temporary(suffix).unlink(missing_ok=True)


def _options(kind: Kind) -> dict[str, object]:
    # Ids and bodies hardly repeat: a dictionary would cost time and be thrown away.
    plain = {"trace_id", "span_id", "parent_id", "id", "input", "output", "start", "end", "time", "attributes"}
    options: dict[str, object] = {
        "compression": "zstd",
        "compression_level": 3,
        "use_dictionary": [name for name in kind.columns if name not in plain and name != "tags"],
        "data_page_size": 64 * 1024,  # small pages let a reader skip within a group
        "write_page_index": True,
        "store_schema": False,
        # Times grow by little: half the bytes of plain integers, and a third faster to read.
        "column_encoding": {name: "DELTA_BINARY_PACKED" for name in kind.columns if name in ("start", "end", "time")},
    }
    if kind is SPAN:
        options["bloom_filter_options"] = {"trace_id": {"ndv": GROUP_ROWS, "fpp": 0.01}}
    return options


def _sync(path: Path) -> int:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def order(kind: Kind, table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Row numbers in the order of a segment: project, time, key."""
    names = ["project", kind.time, *kind.key[1:]]
    indices = pc.sort_indices(table.select(names), sort_keys=[(name, "ascending") for name in names])
    return cast("np.ndarray[tuple[int], np.dtype[np.int64]]", indices.to_numpy())


class SegmentFolder:
    """Where the segments of one store lie: one folder for each kind."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for kind in KINDS:
            (path / kind).mkdir(parents=True, exist_ok=True)

    def open(self, entry: Entry) -> Segment:
        return Segment(self.path, entry)

    def create(self, kind: Kind, *, bodies_from: int = 0) -> SegmentWriter:
        return SegmentWriter(self.path, kind, bodies_from=bodies_from)

    def unfinished(self) -> list[Path]:
        """What a killed process left of the segment it was writing, unless somebody writes one right now."""
        return [path for kind in KINDS for path in (self.path / kind).glob("*.tmp*")]

    def finished(self) -> set[tuple[str, str]]:
        """(kind, id) of every segment that has a file here, whether or not the manifest names it."""
        files = ((kind, path) for kind in KINDS for path in (self.path / kind).iterdir())
        return {(kind, path.stem) for kind, path in files if path.suffix in _SUFFIXES}

    def remove(self, kind: str, segment_id: str) -> None:
        """Delete the files of a segment that no manifest names any more."""
        for suffix in _SUFFIXES:
            (self.path / kind / f"{segment_id}{suffix}").unlink(missing_ok=True)
