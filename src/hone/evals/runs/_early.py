"""Ending a run as soon as its verdict is settled: cases are asked, and looked at, in an order that is drawn by lot.

The order is that of hashes with the experiment's id, so it is another one in each experiment and needs no keeping:
whoever reads an experiment that ended early finds it again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hone.datasets import Example
from hone.errors import CallError
from hone.evals.runs._plan import Plan
from hone.store import Ending, Experiment, Metric, Result

if TYPE_CHECKING:
    from hone.evals.statistics._early import Decision

Values = Mapping[str, float | None]
"""By example that was answered; None where the metric has no value for it."""

_ROUNDING = 1e-9


def by_lot(examples: Iterable[Example], experiment: str) -> list[Example]:
    """The examples in an order that is as good as random, and the same for everybody who reads the experiment."""
    return sorted(examples, key=lambda each: lot(each.id, experiment))


def lot(example: str, experiment: str) -> str:
    """What an example drew in an experiment."""
    return hashlib.sha256(f"{experiment}:{example}".encode("utf-8", "surrogatepass")).hexdigest()


def width(metric: Metric) -> float | None:
    """How far two values of a metric can be apart; None where it may have no end."""
    if metric.kind == "boolean":
        return 1.0
    return None if metric.within is None else metric.within[1] - metric.within[0]


class Early:
    """Whether the first of two cells is settled to pass or fail against the other, or never to be told."""

    def __init__(self, plan: Plan, metric: str, not_worse_by: float) -> None:
        """
        Raises:
            CallError: there are no two cells, or a rule about metrics or single cases does not hold here.
        """
        if len(plan.cells) < 2:
            raise CallError("to end early there must be two variants to compare", hint="--compare TASK@OTHER")
        if metric not in plan.metrics:
            raise CallError(f"no evaluator here measures {metric!r}", hint=f"there are: {', '.join(plan.metrics)}")
        if width(plan.metrics[metric]) is None:
            raise CallError(
                f"{metric} may have any value, and a rare large one could turn a verdict that seems settled",
                hint='--metric with one that is right or wrong, or whose range is known; a "threshold" makes it so',
            )
        choosing = {one.name for each in plan.evaluators if each.choose is not None for one in each.measures}
        if metric in choosing:
            raise CallError(
                f"{metric} is known once all is asked, which is too late to end early by it",
                hint="--metric with one that judges each answer by itself",
            )
        groups = [each.group for each in plan.examples if each.group is not None]
        if len(set(groups)) < len(groups):
            raise CallError(
                "examples of one group are no independent cases, and ending early is only for those",
                hint="leave out --stop-early",
            )
        self._plan, self._metric, self._margin = plan, metric, not_worse_by
        self._looking: Looking | None = None

    def decided(self, results: Sequence[Result]) -> str | None:
        """Why nothing more need be asked; None while it is open. All `results` are of one experiment."""
        if not results:
            return None
        plan = self._plan
        if self._looking is None:
            self._looking = Looking(
                [each.id for each in by_lot(plan.examples, results[0].experiment)],
                cases=len(plan.examples),
                metric=plan.metrics[self._metric],
                not_worse_by=self._margin,
            )
        a, b = plan.cells[0].name, plan.cells[1].name
        first, second = (values_of(results, name, self._metric, plan.repeats) for name in (a, b))
        found = self._looking.at(first, second)
        if found is None or not found.stop or found.seen == found.cases:
            return None
        return f"after {found.seen:,} of {found.cases:,} cases the verdict is settled: {a} against {b}, {found.reason}"

    @property
    def ending(self) -> Ending:
        """What to keep of it with the experiment."""
        looked = 0 if self._looking is None else self._looking.looked
        return Ending(metric=self._metric, not_worse_by=self._margin, looked=looked)


class Looking:
    """Looks at cases in their order, as far as they are answered without a gap. `looked` counts them."""

    def __init__(self, order: Sequence[str], *, cases: int, metric: Metric, not_worse_by: float) -> None:
        """
        Raises:
            CallError: the metric may have any value.
        """
        from hone.evals.statistics._early import EarlyStop

        if (apart := width(metric)) is None:
            raise CallError("the metric may have any value")
        self._order, self.looked = order, 0
        self._apart = apart
        self._stop = EarlyStop(cases, not_worse_by=not_worse_by, direction=metric.direction, low=-apart, high=apart)
        self._unfit = False

    def at(self, first: Values, second: Values) -> "Decision | None":
        """What the values by example say that are known by now. A case without a value for both is none.

        None where one is out of its metric's range: about such a run nothing can be said before its end.
        """
        found = self._stop.decision()
        while not found.stop and not self._unfit and self.looked < len(self._order):
            each = self._order[self.looked]
            if each not in first or each not in second:
                break
            found = self._one(first[each], second[each])
        return None if self._unfit else found

    def _one(self, first: float | None, second: float | None) -> "Decision":
        if first is None or second is None:
            self.looked += 1
            return self._stop.skip()
        difference = first - second
        if abs(difference) > self._apart + _ROUNDING:
            self._unfit = True
            return self._stop.decision()
        self.looked += 1
        return self._stop.see(max(-self._apart, min(self._apart, difference)))


def values_of(results: Iterable[Result], variant: str, metric: str, repeats: int) -> dict[str, float | None]:
    """The mean value of each example that was answered so often as it is to be; None where no answer has one."""
    found: dict[str, list[float]] = {}
    answers: dict[str, int] = {}
    for each in results:
        if each.variant == variant:
            said = [one.value for one in each.judgements if one.name == metric and not isinstance(one.value, str)]
            found.setdefault(each.example, []).extend(map(float, said[:1]))
            answers[each.example] = answers.get(each.example, 0) + 1
    return {
        example: sum(values) / len(values) if values else None
        for example, values in found.items()
        if answers[example] == repeats
    }


def settled(
    experiment: Experiment, results: Sequence[Result], a: str, b: str, metric: str, not_worse_by: float
) -> "Decision | None":
    """What an experiment that ended early says of two of its variants; None where nothing can be said: by a metric
    without a range, or where another experiment ended early and these are its answers, judged again.

    It holds for any two and any metric with a range: a confidence sequence holds at whatever moment a run ends.
    """
    what = experiment.metrics[metric]
    if width(what) is None or experiment.early is None:
        return None
    order = sorted({each.example for each in results}, key=lambda example: lot(example, experiment.id))
    # Those were all answered, so they are the first ones; after them a gap would not be seen.
    order = order[: experiment.early.looked]
    looking = Looking(order, cases=experiment.examples, metric=what, not_worse_by=not_worse_by)
    first, second = (values_of(results, each, metric, experiment.repeats) for each in (a, b))
    return looking.at(first, second)
