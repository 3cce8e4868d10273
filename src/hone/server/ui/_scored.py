"""Scores with the task and variant they are about, and the rate that boolean ones make."""

from collections.abc import Iterable

from msgspec import Struct

from hone.core import Rate, Score, Span, wilson
from hone.evals import TAG
from hone.local import House
from hone.store import ScoreQuery, SpanQuery
from hone.traces import newest_of

_MOST = 20_000
_SPANS = 100_000


class Scored(Struct, frozen=True):
    score: Score
    task: str | None
    variant: str | None


def scored(house: House, metric: str | None, since: int, until: int) -> list[Scored]:
    """The scores of a metric in a window, newest first; the last word of each kind of judge on each thing counts.

    Scores of what evaluators asked are left out: they tell of a dataset and not of the traffic.
    """
    if metric is None:
        return []
    project = house.project.name
    query = ScoreQuery(project=project, name=metric, since=since, until=until, limit=_MOST)
    found = newest_of(house.telemetry.scores(query))
    about = _about(house, found)
    known = ((score, about.get(score.target.id)) for score in found)
    return [
        Scored(score, *((span.task, span.variant) if span else (None, None)))
        for score, span in known
        if span is None or TAG not in span.tags
    ]


def _about(house: House, scores: list[Score]) -> dict[str, Span]:
    """Spans by their own id, or by that of their trace; a trace is about the first task in it."""
    project = house.project.name
    spans = tuple({score.target.id for score in scores if score.target.kind == "span"})
    traces = tuple({score.target.id for score in scores if score.target.kind == "trace"})
    found: list[Span] = []
    if spans:
        found += house.telemetry.spans(SpanQuery(project=project, span_ids=spans, limit=_SPANS))
    about = {span.span_id: span for span in found}
    if traces:
        query = SpanQuery(project=project, trace_ids=traces, kind="task", limit=_SPANS)
        for span in house.telemetry.spans(query):
            about[span.trace_id] = span  # newest first, so the first task is written last
    return about


def rate_of(scores: Iterable[Score]) -> Rate | None:
    """The share of yes among boolean scores with its Wilson interval; None without any."""
    values = [score.value for score in scores if isinstance(score.value, bool)]
    return wilson(sum(values), len(values)) if values else None


def quality_metric(house: House) -> str | None:
    """The boolean metric that stands for quality: the first that hone.toml declares."""
    return next((name for name, metric in house.project.metrics.items() if metric.kind == "boolean"), None)
