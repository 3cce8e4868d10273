"""Bias between groups: how far a metric of one group's cases is from that of all others."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hone.core import to_json
from hone.evals._case import Figure

MOST = 12  # groups; more of them than that are no groups but a value of each case

Value = bool | float


def apart(name: str, by: str, groups: Mapping[str, Sequence[Value]]) -> Iterable[Figure]:
    """Each group's mean less that of all others, with a 95 % interval; of two groups, the first less the second.

    Shares have Newcombe's interval, other numbers Welch's t interval. The intervals hold one by one: among many
    groups, one in twenty lies apart by chance. A group of one case has no figure.
    """
    named = sorted(each for each in groups if groups[each])
    if not 2 <= len(named) <= MOST:
        return
    for group in named[:1] if len(named) == 2 else named:
        ours = groups[group]
        others = [value for other in named if other != group for value in groups[other]]
        against = named[1] if len(named) == 2 else "the others"
        if len(ours) > 1 and len(others) > 1:
            yield _figure(f"{name} by {by}: {group} less {against}", ours, others)


def group_of(metadata: Mapping[str, Any], by: str) -> str | None:
    """The group an example belongs to; None where its metadata says none."""
    value = metadata.get(by)
    return value if isinstance(value, str | None) else to_json(value)


def _figure(name: str, ours: Sequence[Value], others: Sequence[Value]) -> Figure:
    from hone.evals.statistics._intervals import means_apart, rates_apart

    shares = all(isinstance(each, bool) for each in (*ours, *others))
    found = (
        rates_apart([bool(each) for each in ours], [bool(each) for each in others])
        if shares
        else means_apart([float(each) for each in ours], [float(each) for each in others])
    )
    return Figure(
        name=name, value=found.mean, low=found.low, high=found.high, n=found.n, direction="down", method=found.method
    )
