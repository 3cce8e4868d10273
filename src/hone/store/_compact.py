"""Compaction: many small segments become one larger one, so that a question opens few files.

Only segments of the same UTC day meet, so that retention can drop whole segments to the day. Sources are sorted and
read forward, a row group each, so memory does not grow with the size of the result.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hone.store._codec import POOL
from hone.store._keys import Hashes
from hone.store._rows import Kind
from hone.store._segments import GROUP_ROWS, Entry, Segment, SegmentFolder, order

_DAY = 86_400 * 1_000_000_000
_FIRST_CLASS = 1000  # rows; every class holds segments `fan_in` times larger than the one below


def plan(entries: Sequence[Entry], *, most: int, fan_in: int | None = None) -> list[list[Entry]]:
    """Which segments to merge: groups of one kind and day, at most `most` rows together.

    With `fan_in`, only so many of one size class at once: a row is then rewritten once for every class, not once for
    every small segment that comes along. Without, everything that fits.
    """
    alike: dict[tuple[str, int, int], list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: (entry.max_time, entry.id)):
        if entry.rows < most:
            size = 0 if fan_in is None else _size_class(entry.rows, fan_in)
            alike[(entry.kind, entry.max_time // _DAY, size)].append(entry)
    return [group for of_class in alike.values() for group in _groups(of_class, fan_in, most)]


def _size_class(rows: int, fan_in: int) -> int:
    size, limit = 0, _FIRST_CLASS
    while rows > limit:
        size, limit = size + 1, limit * fan_in
    return size


def _groups(entries: list[Entry], fan_in: int | None, most: int) -> Iterator[list[Entry]]:
    group: list[Entry] = []
    for entry in entries:
        full = group and sum(one.rows for one in group) + entry.rows > most
        if full or len(group) == fan_in:
            # What fits no more is a full segment, even of fewer parts.
            if len(group) > 1:
                yield group
            group = []
        group.append(entry)
    if len(group) > 1 and (fan_in is None or len(group) >= fan_in):
        yield group


def merge(
    folder: SegmentFolder, sources: Sequence[Segment], *, bodies_before: int = 0, between: Callable[[], None]
) -> Entry:
    """One segment of all the rows, in order; rows older than `bodies_before` lose input and output.

    `between` is called now and then, since this can take a minute; what it raises ends the merge without a trace.
    """
    kind = sources[0].kind
    # Of rows under this time nobody has bodies: the merged segment may promise only what all its parts do.
    bodies_from = max(bodies_before, min(source.entry.bodies_from for source in sources))
    writer = folder.create(kind, bodies_from=bodies_from)
    try:
        for group, hashes in _merged(kind, sources):
            between()
            writer.append(_without_bodies(group, bodies_before), hashes)
        return writer.finish()
    except BaseException:
        writer.abandon()
        raise


def _merged(kind: Kind, sources: Sequence[Segment]) -> Iterator[tuple[pa.Table, Hashes]]:
    names = ["project", kind.time, *kind.key[1:]]
    places = order(kind, pa.concat_tables([pq.read_table(source.path, columns=names) for source in sources]))
    starts = np.cumsum([0, *(source.entry.rows for source in sources)])
    hashes = np.concatenate([source.keys.in_row_order() for source in sources])
    readers = [_Forward(source) for source in sources]
    for first in range(0, len(places), GROUP_ROWS):
        group = places[first : first + GROUP_ROWS]
        origin = np.searchsorted(starts, group, "right") - 1
        counts = np.bincount(origin, minlength=len(sources))
        table = pa.concat_tables([readers[index].take(count) for index, count in enumerate(counts) if count])
        # The rows stand source by source now; put each where the order wants it.
        inverse = np.empty(len(group), np.int64)
        inverse[np.argsort(origin, kind="stable")] = np.arange(len(group))
        yield pc.take(table.combine_chunks(memory_pool=POOL), inverse, memory_pool=POOL), hashes[group]


class _Forward:
    """A segment read once, from its first row to its last."""

    def __init__(self, segment: Segment) -> None:
        self._batches = pq.ParquetFile(segment.path).iter_batches(batch_size=1024)
        self._schema = segment.kind.schema
        self._left: pa.Table | None = None

    def take(self, rows: int) -> pa.Table:
        """The next rows."""
        parts = []
        while rows:
            if self._left is None or not len(self._left):
                self._left = pa.Table.from_batches([next(self._batches)]).cast(self._schema)
            parts.append(self._left.slice(0, rows))
            self._left = self._left.slice(rows)
            rows -= len(parts[-1])
        return pa.concat_tables(parts)


def _without_bodies(table: pa.Table, before: int) -> pa.Table:
    if "start" not in table.column_names or not before:
        return table
    old = pc.less(table.column("start"), before)
    for name in ("input", "output"):
        index = table.column_names.index(name)
        kept = pc.if_else(old, pa.scalar(None, pa.string()), table.column(name))
        table = table.set_column(index, name, kept)
    return table
