"""Rows as Arrow batches, and batches as bytes: what the journal holds."""

from collections.abc import Sequence
from typing import cast

import pyarrow as pa

from hone.store._rows import Kind, Row, valid_text


def _pool() -> pa.MemoryPool:
    # Arrow's default allocator returns memory to the system at once, and getting it back page by page was half the
    # time of a commit.
    try:
        return pa.jemalloc_memory_pool()
    except NotImplementedError:
        return pa.default_memory_pool()


POOL = _pool()


def to_batch(kind: Kind, rows: Sequence[Row]) -> pa.RecordBatch:
    """Rows as one Arrow batch.

    Raises:
        TypeError, ValueError, OverflowError: a value does not fit its column.
    """
    try:
        return _batch(kind, rows)
    except UnicodeEncodeError:
        return _batch(kind, [valid_text(kind, row) for row in rows])


def _batch(kind: Kind, rows: Sequence[Row]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(column, type=field.type, memory_pool=POOL) for column, field in zip(columns, kind.schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=kind.schema)


def keys_of(kind: Kind, batch: pa.RecordBatch | pa.Table) -> list[tuple[str, ...]]:
    """The key of every row of a batch, in order."""
    return list(zip(*(batch.column(name).to_pylist() for name in kind.key), strict=True))


def to_bytes(batch: pa.RecordBatch) -> bytes:
    """One Arrow IPC stream, lz4; any Arrow reader opens it."""
    sink = pa.BufferOutputStream(memory_pool=POOL)
    # Arrow compresses each of a batch's sixty-odd buffers alone, and zstd makes a context for each. In a group of 40
    # spans that was 28 microseconds a span, against 1 here, and what the journal holds is soon sealed with zstd anyway.
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as stream:
        stream.write_batch(batch)
    return cast(bytes, sink.getvalue().to_pybytes())


def from_bytes(data: bytes) -> pa.RecordBatch:
    """The batch behind `to_bytes`."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
        return stream.read_next_batch()
