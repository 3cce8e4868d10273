"""Questions to telemetry. Every answer is of one moment: sealed and unsealed rows together, each exactly once."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from hone.core import Event, Score, Span
from hone.errors import StoreError
from hone.store._ask import Dimension, EventQuery, Figures, Order, ScoreQuery, SpanQuery
from hone.store._duck import Duck
from hone.store._figures import figures
from hone.store._keys import group_hash
from hone.store._mirror import Mirror, View
from hone.store._newest import newest, within
from hone.store._rows import SPAN, to_records
from hone.store._search import search
from hone.store._where import conditions, kind_of

T = TypeVar("T")
_TRIES = 5


class Queries:
    """The reading half of `Telemetry`. Thread-safe."""

    def __init__(self, mirror: Mirror, folder: Path) -> None:
        self.__mirror = mirror
        self.__duck = Duck(folder)

    def close(self) -> None:
        self.__duck.close()

    def _ask(self, question: Callable[[Duck, View], T]) -> T:
        """Put a question to the present; if compaction deleted a file under its feet, to a newer present."""
        for _ in range(_TRIES):
            try:
                return question(self.__duck, self.__mirror.view())
            except FileNotFoundError as error:
                gone = error
        raise StoreError(
            f"a segment of the telemetry is missing: {gone}", hint="restore the blobs folder from a backup"
        )

    def spans(self, query: SpanQuery) -> list[Span]:
        """Spans, newest first."""
        ask = newest if query.words is None else search
        return to_records(SPAN, self._ask(lambda duck, view: ask(duck, view, query)))

    def trace(self, project: str, trace_id: str) -> list[Span]:
        """Every span of a trace, by start."""
        return to_records(SPAN, self._ask(lambda duck, view: _trace(duck, view, project, trace_id)))

    def scores(self, query: ScoreQuery) -> list[Score]:
        """Scores, newest first."""
        found = self._ask(lambda duck, view: newest(duck, view, query))
        return to_records(kind_of(query), found)

    def scores_of(self, project: str, target_ids: Sequence[str]) -> list[Score]:
        """Every score of some spans, traces or sessions, newest first."""
        query = ScoreQuery(project=project, target_ids=tuple(target_ids), limit=_ALL)
        return self.scores(query) if target_ids else []

    def events(self, query: EventQuery) -> list[Event]:
        """Events, newest first."""
        return to_records(kind_of(query), self._ask(lambda duck, view: newest(duck, view, query)))

    def count(self, query: SpanQuery | ScoreQuery | EventQuery) -> int:
        """How many records there are, whatever the limit. Words do not count here.

        Raises:
            ValueError: the query asks for words.
        """
        if isinstance(query, SpanQuery) and query.words is not None:
            raise ValueError("spans are not counted by words: list them")
        return self._ask(lambda duck, view: _count(duck, view, query))

    def percentiles(
        self, query: SpanQuery | None = None, *, by: Dimension | None = None, bucket: int | None = None
    ) -> list[Figures]:
        """Figures of the spans of a query, whatever its limit, by a dimension and by stretches of `bucket` ns.

        Ordered by time, then by the dimension.
        """
        query = query or SpanQuery()
        return self._ask(lambda duck, view: figures(duck, view, query, by=by, bucket=bucket))

    def top(self, by: Dimension, query: SpanQuery | None = None, *, order: Order = "count") -> list[Figures]:
        """The groups of a dimension with the most, as many as the query's limit; spans without it do not count."""
        query = query or SpanQuery()
        return self._ask(lambda duck, view: figures(duck, view, query, by=by, order=order))


_ALL = 2**62


def _trace(duck: Duck, view: View, project: str, trace_id: str) -> list[dict[str, Any]]:
    upper = group_hash(project, trace_id)
    found, parameters = conditions(SpanQuery(project=project, trace_id=trace_id))
    segments = [segment for segment in view.segments_of("span") if len(segment.keys.group(upper))]
    hot = view.tables["span"]
    return duck.ask("*", SPAN, segments, hot, found, 'ORDER BY "start", span_id', parameters)


def _count(duck: Duck, view: View, query: SpanQuery | ScoreQuery | EventQuery) -> int:
    kind = kind_of(query)
    segments = within(view.segments_of(kind.name), query.since, query.until)
    found, parameters = conditions(query)
    hot = view.tables[kind.name]
    return int(duck.ask("count(*) AS n", kind, segments, hot, found, "", parameters)[0]["n"])
