"""The newest rows first, without reading what is older than needed.

The manifest and the row groups know their times. So the question is put to a window of time that should hold enough
rows, and to one eight times as large only when it did not.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from hone.store._duck import Duck
from hone.store._mirror import View
from hone.store._segments import Segment
from hone.store._where import Query, conditions, kind_of

_FIRST_ROWS = 2048
_GROWTH = 8


def within(segments: Sequence[Segment], since: int | None, until: int | None) -> list[Segment]:
    """The segments that can hold rows of `since <= time < until`."""
    return [
        segment
        for segment in segments
        if (since is None or segment.entry.max_time >= since) and (until is None or segment.entry.min_time < until)
    ]


def newest(duck: Duck, view: View, query: Query) -> list[dict[str, Any]]:
    """The rows of a query in the order (time, id), newest first, at most its limit."""
    kind = kind_of(query)
    until = query.until if query.before is None else min(query.before[0] + 1, query.until or query.before[0] + 1)
    segments = within(view.segments_of(kind.name), query.since, until)
    hot = view.tables[kind.name]
    found, parameters = conditions(query)
    tail = f'ORDER BY "{kind.time}" DESC, "{kind.key[-1]}" DESC LIMIT $limit'
    rows: list[dict[str, Any]] = []
    for low in _windows(segments, until, max(_FIRST_ROWS, 4 * query.limit)):
        chosen = within(segments, low, None)
        window = [] if low is None else [f'"{kind.time}" >= $low']
        rows = duck.ask("*", kind, chosen, hot, found + window, tail, parameters | {"low": low})
        if len(rows) >= query.limit:
            break
    return rows


def _windows(segments: Sequence[Segment], until: int | None, rows: int) -> Iterator[int | None]:
    """Lower bounds in time, each for about eight times the rows of the one before; at last none."""
    total = sum(segment.entry.rows for segment in segments)
    while rows < total:
        yield _reaching_back(segments, until, rows)
        rows *= _GROWTH
    yield None


def _reaching_back(segments: Sequence[Segment], until: int | None, rows: int) -> int:
    """The time from which on there should be about `rows` rows, if each segment's are spread evenly."""
    wanted = float(rows)
    for segment in segments:
        entry = segment.entry
        high = entry.max_time if until is None else min(entry.max_time, until)
        length = max(entry.max_time - entry.min_time, 1)
        expected = entry.rows * (high - entry.min_time) / length
        if expected >= wanted:
            return high - int(length * wanted / entry.rows)
        wanted -= expected
    return min(segment.entry.min_time for segment in segments)
