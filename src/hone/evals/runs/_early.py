"""Ending a run as soon as its verdict is settled: cases are asked, and looked at, in an order that is drawn by lot.

The order is that of hashes, so it needs no keeping: whoever reads an experiment that ended early finds it again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Direction
from hone.evals.runs._plan import Plan
from hone.store import Experiment, Result

if TYPE_CHECKING:
    from hone.evals.statistics._early import Decision

Values = Mapping[str, bool | float]


def by_lot(examples: Iterable[Example], dataset: str) -> list[Example]:
    """The examples in an order that is as good as random, and the same for everybody who has the same dataset."""
    return sorted(examples, key=lambda each: _lot(each.id, dataset))


def _lot(example: str, dataset: str) -> str:
    return hashlib.sha256(f"{dataset}:{example}".encode("utf-8", "surrogatepass")).hexdigest()


class Early:
    """Whether the first of two cells is settled to pass or fail against the other, or never to be told."""

    def __init__(self, plan: Plan, metric: str, not_worse_by: float) -> None:
        """
        Raises:
            CallError: there are no two cells, or a rule about single cases does not hold here.
        """
        if len(plan.cells) < 2:
            raise CallError("to end early there must be two variants to compare", hint="--compare TASK@OTHER")
        if metric not in plan.metrics:
            raise CallError(f"no evaluator here measures {metric!r}", hint=f"there are: {', '.join(plan.metrics)}")
        groups = [each.group for each in plan.examples if each.group is not None]
        if len(set(groups)) < len(groups):
            raise CallError(
                "examples of one group are no independent cases, and ending early is only for those",
                hint="leave out --stop-early",
            )
        self._plan, self._metric = plan, metric
        direction = plan.metrics[metric].direction
        self._looking = Looking(
            [each.id for each in by_lot(plan.examples, plan.dataset.sha256)],
            cases=len(plan.examples),
            direction=direction,
            not_worse_by=not_worse_by,
        )

    def decided(self, results: Sequence[Result]) -> str | None:
        """Why nothing more need be asked; None while it is open."""
        a, b = self._plan.cells[0].name, self._plan.cells[1].name
        first, second = (values_of(results, name, self._metric, self._plan.repeats) for name in (a, b))
        found = self._looking.at(first, second)
        if found is None or not found.stop or found.seen == found.cases:
            return None
        return f"after {found.seen:,} of {found.cases:,} cases the verdict is settled: {a} against {b}, {found.reason}"


class Looking:
    """Looks at cases in their order, as far as they are answered without a gap."""

    def __init__(self, order: Sequence[str], *, cases: int, direction: Direction, not_worse_by: float) -> None:
        from hone.evals.statistics._early import EarlyStop

        self._left = iter(order)
        self._next = next(self._left, None)
        self._stop = EarlyStop(cases, not_worse_by=not_worse_by, direction=direction)
        self._unfit = False

    def at(self, first: Values, second: Values) -> "Decision | None":
        """What the values by example say that are known by now.

        None where one is not between 0 and 1: about such a run nothing can be said before its end.
        """
        found = self._stop.decision()
        while not found.stop and self._next is not None and self._next in first and self._next in second:
            difference = float(first[self._next]) - float(second[self._next])
            self._unfit = self._unfit or not -1 <= difference <= 1
            if self._unfit:
                return None
            found = self._stop.see(difference)
            self._next = next(self._left, None)
        return found


def values_of(results: Iterable[Result], variant: str, metric: str, repeats: int) -> dict[str, float]:
    """The mean value of each example that was answered so often as it is to be."""
    found: dict[str, list[float]] = {}
    for each in results:
        if each.variant == variant:
            said = [one.value for one in each.judgements if one.name == metric and not isinstance(one.value, str)]
            found.setdefault(each.example, []).extend(map(float, said[:1]))
    return {example: sum(values) / repeats for example, values in found.items() if len(values) == repeats}


def settled(
    experiment: Experiment, results: Sequence[Result], a: str, b: str, metric: str, not_worse_by: float
) -> "Decision | None":
    """What an experiment that ended early says of two of its variants."""
    seen = {each.example for each in results}
    looking = Looking(
        sorted(seen, key=lambda example: _lot(example, experiment.dataset_sha256)),
        cases=experiment.examples,
        direction=experiment.metrics[metric].direction,
        not_worse_by=not_worse_by,
    )
    first, second = (values_of(results, each, metric, experiment.repeats) for each in (a, b))
    return looking.at(first, second)
