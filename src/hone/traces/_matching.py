"""Traces by what is not on their first span: a model asked inside, an error on the way, a score that somebody gave."""

from hone.core import Score
from hone.errors import CallError
from hone.store import ScoreQuery, SpanQuery, Telemetry

_MOST = 1000  # the newest spans or scores that are looked at; older traces are reached with a later `since`


def matching(
    telemetry: Telemetry, project: str, model: str | None, error: str | None, score: str | None, since: int | None
) -> tuple[str, ...] | None:
    """The ids of traces with a span of that model and that error, and with that score; None when none is asked for.

    Raises:
        CallError: `score` is not a name and a value with a colon between them.
    """
    found: list[set[str]] = []
    if model is not None or error is not None:
        query = SpanQuery(project=project, model=model, error=error, since=since, limit=_MOST)
        found.append({span.trace_id for span in telemetry.spans(query)})
    if score is not None:
        found.append(_scored(telemetry, project, score, since))
    return tuple(set.intersection(*found)) if found else None


def _scored(telemetry: Telemetry, project: str, score: str, since: int | None) -> set[str]:
    name, colon, value = score.partition(":")
    if not colon or not name:
        raise CallError(f"{score!r} is no score to look for", hint="name and value: helpful:false")
    found = newest_of(telemetry.scores(ScoreQuery(project=project, name=name, since=since, limit=_MOST)))
    return traces_of(telemetry, project, [one for one in found if _said(one.value) == value])


def newest_of(scores: list[Score]) -> list[Score]:
    """Of scores that come newest first: the last word of each kind of judge on each thing."""
    newest: dict[tuple[str, str, str], Score] = {}
    for score in scores:
        newest.setdefault((score.target.id, score.name, score.by), score)
    return list(newest.values())


def traces_of(telemetry: Telemetry, project: str, scores: list[Score]) -> set[str]:
    """The traces that scores are about, whether they name the trace, a span or the session."""
    found = {score.target.id for score in scores if score.target.kind == "trace"}
    spans = tuple({score.target.id for score in scores if score.target.kind == "span"})
    if spans:
        query = SpanQuery(project=project, span_ids=spans, limit=len(spans))
        found |= {span.trace_id for span in telemetry.spans(query)}
    for session in {score.target.id for score in scores if score.target.kind == "session"}:
        query = SpanQuery(project=project, session=session, roots_only=True, limit=_MOST)
        found |= {span.trace_id for span in telemetry.spans(query)}
    return found


def _said(value: bool | float | str) -> str:
    """A value as a person types it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else f"{value:g}"
