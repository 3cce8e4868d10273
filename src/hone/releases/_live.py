"""How the variants of a task do in live traffic: scores, errors and latency of calls, without those of experiments."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hone.core import SpanStatus
from hone.evals import (
    TAG,
    Comparison,
    Estimate,
    judged,
    mean,
    means_apart,
    means_differ,
    rate,
    rates_apart,
    rates_differ,
)
from hone.store import Metric, ScoreQuery, SpanQuery, Telemetry

ERRORS, LATENCY = "error_rate", "latency"
BUILT_IN = {
    ERRORS: Metric(kind="boolean", direction="down"),  # a call that failed is True
    LATENCY: Metric(kind="number", direction="down"),  # seconds
}
_PAGE = 5_000
_MOST = 200_000  # calls, and scores, that one look takes in


class LiveSummary(Struct, frozen=True, kw_only=True):
    """One metric of one variant. `low` and `high` are a 95 % interval for one look, not for looking again and again."""

    variant: str
    metric: str
    n: int
    mean: float | None
    low: float | None
    high: float | None


class Done(Struct, frozen=True):
    """As much of a call as is compared; hundreds of thousands of them are held at once."""

    trace_id: str
    span_id: str
    variant: str | None
    status: SpanStatus
    duration: int  # ns


class Calls(Struct, frozen=True, kw_only=True):
    """The calls of a task in an environment since a moment, oldest first."""

    spans: list[Done]
    scores: dict[str, dict[str, Any]]  # metric -> trace id -> value

    def values(self, variant: str, metric: str) -> list[bool | float]:
        """The values of a metric in the order of the calls; a call without one is left out."""
        mine = [span for span in self.spans if span.variant == variant and span.status != "cancelled"]
        if metric == ERRORS:
            return [span.status == "error" for span in mine]
        if metric == LATENCY:
            return [span.duration / 1e9 for span in mine if span.status == "ok"]
        known = self.scores.get(metric, {})
        return [known[span.trace_id] for span in mine if span.trace_id in known]


def calls_of(
    telemetry: Telemetry, project: str, environment: str, task: str, *, since: int, metrics: Iterable[str] = ()
) -> Calls:
    """What happened since `since` (ns)."""
    telemetry.flush()
    query = SpanQuery(
        project=project, environment=environment, task=task, kind="task", since=since, limit=_PAGE
    )  # fmt: skip
    spans: list[Done] = []
    while len(spans) < _MOST:
        page = telemetry.spans(query)
        spans += [
            Done(span.trace_id, span.span_id, span.variant, span.status, span.duration)
            for span in page
            if TAG not in span.tags
        ]
        if len(page) < _PAGE:
            break
        query = replace(query, before=(page[-1].start, page[-1].span_id))
    wanted = [metric for metric in metrics if metric not in BUILT_IN]
    scores = {metric: _scores(telemetry, project, metric, since, spans) for metric in wanted}
    return Calls(spans=spans[::-1], scores=scores)


def _scores(telemetry: Telemetry, project: str, metric: str, since: int, spans: list[Done]) -> dict[str, Any]:
    """The newest score of each call, given to its trace or to the span of the task."""
    trace_of = {span.span_id: span.trace_id for span in spans} | {span.trace_id: span.trace_id for span in spans}
    found: dict[str, Any] = {}
    for score in telemetry.scores(ScoreQuery(project=project, name=metric, since=since, limit=_MOST)):
        trace = trace_of.get(score.target.id)
        if trace is not None and not isinstance(score.value, str):
            found.setdefault(trace, score.value)
    return found


def summaries(calls: Calls, metric: str, what: Metric) -> list[LiveSummary]:
    """The metric of every variant that answered, by name."""
    found = []
    for variant in sorted({span.variant for span in calls.spans if span.variant is not None}):
        values = calls.values(variant, metric)
        known = _estimate(values, what) if values else None
        found.append(
            LiveSummary(
                variant=variant,
                metric=metric,
                n=len(values),
                mean=known.mean if known else None,
                low=known.low if known else None,
                high=known.high if known else None,
            )
        )
    return found


def compare(calls: Calls, task: str, a: str, b: str, metric: str, what: Metric, not_worse_by: float) -> Comparison:
    """Two variants over separate calls: Newcombe's interval and z test for rates, Welch's t for numbers."""
    first, second = calls.values(a, metric), calls.values(b, metric)
    about: dict[str, Any] = {"a": f"{task}@{a}", "b": f"{task}@{b}", "metric": metric, "direction": what.direction}
    about["not_worse_by"] = not_worse_by
    if not first or not second:
        nobody = a if not first else b
        reason = f"no call of {task}@{nobody} has a value"
        nothing = {"n": 0, "difference": None, "low": None, "high": None, "p": None, "verdict": "cannot_tell"}
        return Comparison(**{**about, **nothing, "reason": reason})
    about |= {"mean_a": sum(first) / len(first), "mean_b": sum(second) / len(second)}
    if what.kind == "boolean":
        left, right = [bool(each) for each in first], [bool(each) for each in second]
        return judged(rates_apart(left, right), rates_differ(left, right), **about)
    numbers, others = [float(each) for each in first], [float(each) for each in second]
    return judged(means_apart(numbers, others), means_differ(numbers, others), **about)


def _estimate(values: list[bool | float], what: Metric) -> Estimate:
    if what.kind == "boolean":
        return rate([bool(each) for each in values])
    return mean([float(each) for each in values])
