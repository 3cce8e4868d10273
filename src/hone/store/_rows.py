"""How a span, score or event becomes a row of columns, and comes back equal.

A row is a plain tuple in the order of the kind's Arrow schema; the spool, the journal and the segments all hold rows,
so every conversion is here. `attributes` travel as JSON text. Arrow and Parquet want UTF-8, which has no lone
surrogates: inside JSON texts they become their escapes (equal once parsed), in plain fields U+FFFD.
"""

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, cast

import msgspec

from hone.core import Event, Score, Span, Target, from_json, to_json

Record = Span | Score | Event
Row = tuple[Any, ...]

_SURROGATE = re.compile("[\ud800-\udfff]")


class Kind(msgspec.Struct, frozen=True):
    """One of the three immutable kinds: its columns, its key (first write wins) and the column of its time."""

    name: str
    columns: dict[str, str]  # column -> text | texts | int | float | bool
    time: str
    key: tuple[str, ...]
    row: Callable[[Any], Row]
    record: Callable[[dict[str, Any]], Record]

    @property
    def schema(self) -> Any:
        """The columns as an Arrow schema. A process that only spools never asks for it, and does without Arrow."""
        return _schema(self.name)


@lru_cache
def _schema(kind: str) -> Any:
    import pyarrow as pa

    types = {"text": pa.string(), "texts": pa.list_(pa.string()), "int": pa.int64(), "float": pa.float64()}
    types["bool"] = pa.bool_()
    return pa.schema([(name, types[of]) for name, of in KINDS[kind].columns.items()])


def _span_type(field: msgspec.structs.FieldInfo) -> str:
    if field.name == "tags":
        return "texts"
    kinds = {int: "int", int | None: "int", float | None: "float", bool: "bool"}
    return kinds.get(cast(Any, field.type), "text")


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
    columns={field.name: _span_type(field) for field in msgspec.structs.fields(Span)},
    time="start",
    key=("project", "trace_id", "span_id"),
    row=_span_row,
    record=_span,
)
SCORE = Kind(
    name="score",
    columns={
        "project": "text",
        "id": "text",
        "time": "int",
        "target_kind": "text",
        "target_id": "text",
        "name": "text",
        "value_boolean": "bool",
        "value_number": "float",
        "value_text": "text",
        "kind": "text",
        "by": "text",
        "comment": "text",
        "attributes": "text",
    },
    time="time",
    key=("project", "id"),
    row=_score_row,
    record=_score,
)
EVENT = Kind(
    name="event",
    columns={"project": "text", "id": "text", "time": "int", "name": "text", "subject": "text", "attributes": "text"},
    time="time",
    key=("project", "id"),
    row=_event_row,
    record=_event,
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in (SPAN, SCORE, EVENT)}
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
    of = KINDS[kind]
    return of.record(dict(zip(of.columns, row, strict=True)))


def row_size(row: Row) -> int:
    """About how many bytes a row holds in memory; only texts vary enough to count."""
    return 200 + sum(len(value) for value in row if type(value) is str)


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


def to_records(kind: Kind, rows: Iterable[dict[str, Any]]) -> list[Any]:
    """Query results, one dict of columns each, as core structs."""
    return [kind.record(row) for row in rows]
