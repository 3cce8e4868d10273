"""Reading traces: a page of the latest, one as a tree."""

import re
from collections import defaultdict
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, structs

from hone.core import Score, Span, SpanStatus, valid_trace_id
from hone.errors import CallError, NotFound
from hone.store import SpanQuery, Telemetry
from hone.traces._matching import matching
from hone.traces._views import TraceDetail, TracePage, cursor, detail_of, first_spans, from_cursor, row_of

_RECENT = 1000  # traces among which a shortened id is looked for
_PAGE, _PAGES = 500, 10  # how far back calls are looked for whose parents are elsewhere
_MOST = 100_000  # spans of the traces on one page
_WHOLE = re.compile(r"-?[0-9]{1,18}")  # 64 bits hold it
_SKEW_NS = 60_000_000_000  # a child's clock may run behind its parent's


class TraceFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which traces. `words` must all occur in the name, input, output or error of the trace's first span."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    task: str | None = None
    variant: str | None = None
    session: str | None = None
    user: str | None = None
    status: SpanStatus | None = None
    model: str | None = None  # that any span of the trace asked
    error: str | None = None  # the class of it, on any span; with `model`, on a span of that model
    tag: str | None = None
    without_tag: str | None = None
    score: str | None = None  # `helpful:false`: a score of that name and value is on the trace, a span or its session
    since: int | None = None  # nanoseconds since the epoch
    words: str | None = None
    cursor: str | None = None

    @classmethod
    def of(cls, values: dict[str, Any]) -> "TraceFilter":
        """From query parameters or options, whose numbers may be text.

        Raises:
            CallError: a name or a value is not right.
        """
        read = {name: _number(value) if name in ("limit", "since") else value for name, value in values.items()}
        try:
            return msgspec.convert(read, cls)
        except msgspec.ValidationError as problem:
            raise CallError(f"the filter is not right: {problem}") from None


def _number(value: Any) -> Any:
    """The number that a text is; what is none stays as it is."""
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value


class Traces:
    """The traces of one project."""

    def __init__(self, telemetry: Telemetry, project: str) -> None:
        self._telemetry = telemetry
        self._project = project

    def latest(self, wanted: TraceFilter | None = None) -> TracePage:
        """Traces by the start of their first span, newest first."""
        wanted = wanted or TraceFilter()
        among = matching(self._telemetry, self._project, wanted.model, wanted.error, wanted.score, wanted.since)
        if among is not None and not among:
            return TracePage([])
        first = self._firsts(structs.replace(self._query(wanted), trace_ids=among))
        shown = first[: wanted.limit]
        spans = self._spans_of(shown)
        scores = self._scores_of(spans)
        # Several calls may belong to one trace that began elsewhere; it is one row, at the first of them.
        earliest = {trace_id: min(first_spans(members), key=_position) for trace_id, members in spans.items()}
        rows = [
            row_of(span, spans[span.trace_id], scores[span.trace_id])
            for span in shown
            if span.span_id == earliest[span.trace_id].span_id
        ]
        return TracePage(rows, cursor(shown[-1]) if len(first) > wanted.limit else None)

    def show(self, trace_id: str) -> TraceDetail:
        """One trace; its id may be cut short when it is one of the latest.

        Raises:
            NotFound: there is no such trace.
            CallError: several begin so.
        """
        full = trace_id if valid_trace_id(trace_id) else self.full_id(trace_id)
        spans = self._telemetry.trace(self._project, full)
        if not spans:
            # A reply may be a few milliseconds ahead of the commit of its spans.
            self._telemetry.flush()
            spans = self._telemetry.trace(self._project, full)
        if not spans:
            raise _not_found(trace_id)
        targets = [full, *(span.span_id for span in spans)]
        return detail_of(full, spans, self._telemetry.scores_of(self._project, targets))

    def _firsts(self, query: SpanQuery) -> list[Span]:
        """The first spans of one more trace than asked for, which tells whether there is a next page.

        A first span has no parent, or one that was never recorded here: the caller's own tracing may go elsewhere.
        """
        found = self._telemetry.spans(structs.replace(query, roots_only=True))
        oldest = found[-1].start if len(found) == query.limit else 0
        found += self._orphans(query, oldest)
        return sorted(found, key=_position, reverse=True)[: query.limit]

    def _query(self, wanted: TraceFilter) -> SpanQuery:
        return SpanQuery(
            project=self._project,
            limit=wanted.limit + 1,
            task=wanted.task,
            variant=wanted.variant,
            session=wanted.session,
            user=wanted.user,
            status=wanted.status,
            tag=wanted.tag,
            without_tag=wanted.without_tag,
            since=wanted.since,
            words=wanted.words,
            before=from_cursor(wanted.cursor) if wanted.cursor else None,
        )

    def _orphans(self, query: SpanQuery, oldest: int) -> list[Span]:
        """Calls whose parent is not in the store, as far back as `oldest`, looked for among the latest few thousand."""
        found: list[Span] = []
        for kind in ("task", "llm"):
            before = query.before
            for _ in range(_PAGES):
                page = self._telemetry.spans(structs.replace(query, kind=kind, before=before, limit=_PAGE))
                children = [span for span in page if span.parent_id is not None and span.start >= oldest]
                known = self._known({span.parent_id for span in children if span.parent_id})
                found += (span for span in children if span.parent_id not in known)
                if len(page) < _PAGE or page[-1].start < oldest or len(found) >= query.limit:
                    break
                before = (page[-1].start, page[-1].span_id)
        return found

    def _known(self, span_ids: set[str]) -> set[str]:
        if not span_ids:
            return set()
        query = SpanQuery(project=self._project, span_ids=tuple(span_ids), limit=len(span_ids))
        return {span.span_id for span in self._telemetry.spans(query)}

    def _spans_of(self, firsts: list[Span]) -> dict[str, list[Span]]:
        """Every span of the traces that begin with `firsts`."""
        if not firsts:
            return {}
        ids = tuple({span.trace_id for span in firsts})
        since = min(span.start for span in firsts) - _SKEW_NS
        found: dict[str, list[Span]] = defaultdict(list)
        for span in self._telemetry.spans(SpanQuery(project=self._project, trace_ids=ids, since=since, limit=_MOST)):
            found[span.trace_id].append(span)
        return found

    def _scores_of(self, spans: dict[str, list[Span]]) -> dict[str, list[Score]]:
        """Scores of each trace: of the trace itself, and of any of its spans."""
        trace_of = {span.span_id: trace_id for trace_id, members in spans.items() for span in members}
        found: dict[str, list[Score]] = defaultdict(list)
        for score in self._telemetry.scores_of(self._project, [*spans, *trace_of]):
            found[trace_of.get(score.target.id, score.target.id)].append(score)
        return found

    def full_id(self, start: str) -> str:
        """The id of the one trace among the latest that begins so.

        Raises:
            NotFound: there is none.
            CallError: there are several.
        """
        latest = [
            *self._telemetry.spans(SpanQuery(project=self._project, roots_only=True, limit=_RECENT)),
            *self._telemetry.spans(SpanQuery(project=self._project, limit=_RECENT)),
        ]
        found = {span.trace_id for span in latest if start and span.trace_id.startswith(start)}
        if len(found) > 1:
            raise CallError(f"{len(found)} traces begin with {start!r}", hint="give more of the id")
        if not found:
            raise _not_found(start)
        return found.pop()


def _position(span: Span) -> tuple[int, str]:
    return span.start, span.span_id


def _not_found(trace_id: str) -> NotFound:
    return NotFound(f"no trace {trace_id!r}", hint="hone traces list shows the latest")
