"""What a run says: every metric of every variant with its interval, and how two variants compare."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from hone.errors import CallError
from hone.evals._case import Direction
from hone.evals.statistics._compare import Comparison, compare_paired
from hone.evals.statistics._intervals import mean, rate
from hone.store import Experiment, Result


class Summary(Struct, frozen=True, kw_only=True):
    """One metric of one variant. `low` and `high` are the 95 % interval: Wilson's for booleans, else Student's t."""

    variant: str
    metric: str
    kind: str
    direction: Direction
    n: int
    mean: float | None
    low: float | None
    high: float | None


class Run(Struct, frozen=True, kw_only=True):
    """An experiment and what came of it so far."""

    experiment: Experiment
    results: list[Result]

    @property
    def errors(self) -> list[Result]:
        """The calls that failed. They count as failures in every metric that has a worst value."""
        return [each for each in self.results if each.error is not None]

    def values(self, variant: str, metric: str) -> dict[str, bool | float]:
        """The values of a metric by example; text and categories have none."""
        mine = (each for each in self.results if each.variant == variant)
        return {
            each.example: said.value
            for each in mine
            for said in each.judgements
            if said.name == metric and not isinstance(said.value, str)
        }

    def summary(self, variant: str, metric: str) -> Summary:
        """
        Raises:
            CallError: the experiment has no such variant or metric.
        """
        self._check(metric, variant)
        what, values = self.experiment.metrics[metric], list(self.values(variant, metric).values())
        about: dict[str, Any] = {"variant": variant, "metric": metric, "kind": what.kind, "direction": what.direction}
        if not values:
            return Summary(n=0, mean=None, low=None, high=None, **about)
        found = rate([bool(each) for each in values]) if what.kind == "boolean" else mean([float(v) for v in values])
        return Summary(n=found.n, mean=found.mean, low=found.low, high=found.high, **about)

    def summaries(self) -> list[Summary]:
        """Every metric of every variant."""
        return [self.summary(variant, metric) for metric in self.experiment.metrics for variant in self.variants]

    @property
    def variants(self) -> list[str]:
        return list(self.experiment.variants)

    def compare(
        self, a: str, b: str, metric: str | None = None, *, not_worse_by: float = 0.0, other: "Run | None" = None
    ) -> Comparison:
        """Variant `a` of this run against `b` of this one, or of `other` over the same examples.

        Without a metric it is the first one of the experiment.

        Raises:
            CallError: there is no such variant or metric, or the other run is of other examples.
        """
        theirs = other or self
        metric = metric or next(iter(self.experiment.metrics))
        self._check(metric, a)
        theirs._check(metric, b)
        if theirs.experiment.dataset_sha256 != self.experiment.dataset_sha256:
            raise CallError(
                f"the experiments {self.experiment.id} and {theirs.experiment.id} ran over different datasets or "
                "versions of one, so their cases are not the same"
            )
        what, task = self.experiment.metrics[metric], self.experiment.task
        return compare_paired(
            self.values(a, metric),
            theirs.values(b, metric),
            boolean=what.kind == "boolean",
            a=f"{task}@{a}",
            b=f"{task}@{b}",
            metric=metric,
            direction=what.direction,
            not_worse_by=not_worse_by,
            experiments=tuple(dict.fromkeys((self.experiment.id, theirs.experiment.id))),
        )

    def _check(self, metric: str, variant: str) -> None:
        experiment = self.experiment
        for what, name, known in (
            ("variant", variant, list(experiment.variants)),
            ("metric", metric, list(experiment.metrics)),
        ):
            if name not in known:
                raise CallError(f"the experiment {experiment.id} has no {what} {name!r}", hint=_among(known))


def _among(known: Sequence[str]) -> str:
    return f"it has: {', '.join(known) or 'none'}"
