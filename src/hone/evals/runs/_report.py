"""What a run says: every metric of every variant with its interval, and how two variants compare."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from hone.errors import CallError
from hone.evals._case import Direction, Figure
from hone.evals.runs._broken import Broken, broken
from hone.evals.statistics._compare import Comparison, compare_paired
from hone.evals.statistics._estimate import estimate
from hone.store import Experiment, Metric, Result

if TYPE_CHECKING:
    from hone.evals.statistics._gates import Gate
    from hone.evals.statistics._slices import Slice

Value = bool | float

_ENDED = "none: the run ended early"


class Summary(Struct, frozen=True, kw_only=True):
    """One metric of one variant. `n` are cases; `low` and `high` the 95 % interval, of which `method` says the kind.

    Cases of one group, and several answers to one case, count as what they are. A run that ended early has no interval:
    it was looked at again and again, and ended when it looked well or ill.
    """

    variant: str
    metric: str
    kind: str
    direction: Direction
    n: int
    mean: float | None
    low: float | None
    high: float | None
    method: str = ""


class Run(Struct, frozen=True, kw_only=True):
    """An experiment and what came of it so far."""

    experiment: Experiment
    results: list[Result]

    @property
    def errors(self) -> list[Result]:
        """The calls that failed. They count as failures in every metric that has a worst value."""
        return [each for each in self.results if each.error is not None]

    @property
    def broken(self) -> list[Broken]:
        """The evaluators that failed, rather than said something."""
        return broken(self.results)

    @property
    def silent(self) -> list[str]:
        """The variants of which every call failed: their numbers say nothing of their answers."""
        return [
            name for name in self.variants if (errors := [r.error for r in self.results if r.variant == name])
            and None not in errors
        ]  # fmt: skip

    @property
    def missing(self) -> int:
        """How many answers are not there: the run was interrupted, or it ended early."""
        at = self.experiment
        return max(0, at.examples * len(at.variants) * at.repeats - len(self.results))

    @property
    def ended_early(self) -> bool:
        """Not everything was asked, because its verdict was settled before."""
        return self.experiment.state == "done" and self.missing > 0

    @property
    def settled_by(self) -> str | None:
        """The metric whose verdict ended the run early, where one did."""
        early = self.experiment.early if self.ended_early else None
        return None if early is None else early.metric

    @property
    def cost(self) -> float | None:
        """Dollars that this experiment paid; None where a price is unknown. Answers of earlier ones cost nothing."""
        costs = [each.cost for each in self.results if each.source is None and each.error is None]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def figures(self) -> dict[str, list[Figure]]:
        """Numbers of each variant as a whole, by variant."""
        found: dict[str, list[Figure]] = {}
        for each in self.experiment.figures:
            fields = {name: value for name, value in each.items() if name != "variant"}
            found.setdefault(str(each["variant"]), []).append(msgspec.convert(fields, Figure))
        return found

    def answers(self, variant: str, metric: str) -> dict[str, list[Value]]:
        """The values of a metric by example, one for each time it was asked; text and categories have none."""
        found: dict[str, list[Value]] = {}
        for each in self.results:
            if each.variant == variant:
                for said in each.judgements:
                    if said.name == metric and not isinstance(said.value, str):
                        found.setdefault(each.example, []).append(said.value)
        return found

    def values(self, variant: str, metric: str) -> dict[str, Value]:
        """The same with one value an example: the mean, where it was asked several times."""
        found = self.answers(variant, metric)
        return {name: given[0] if len(given) == 1 else sum(given) / len(given) for name, given in found.items()}

    @property
    def groups(self) -> dict[str, str]:
        """The group of each example: its own where none was given."""
        return {each.example: f"in {each.group}" if each.group is not None else each.example for each in self.results}

    @property
    def tags(self) -> dict[str, tuple[str, ...]]:
        return {each.example: each.tags for each in self.results}

    def _what(self, metric: str, *others: "Run") -> Metric:
        """The metric. That of a function that does not say what it gives is right or wrong where all its values are."""
        what = self.experiment.metrics[metric]
        if what.kind != "number":
            return what
        results = [each for run in (self, *others) for each in run.results]
        values = [said.value for each in results for said in each.judgements if said.name == metric]
        right = values and all(isinstance(each, bool) for each in values)
        return msgspec.structs.replace(what, kind="boolean") if right else what

    def summary(self, variant: str, metric: str) -> Summary:
        """
        Raises:
            CallError: the experiment has no such variant or metric.
        """
        self._check(metric, variant)
        what, values = self._what(metric), self.answers(variant, metric)
        about: dict[str, Any] = {"variant": variant, "metric": metric, "kind": what.kind, "direction": what.direction}
        if not values:
            return Summary(n=0, mean=None, low=None, high=None, **about)
        groups = self.groups
        found = estimate(list(values.values()), [groups[example] for example in values], boolean=what.kind == "boolean")
        if self.ended_early:
            return Summary(n=found.n, mean=found.mean, low=None, high=None, method=_ENDED, **about)
        low, high = _inside(found.low, found.high, (0.0, 1.0) if what.kind == "boolean" else what.within)
        return Summary(n=found.n, mean=found.mean, low=low, high=high, method=found.method, **about)

    def summaries(self) -> list[Summary]:
        """Every metric of every variant."""
        return [self.summary(variant, metric) for metric in self.experiment.metrics for variant in self.variants]

    @property
    def variants(self) -> list[str]:
        return list(self.experiment.variants)

    def compare(
        self,
        a: str,
        b: str,
        metric: str | None = None,
        *,
        not_worse_by: float | None = None,
        other: "Run | None" = None,
    ) -> Comparison:
        """Variant `a` of this run against `b` of this one, or of `other` over the same examples.

        Without a metric it is the first one of the experiment, without a margin there is none; where it ended early,
        both are those that it was settled by. With a run that ended early no other one can be compared.

        Raises:
            CallError: there is no such variant or metric, or the other run is of other examples.
        """
        theirs, metric = self._against(a, b, metric, other)
        first, second = self.values(a, metric), theirs.values(b, metric)
        about = self._about(a, b, metric, theirs)
        margin = self._margin(metric) if not_worse_by is None else not_worse_by
        found = compare_paired(first, second, groups=self.groups, **about, not_worse_by=margin)
        if theirs.experiment.id == self.experiment.id and self.ended_early:
            return self._settled(found, a, b, metric)
        if self.ended_early or theirs.ended_early:
            return _untold(found, "a run that ended early says nothing beside another one")
        return found

    def gate(self, a: str, b: str, margins: dict[str, float], *, other: "Run | None" = None) -> "Gate":
        """Several metrics of the same two variants at once, each with its margin: one verdict, corrected by Holm.

        Raises:
            CallError: as for `compare`.
        """
        from hone.evals.statistics._gates import gate

        return gate([self.compare(a, b, name, not_worse_by=margin, other=other) for name, margin in margins.items()])

    def slices(self, a: str, b: str, metric: str | None = None, *, other: "Run | None" = None) -> "list[Slice]":
        """The same comparison for the cases of each tag, corrected for how many there are (Benjamini-Hochberg).

        There are none of a run that ended early.

        Raises:
            CallError: as for `compare`.
        """
        from hone.evals.statistics._slices import compare_slices

        theirs, metric = self._against(a, b, metric, other)
        if self.ended_early or theirs.ended_early:
            return []
        first, second = self.values(a, metric), theirs.values(b, metric)
        return compare_slices(first, second, self.tags, groups=self.groups, **self._about(a, b, metric, theirs))

    def _settled(self, found: Comparison, a: str, b: str, metric: str) -> Comparison:
        """The comparison of a run that ended when it was settled: an interval that holds at whatever moment it ends."""
        from hone.evals.runs._early import settled

        known = settled(self.experiment, self.results, a, b, metric, found.not_worse_by)
        if known is None:
            return _untold(found, "the run ended before all was asked, and not by this metric")
        return msgspec.structs.replace(
            found,
            n=known.seen,
            difference=known.difference,
            low=known.low,
            high=known.high,
            p=None,
            verdict=known.verdict or "cannot_tell",
            smallest=None,
            more=None,
            method="confidence sequence over all cases",
            reason=f"{known.reason}, after {known.seen:,} of {known.cases or 0:,}",
        )

    def _margin(self, metric: str) -> float:
        early = self.experiment.early
        return early.not_worse_by if early is not None and metric == self.settled_by else 0.0

    def _against(self, a: str, b: str, metric: str | None, other: "Run | None") -> tuple["Run", str]:
        theirs = other or self
        metric = metric or self.settled_by or next(iter(self.experiment.metrics))
        self._check(metric, a)
        theirs._check(metric, b)
        if theirs.experiment.dataset_sha256 != self.experiment.dataset_sha256:
            raise CallError(
                f"the experiments {self.experiment.id} and {theirs.experiment.id} ran over different datasets or "
                "versions of one, so their cases are not the same"
            )
        return theirs, metric

    def _about(self, a: str, b: str, metric: str, theirs: "Run") -> dict[str, Any]:
        what, task = self._what(metric, theirs), self.experiment.task
        once = max(self.experiment.repeats, theirs.experiment.repeats) == 1
        return {
            "boolean": what.kind == "boolean" and once,
            "a": f"{task}@{a}",
            "b": f"{task}@{b}",
            "metric": metric,
            "direction": what.direction,
            "experiments": tuple(dict.fromkeys((self.experiment.id, theirs.experiment.id))),
        }

    def _check(self, metric: str, variant: str) -> None:
        experiment = self.experiment
        for what, name, known in (
            ("variant", variant, list(experiment.variants)),
            ("metric", metric, list(experiment.metrics)),
        ):
            if name not in known:
                raise CallError(f"the experiment {experiment.id} has no {what} {name!r}", hint=_among(known))


def _untold(found: Comparison, why: str) -> Comparison:
    return msgspec.structs.replace(
        found, verdict="cannot_tell", low=None, high=None, p=None, smallest=None, more=None, reason=why
    )


def _inside(
    low: float | None, high: float | None, within: tuple[float, float] | None
) -> tuple[float | None, float | None]:
    """The part of an interval that the metric can have: nothing is lost by leaving out what cannot be."""
    if low is None or high is None or within is None:
        return low, high
    return max(low, within[0]), min(high, within[1])


def _among(known: Sequence[str]) -> str:
    return f"it has: {', '.join(known) or 'none'}"
