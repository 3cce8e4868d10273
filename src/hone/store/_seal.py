"""Sealing: the unsealed rows of one kind become a segment, off the commit path.

The files are durable before the one transaction that counts them and removes the journal rows. A crash before it
leaves files nobody names, which the sweep removes; a crash after it has nothing left to do.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine

from hone.core import Clock
from hone.store._codec import POOL
from hone.store._hot import Hot
from hone.store._journal import replace_journal
from hone.store._mirror import Mirror
from hone.store._rows import KINDS, Kind
from hone.store._segments import GROUP_ROWS, Entry, SegmentFolder, order


def seal(engine: Engine, mirror: Mirror, folder: SegmentFolder, kind: str, *, rows: int, clock: Clock) -> Entry | None:
    """Seal the oldest rows, about `rows` of them; None when there is nothing to seal. The caller holds the turn."""
    hot = _oldest(mirror.view().hot_of(kind), rows)
    if not hot:
        return None
    entry = _write(folder, KINDS[kind], hot)
    replace_journal(engine, [one.id for one in hot], entry, clock())
    mirror.view()  # lets go of the memory
    return entry


def _oldest(hot: list[Hot], rows: int) -> list[Hot]:
    chosen: list[Hot] = []
    found = 0
    for one in hot:
        if found >= rows:
            break
        chosen.append(one)
        found += len(one.keys)
    return chosen


def _write(folder: SegmentFolder, kind: Kind, hot: list[Hot]) -> Entry:
    table = pa.Table.from_batches([one.batch for one in hot]).combine_chunks(
        memory_pool=POOL
    )  # or every take would do it again
    hashes = np.concatenate([one.hashes for one in hot])
    places = order(kind, table)
    writer = folder.create(kind)
    try:
        for first in range(0, len(places), GROUP_ROWS):
            group = places[first : first + GROUP_ROWS]
            writer.append(pc.take(table, group, memory_pool=POOL), hashes[group])
        return writer.finish()
    except BaseException:
        writer.abandon()
        raise
