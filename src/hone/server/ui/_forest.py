"""Differences beside each other: on scales that several metrics share, and in words."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from hone.evals import Comparison
from hone.server.ui._plots import reach_of
from hone.store import Experiment


class ForestRow(Struct, frozen=True, kw_only=True):
    """`at`, `low` and `high` are the difference and its interval in the unit of the group."""

    comparison: Comparison
    at: float | None
    low: float | None
    high: float | None


class ForestGroup(Struct, frozen=True, kw_only=True):
    """Differences on one scale from -`reach` to `reach`: in points of a share, or relative to the mean of b."""

    unit: Literal["points", "percent"]
    reach: float
    rows: list[ForestRow]


def forest(found: Sequence[Comparison], at: Experiment) -> list[ForestGroup]:
    """Shares on one scale, and what has a unit of its own relative to b, so that rows can be compared by eye."""
    shares = [each for each in found if _is_share(each, at)]
    rest = [each for each in found if each not in shares]
    points = [_scaled(each, 100.0) for each in shares]
    percent = [_scaled(each, 100.0 / abs(each.mean_b) if each.mean_b else None) for each in rest]
    groups: Mapping[Literal["points", "percent"], list[ForestRow]] = {"points": points, "percent": percent}
    return [
        ForestGroup(
            unit=unit,
            reach=reach_of([end for row in rows for end in (row.at, row.low, row.high) if end is not None]),
            rows=rows,
        )
        for unit, rows in groups.items()
        if rows
    ]


def also(rest: Sequence[Comparison]) -> list[str]:
    """Cost and latency in words, where their intervals do not hold 0."""
    words = {
        "cost": ("costs {:.0f} % more", "costs {:.0f} % less"),
        "latency": ("takes {:.0f} % more time", "takes {:.0f} % less time"),
    }
    said = []
    for each in rest:
        sure = each.low is not None and each.high is not None and not each.low <= 0 <= each.high
        if each.metric in words and sure and each.difference and each.mean_b:
            share = each.difference / each.mean_b * 100
            said.append(words[each.metric][share < 0].format(abs(share)))
    return said


def _is_share(found: Comparison, at: Experiment) -> bool:
    if at.metrics[found.metric].kind == "boolean":
        return True
    means = (found.mean_a, found.mean_b)
    return found.metric not in ("latency", "cost") and all(each is not None and 0 <= each <= 1 for each in means)


def _scaled(found: Comparison, by: float | None) -> ForestRow:
    def scaled(value: float | None) -> float | None:
        return None if value is None or by is None else value * by

    return ForestRow(comparison=found, at=scaled(found.difference), low=scaled(found.low), high=scaled(found.high))
