"""How a span, score or event becomes a row of columns, and comes back equal.

A row is a plain tuple in the order of the kind's Arrow schema; the spool, the journal and the segments all hold rows,
so every conversion is here. `attributes` travel as JSON text. Arrow and Parquet want UTF-8, which has no lone
surrogates: inside JSON texts they become their escapes (equal once parsed), in plain fields U+FFFD.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import msgspec
import pyarrow as pa

from hone.core import Event, Score, Span, Target, from_json, to_json

Record = Span | Score | Event
Row = tuple[Any, ...]

_SURROGATE = re.compile("[\ud800-\udfff]")


class Kind(msgspec.Struct, frozen=True):
    """One of the three immutable kinds: its columns, its key (first write wins) and the column of its time."""

    name: str
    schema: pa.Schema
    time: str
    key: tuple[str, ...]
    row: Callable[[Any], Row]
    record: Callable[[dict[str, Any]], Record]

    @property
    def columns(self) -> list[str]:
        return cast(list[str], self.schema.names)


def _pool() -> pa.MemoryPool:
    # Arrow's default allocator returns memory to the system at once, and getting it back page by page was half the
    # time of a commit.
    try:
        return pa.jemalloc_memory_pool()
    except NotImplementedError:
        return pa.default_memory_pool()


POOL = _pool()


def _schema(**types: Any) -> pa.Schema:
    return pa.schema(list(types.items()))


_text, _int, _float, _bool = pa.string(), pa.int64(), pa.float64(), pa.bool_()


def _span_type(field: msgspec.structs.FieldInfo) -> Any:
    if field.name == "tags":
        return pa.list_(_text)
    kinds = {int: _int, int | None: _int, float | None: _float, bool: _bool}
    return kinds.get(cast(Any, field.type), _text)


def _attributes(value: dict[str, Any]) -> str:
    if not value:
        return "{}"
    try:
        return to_json(value)
    except OverflowError:  # an integer past 64 bits, which msgspec's writer refuses
        return json.dumps(value, default=repr, skipkeys=True)


def _span_row(span: Span) -> Row:
    return (*msgspec.structs.astuple(span)[:-1], _attributes(span.attributes))


def _span(row: dict[str, Any]) -> Span:
    row["tags"] = tuple(row["tags"])
    row["attributes"] = from_json(row["attributes"])
    return Span(**row)


def _score_row(score: Score) -> Row:
    value = score.value
    as_bool = value if isinstance(value, bool) else None
    as_text = value if isinstance(value, str) else None
    as_number = float(value) if as_bool is None and as_text is None else None
    return (
        *(score.project, score.id, score.time, score.target.kind, score.target.id, score.name),
        *(as_bool, as_number, as_text),
        *(score.kind, score.by, score.comment, _attributes(score.attributes)),
    )


def _score(row: dict[str, Any]) -> Score:
    values = [row.pop(name) for name in ("value_boolean", "value_number", "value_text")]
    target = Target(row.pop("target_kind"), row.pop("target_id"))
    value = next(value for value in values if value is not None)
    return Score(**row | {"target": target, "value": value, "attributes": from_json(row["attributes"])})


def _event_row(event: Event) -> Row:
    return (*msgspec.structs.astuple(event)[:-1], _attributes(event.attributes))


def _event(row: dict[str, Any]) -> Event:
    return Event(**row | {"attributes": from_json(row["attributes"])})


SPAN = Kind(
    name="span",
    schema=_schema(**{field.name: _span_type(field) for field in msgspec.structs.fields(Span)}),
    time="start",
    key=("project", "trace_id", "span_id"),
    row=_span_row,
    record=_span,
)
SCORE = Kind(
    name="score",
    schema=_schema(
        **{"project": _text, "id": _text, "time": _int, "target_kind": _text, "target_id": _text, "name": _text},
        **{"value_boolean": _bool, "value_number": _float, "value_text": _text},
        **{"kind": _text, "by": _text, "comment": _text, "attributes": _text},
    ),
    time="time",
    key=("project", "id"),
    row=_score_row,
    record=_score,
)
EVENT = Kind(
    name="event",
    schema=_schema(project=_text, id=_text, time=_int, name=_text, subject=_text, attributes=_text),
    time="time",
    key=("project", "id"),
    row=_event_row,
    record=_event,
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in (SPAN, SCORE, EVENT)}
_COLUMNS = {name: tuple(kind.columns) for name, kind in KINDS.items()}  # asking Arrow each time costs microseconds
_OF_TYPE: dict[type, Kind] = {Span: SPAN, Score: SCORE, Event: EVENT}
_JSON_TEXTS = frozenset({"input", "output", "attributes"})


def to_row(record: Record) -> tuple[str, Row]:
    """The kind of a record and its row.

    Raises:
        TypeError: it is no Span, Score or Event.
    """
    kind = _OF_TYPE.get(type(record))
    if kind is None:
        raise TypeError(f"telemetry is made of spans, scores and events, not of {type(record).__name__}")
    return kind.name, kind.row(record)


def to_record(kind: str, row: Row) -> Record:
    """The record behind a row."""
    return KINDS[kind].record(dict(zip(_COLUMNS[kind], row, strict=True)))


def row_size(row: Row) -> int:
    """About how many bytes a row holds in memory; only texts vary enough to count."""
    return 200 + sum(len(value) for value in row if type(value) is str)


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


def valid_text(kind: Kind, row: Row) -> Row:
    """The row with every lone surrogate out of the way of UTF-8."""
    return tuple(_valid(name, value) for name, value in zip(kind.columns, row, strict=True))


def _valid(column: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_valid(column, item) for item in value)
    if not isinstance(value, str):
        return value
    if column in _JSON_TEXTS:
        return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", value)
    return _SURROGATE.sub("\ufffd", value)


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


def to_records(kind: Kind, rows: Iterable[dict[str, Any]]) -> list[Any]:
    """Query results, one dict of columns each, as core structs."""
    return [kind.record(row) for row in rows]
