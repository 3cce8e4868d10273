"""Spans by their words, newest first: sealed ones by the word index of their segment, unsealed ones by looking."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from hone.store._ask import SpanQuery
from hone.store._duck import Duck
from hone.store._mirror import View
from hone.store._newest import within
from hone.store._rows import SPAN
from hone.store._segments import Segment
from hone.store._where import conditions
from hone.store._words import bodies_of, holding, terms
from hone.store._words import search as rows_with

_CHUNK = 200
_GROWTH = 4
_ORDER = 'ORDER BY "start" DESC, span_id DESC'


def search(duck: Duck, view: View, query: SpanQuery) -> list[dict[str, Any]]:
    """The newest spans with all the words; none for a question without a word in it."""
    wanted = terms(query.words or "")
    if not wanted:
        return []
    rows = _unsealed(duck, view, query, wanted)
    until = query.until if query.before is None else query.before[0] + 1
    for segment in within(view.segments_of("span"), query.since, until):
        if len(rows) >= query.limit and rows[-1]["start"] > segment.entry.max_time:
            break
        rows = _newest(rows + _sealed(duck, segment, query, wanted), query.limit)
    return rows


def _newest(rows: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["start"], row["span_id"]), reverse=True)[:limit]


def _sealed(duck: Duck, segment: Segment, query: SpanQuery, wanted: list[str]) -> list[dict[str, Any]]:
    """The newest of one segment. In growing chunks, because other conditions may leave few of each."""
    found, parameters = conditions(query)
    numbers = rows_with(segment.words, wanted, query.project)
    # Rows of several projects stand one project after the other, so only all of them are in order of time.
    chunk = max(_CHUNK, query.limit) if query.project is not None else segment.entry.rows
    rows: list[dict[str, Any]] = []
    while len(rows) < query.limit and (places := list(islice(numbers, chunk))):
        here = f"file_row_number IN ({', '.join(map(str, places))})"
        tail = f"{_ORDER} LIMIT $limit"
        rows += duck.ask("* EXCLUDE (file_row_number)", SPAN, [segment], None, [*found, here], tail, parameters)
        chunk *= _GROWTH
    return rows


def _unsealed(duck: Duck, view: View, query: SpanQuery, wanted: list[str]) -> list[dict[str, Any]]:
    hot = view.tables["span"]
    numbered = hot.append_column("place", pa.array(np.arange(len(hot))))
    found, parameters = conditions(query)
    likely = [_may_hold(index) for index, term in enumerate(wanted) if term.isascii()]
    bound = parameters | {f"term{index}": term for index, term in enumerate(wanted)}
    places = [row["place"] for row in duck.ask("place", SPAN, [], numbered, found + likely, _ORDER, bound)]
    return list(islice(_verified(hot, places, wanted), query.limit))


def _may_hold(index: int) -> str:
    """Rules out nearly every row without the word and none with it; an escape in JSON may hide any letter."""
    texts = ('"name"', "input", "output", "error")
    tests = [f"contains(lower(strip_accents({text})), $term{index})" for text in texts]
    tests += [f"contains({text}, '\\u')" for text in ("input", "output")]
    return "(" + " OR ".join(tests) + ")"


def _verified(hot: pa.Table, places: list[int], wanted: list[str]) -> Iterator[dict[str, Any]]:
    for first in range(0, len(places), _CHUNK):
        some = hot.take(places[first : first + _CHUNK])
        for index in holding(bodies_of(some), wanted):
            yield some.slice(index, 1).to_pylist()[0]
