"""Who did how well: every model with its interval, and the ranks that its rivals leave open."""

from itertools import combinations

from msgspec import Struct

from hone.evals.runs._broken import Broken
from hone.evals.runs._report import Run
from hone.evals.statistics._compare import Comparison
from hone.evals.statistics._corrections import holm

_ALPHA = 0.05


class Standing(Struct, frozen=True, kw_only=True):
    """One model or variant. It is not known to be better than `rank_low - 1` or worse than `rank_high` of them.

    `rank_low` is 1 and those that are shown to be better, `rank_high` all but those that are shown to be worse.
    """

    name: str
    mean: float | None
    low: float | None
    high: float | None
    n: int
    rank_low: int
    rank_high: int
    failed: int
    cost: float | None  # dollars; None where a price is unknown
    seconds: float | None  # a call, on average

    @property
    def rank(self) -> str:
        return str(self.rank_low) if self.rank_low == self.rank_high else f"{self.rank_low}-{self.rank_high}"


class Leaderboard(Struct, frozen=True, kw_only=True):
    """The best first. `comparisons` are all pairs, `adjusted` their p-values after Holm's correction."""

    benchmark: str
    metric: str
    experiment: str
    standings: list[Standing]
    comparisons: list[Comparison]
    adjusted: list[float | None]
    broken: list[Broken] = []  # evaluators that failed: each counts as the worst


def leaderboard(run: Run, metric: str, benchmark: str) -> Leaderboard:
    """The table of a run.

    Every pair is compared over the cases that both have; a model counts as better than another where the p-value of the
    pair is below .05 after Holm's correction over all pairs (S. Holm, 1979).
    """
    direction = run.experiment.metrics[metric].direction
    pairs = [run.compare(a, b, metric) for a, b in combinations(run.variants, 2)]
    known = [number for number, each in enumerate(pairs) if each.p is not None]
    corrected = dict(zip(known, holm([pairs[number].p or 0.0 for number in known]), strict=True))
    adjusted = [corrected.get(number) for number in range(len(pairs))]
    better: dict[str, set[str]] = {name: set() for name in run.variants}  # than whom each is better
    for (a, b), found, p in zip(combinations(run.variants, 2), pairs, adjusted, strict=True):
        if p is not None and p < _ALPHA and found.difference:
            first = (found.difference > 0) == (direction == "up")
            better[a if first else b].add(b if first else a)
    made = [_standing(run, name, metric, better) for name in run.variants]
    sign = -1 if direction == "up" else 1
    made.sort(key=lambda each: (each.mean is None, sign * (each.mean or 0.0)))
    return Leaderboard(
        benchmark=benchmark, metric=metric, experiment=run.experiment.id, standings=made, comparisons=pairs,
        adjusted=adjusted, broken=run.broken,
    )  # fmt: skip


def _standing(run: Run, name: str, metric: str, better: dict[str, set[str]]) -> Standing:
    found = run.summary(name, metric)
    mine = [each for each in run.results if each.variant == name]
    costs = [each.cost for each in mine if each.error is None]
    seconds = [each.seconds for each in mine if each.seconds is not None]
    return Standing(
        name=name, mean=found.mean, low=found.low, high=found.high, n=found.n,
        rank_low=1 + sum(name in worse for worse in better.values()),
        rank_high=len(better) - len(better[name]),
        failed=sum(each.error is not None for each in mine),
        cost=None if None in costs else sum(each or 0.0 for each in costs),
        seconds=sum(seconds) / len(seconds) if seconds else None,
    )  # fmt: skip
