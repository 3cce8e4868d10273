"""Releases: which variant gets which share, how each does, and who changed it when and why."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from hone.core import wilson
from hone.errors import NotFound
from hone.evals import TAG
from hone.local import House
from hone.server.ui._face import Asked
from hone.server.ui._scored import quality_metric, rate_of, scored
from hone.server.ui._shapes import Live, ReleaseList, ReleasePage, ReleaseRow, Share
from hone.server.ui._windows import NAMES, Window, window
from hone.store import SpanQuery


def release_list(house: House) -> Callable[[Asked], ReleaseList]:
    def view(asked: Asked) -> ReleaseList:
        environment = asked.query.get("environment") or house.project.environment
        rows = []
        for task in house.project.tasks:
            shares = _shares(house.releases.current(task, environment))
            last = house.releases.history(task, environment, limit=1)[0]
            rows.append(ReleaseRow(task=task, shares=shares, changed=last.created, by=last.by))
        return ReleaseList(rows, environment)

    return view


def release(house: House) -> Callable[[Asked], ReleasePage]:
    def view(asked: Asked) -> ReleasePage:
        task, environment = asked.path["task"], asked.query.get("environment") or house.project.environment
        if task not in house.project.tasks:
            raise NotFound(f"no task {task!r}", hint=f"there are: {', '.join(house.project.tasks)}")
        seen = window(asked.query.get("window"), house.clock())
        weights = house.releases.current(task, environment)
        before = house.releases.before(task, environment)
        return ReleasePage(
            task=task,
            environment=environment,
            environments=house.project.environments,
            window=seen.name,
            windows=NAMES,
            metric=quality_metric(house),
            shares=_shares(weights),
            live=_live(house, task, environment, seen, weights),
            history=house.releases.history(task, environment),
            decision=house.releases.should_roll_back(task, environment),
            before=_shares(before.weights) if before else [],
        )

    return view


def _live(house: House, task: str, environment: str, seen: Window, weights: Mapping[str, float]) -> list[Live]:
    query = SpanQuery(
        project=house.project.name, kind="task", task=task, environment=environment, without_tag=TAG,
        since=seen.since, until=seen.until,
    )  # fmt: skip
    found = {one.by: one for one in house.telemetry.percentiles(query, by="variant")}
    spent = {one.by: one.cost for one in house.telemetry.percentiles(replace(query, kind="llm"), by="variant")}
    scores = [one for one in scored(house, quality_metric(house), seen.since, seen.until) if one.task == task]
    names = dict.fromkeys([*weights, *(name for name in found if name)])
    rows = []
    for name in names:
        one = found.get(name)
        rows.append(
            Live(
                variant=name,
                share=weights.get(name, 0.0),
                calls=one.count if one else 0,
                errors=wilson(one.errors, one.count) if one else None,
                p95=one.p95 if one else None,
                cost=spent.get(name),
                score=rate_of(about.score for about in scores if about.variant == name),
            )
        )
    return rows


def _shares(weights: Mapping[str, float]) -> list[Share]:
    return [Share(name, share) for name, share in sorted(weights.items(), key=lambda item: -item[1])]
