"""Unsealed rows in memory, as Arrow."""

import msgspec
import pyarrow as pa

from hone.store._keys import Hashes
from hone.store._rows import Kind

_MERGED_BYTES = 1024 * 1024


class Hot(msgspec.Struct, frozen=True, eq=False):
    """One row of the journal, decoded."""

    id: int
    kind: str
    created: int
    batch: pa.RecordBatch
    keys: list[tuple[str, ...]]
    hashes: Hashes

    @property
    def bytes(self) -> int:
        return int(self.batch.nbytes)


class Stack:
    """The batches of one kind as a table for questions.

    A quiet application commits spans one by one, and thousands of tiny batches are slow to ask. So small neighbours
    of like size are joined, as a binary counter carries; large batches stay as they are, without a copy.
    """

    def __init__(self, kind: Kind) -> None:
        self._empty = kind.schema.empty_table()
        self._tables: list[pa.Table] = []

    def push(self, batch: pa.RecordBatch) -> None:
        table = pa.Table.from_batches([batch])
        while self._tables and len(self._tables[-1]) <= len(table):
            if self._tables[-1].nbytes + table.nbytes > _MERGED_BYTES:
                break
            table = pa.concat_tables([self._tables.pop(), table]).combine_chunks()
        self._tables.append(table)

    def clear(self) -> None:
        self._tables.clear()

    def table(self) -> pa.Table:
        return pa.concat_tables([self._empty, *self._tables])
