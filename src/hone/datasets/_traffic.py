"""Examples from live traffic: which calls, and what of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from hone.core import Score, Span, from_json
from hone.datasets._example import Example
from hone.errors import CallError
from hone.store import ScoreQuery, SpanQuery

if TYPE_CHECKING:
    from hone.store import Telemetry

CORRECTION = "correction"
"""The score whose text is the right answer; a person's thumb says only that an answer was wrong."""

_EVAL = "eval"  # the tag of calls that a run of evaluators made
_PAGE = 500
_SCORES = 100_000


class Wanted(Struct, frozen=True, kw_only=True):
    """Which calls. `metric` and `value` ask for a score; times are ns."""

    task: str | None = None
    since: int | None = None
    metric: str | None = None
    value: bool | float | str | None = None
    limit: int = 100

    @classmethod
    def where(cls, text: str | None, **rest: Any) -> "Wanted":
        """`text` as `METRIC:VALUE`, such as `helpful:false`, or as the name of a metric alone.

        Raises:
            CallError: it names no metric.
        """
        if text is None:
            return cls(**rest)
        metric, colon, value = text.partition(":")
        if not metric or "=" in metric:
            raise CallError(f"{text!r} is not METRIC or METRIC:VALUE", hint="helpful:false")
        return cls(metric=metric, value=_value(value) if colon else None, **rest)


def pick_spans(telemetry: "Telemetry", project: str, wanted: Wanted) -> list[Span]:
    """The spans of the newest calls that fit. Calls made by evaluators do not count as traffic."""
    scored = _scored(telemetry, project, wanted) if wanted.metric is not None else None
    found: list[Span] = []
    query = SpanQuery(project=project, kind="task", task=wanted.task, since=wanted.since, limit=_PAGE)
    while len(found) < wanted.limit:
        page = telemetry.spans(query)
        for span in page:
            fits = scored is None or span.trace_id in scored or span.span_id in scored
            if fits and _EVAL not in span.tags and span.input:
                found.append(span)
        if len(page) < _PAGE:
            break
        query = replace(query, before=(page[-1].start, page[-1].span_id))
    return found[: wanted.limit]


def examples_from(
    spans: Iterable[Span],
    scores: Iterable[Score] = (),
    *,
    corrected: Mapping[str, Any] | None = None,
    tags: Iterable[str] = (),
    probability: float | None = None,
) -> Iterator[Example]:
    """Each span's input as an example. The expected output is the corrected one, where there is one.

    `corrected` goes by trace id; without it a score named `correction` counts. Calls of one session are one group, so
    that no conversation is in dev and held-out at once.
    """
    known = {score.target.id: score.value for score in scores if score.name == CORRECTION}
    for span in spans:
        value = from_json(span.input) if span.input else None
        if not isinstance(value, dict | str) or not value:
            continue
        right = (corrected or {}).get(span.trace_id, known.get(span.span_id, known.get(span.trace_id)))
        yield Example(
            id=span.trace_id,
            input=value,
            expected=right,
            tags=tuple(tags),
            origin="traffic",
            group=span.session,
            probability=probability,
            trace=span.trace_id,
        )


def _scored(telemetry: "Telemetry", project: str, wanted: Wanted) -> set[str]:
    """The ids of what has the score; of several scores of one thing by one kind of judge, the newest counts."""
    newest: dict[tuple[str, str], Any] = {}
    query = ScoreQuery(project=project, name=wanted.metric, since=wanted.since, limit=_SCORES)
    for score in telemetry.scores(query):
        newest.setdefault((score.target.id, score.by), score.value)
    return {target for (target, _), value in newest.items() if wanted.value is None or _same(value, wanted.value)}


def _same(value: Any, wanted: Any) -> bool:
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _value(text: str) -> bool | float | str:
    try:
        value = from_json(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text
