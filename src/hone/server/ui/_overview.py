"""The overview: five figures of a window with their change, and what each task does."""

from collections.abc import Callable

from msgspec.structs import replace

from hone.core import Rate
from hone.evals import TAG
from hone.local import House
from hone.server.ui._face import Asked
from hone.server.ui._scored import Scored, quality_metric, rate_of, scored
from hone.server.ui._shapes import Figure, Overview, Share, TaskRow
from hone.server.ui._windows import NAMES, Window, window
from hone.store import Figures, SpanQuery
from hone.traces import wording


def overview(house: House) -> Callable[[Asked], Overview]:
    def view(asked: Asked) -> Overview:
        seen = window(asked.query.get("window"), house.clock())
        metric = quality_metric(house)
        scores = scored(house, metric, seen.since, seen.until)
        return Overview(
            window=seen.name,
            windows=NAMES,
            metric=metric,
            needs=_needs(house),
            figures=[*_call_figures(house, seen), *_quality(house, seen, metric, scores)],
            tasks=_tasks(house, seen, scores),
        )

    return view


def _needs(house: House) -> list[str]:
    if house.trouble is None:
        return []
    return [f"The project's files are not in order, and what they said before is in force: {house.trouble.message}"]


def _call_figures(house: House, seen: Window) -> list[Figure]:
    """A call is a trace: its first span. Dollars stand on model calls alone."""
    calls, spent = replace(_traffic(house), roots_only=True), _model_calls(house)
    now, before = _total(house, calls, seen.since, seen.until), _total(house, calls, seen.before, seen.since)
    cost = _total(house, spent, seen.since, seen.until), _total(house, spent, seen.before, seen.since)
    lines, money = _by_stretch(house, calls, seen), _by_stretch(house, spent, seen)
    where = f"since:{seen.name} -tag:{TAG}"
    return [
        Figure(
            name="Calls", unit="count", value=_count(now), before=_count(before),
            points=[_count(lines.get(at)) for at in seen.stretches], where=where,
        ),
        Figure(
            name="Spend", unit="dollars", value=_cost(cost[0]), before=_cost(cost[1]),
            points=[_cost(money.get(at)) for at in seen.stretches], where=where, better="down",
        ),
        Figure(
            name="p95", unit="latency", value=_p95(now), before=_p95(before),
            points=[_p95(lines.get(at)) for at in seen.stretches], where=where, better="down",
        ),
        Figure(
            name="Errors", unit="share", value=_error_share(now), before=_error_share(before),
            points=[_error_share(lines.get(at)) for at in seen.stretches], where=f"status:error {where}", better="down",
        ),
    ]  # fmt: skip


def _quality(house: House, seen: Window, metric: str | None, scores: list[Scored]) -> list[Figure]:
    if metric is None:
        return []
    direction = house.project.metrics[metric].direction
    rate = rate_of(one.score for one in scores)
    before = rate_of(one.score for one in scored(house, metric, seen.before, seen.since))
    points = [
        _mean(rate_of(one.score for one in scores if at <= one.score.time < at + seen.bucket)) for at in seen.stretches
    ]
    wrong = "false" if direction == "up" else "true"
    where = wording(**{metric: wrong, "since": seen.name})
    return [
        Figure(name=metric, unit="rate", value=_mean(rate), before=_mean(before), points=points, where=where,
               better=direction, rate=rate)
    ]  # fmt: skip


def _tasks(house: House, seen: Window, scores: list[Scored]) -> list[TaskRow]:
    query = replace(_traffic(house), kind="task", since=seen.since, until=seen.until)
    models = replace(_model_calls(house), since=seen.since, until=seen.until)
    spent = {found.by: found.cost for found in house.telemetry.percentiles(models, by="task")}
    rows = []
    for found in house.telemetry.top("task", query):
        assert found.by is not None
        parts = house.telemetry.top("variant", replace(query, task=found.by))
        rows.append(
            TaskRow(
                task=found.by,
                calls=found.count,
                errors=found.errors,
                p95=found.p95,
                cost=spent.get(found.by),
                variants=[Share(part.by or "", part.count / found.count) for part in parts],
                score=rate_of(about.score for about in scores if about.task == found.by),
            )
        )
    return rows


def _traffic(house: House) -> SpanQuery:
    """What people and programs asked; the calls that evaluators make over datasets are none of it."""
    return SpanQuery(project=house.project.name, without_tag=TAG)


def _model_calls(house: House) -> SpanQuery:
    return replace(_traffic(house), kind="llm")


def _total(house: House, query: SpanQuery, since: int, until: int) -> Figures | None:
    found = house.telemetry.percentiles(replace(query, since=since, until=until))
    return found[0] if found and found[0].count else None


def _by_stretch(house: House, query: SpanQuery, seen: Window) -> dict[int, Figures]:
    asked = replace(query, since=seen.since, until=seen.until)
    return {found.bucket or 0: found for found in house.telemetry.percentiles(asked, bucket=seen.bucket)}


def _count(found: Figures | None) -> float:
    return float(found.count) if found else 0.0


def _cost(found: Figures | None) -> float | None:
    return found.cost if found else None


def _p95(found: Figures | None) -> float | None:
    return float(found.p95) if found else None


def _error_share(found: Figures | None) -> float | None:
    return found.errors / found.count if found else None


def _mean(rate: Rate | None) -> float | None:
    return rate.mean if rate else None
