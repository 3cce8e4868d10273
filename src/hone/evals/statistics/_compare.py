"""Two variants over the same cases: by how much they differ, how sure that is, and what a gate says to it."""

from collections.abc import Hashable, Mapping, Sequence
from math import ceil
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from hone.evals._case import Direction
from hone.evals.statistics._clusters import clustered_mean
from hone.evals.statistics._intervals import FEWEST_ALIKE, Estimate, mean, newcombe, paired_rates
from hone.evals.statistics._tests import ahead, mcnemar, sign_flip

Verdict = Literal["pass", "fail", "cannot_tell"]

_Z975, _Z80 = 1.959963984540054, 0.8416212335729143
_MOST = 1_000_000
_CHANCE = 0.05


class Comparison(Struct, frozen=True, kw_only=True):
    """`difference` is the mean of `a` minus that of `b`, `low` and `high` its 95 % interval, `p` two-sided.

    The verdict is about `a`: pass, when even the worse end of the interval is no more than `not_worse_by` behind `b`;
    fail, when even the better end is; else cannot_tell, with the `smallest` difference that as many cases would show in
    four of five runs, and about how many `more` cases it takes to tell if the difference is what it seems (None where
    no number would do). Without a margin, pass means better and fail means worse.
    """

    a: str
    b: str
    metric: str
    n: int  # cases that both have
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    verdict: Verdict
    direction: Direction = "up"
    mean_a: float | None = None
    mean_b: float | None = None
    not_worse_by: float = 0.0
    smallest: float | None = None
    more: int | None = None
    method: str = ""
    freedom: float | None = None  # degrees of freedom of a t interval
    reason: str = ""
    experiments: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.difference is None:
            return f"{self.a} against {self.b}, {self.metric}: {self.reason} · {shown(self.verdict)}"
        line = f"{self.a} {_number(self.mean_a)} against {self.b} {_number(self.mean_b)}, {self.metric}: "
        line += f"{self.difference:+.4g}"
        if self.low is not None and self.high is not None:
            line += f" (95 % interval {self.low:+.4g} to {self.high:+.4g}; n = {self.n})"
        line += "" if self.p is None else f", p = {self.p:.3g}"
        return f"{line} · {shown(self.verdict)}: {self.reason}"


def compare_paired(
    first: Mapping[str, bool | float],
    second: Mapping[str, bool | float],
    *,
    boolean: bool,
    groups: Mapping[str, Hashable] | None = None,
    **about: Any,
) -> Comparison:
    """Values by example; those that only one side has are left out.

    Rates: Newcombe's paired interval and the exact McNemar test. In few cases that interval is too narrow, so a verdict
    on rates needs the unconditional exact test of the difference as well (`ahead`, one-sided .025).
    Numbers: the t interval of the differences and the sign-flip permutation test. Where examples share one of the
    `groups` (by example; who has none stands alone): the cluster-robust t interval of the differences, and signs
    flipped a group at a time. `about` are fields of `Comparison`: a, b, metric, direction, not_worse_by ...
    """
    shared = [key for key in first if key in second]
    if not shared:
        nothing = {"n": 0, "difference": None, "low": None, "high": None, "p": None, "verdict": "cannot_tell"}
        return Comparison(**{**about, **nothing, "reason": "no case has a value for both"})
    left, right = [first[key] for key in shared], [second[key] for key in shared]
    among = [("group", groups[key]) if groups and key in groups else ("case", key) for key in shared]
    grouped = len(set(among)) < len(among)
    if grouped:
        found, p = _clusters(left, right, among, boolean)
    elif boolean:
        found, p = _rates([bool(x) for x in left], [bool(x) for x in right])
    else:
        found, p = _numbers([float(x) - float(y) for x, y in zip(left, right, strict=True)])
    n = len(shared)
    made = judged(found, p, mean_a=sum(left) / n, mean_b=sum(right) / n, **about)
    return _sure(made, left, right, grouped) if boolean and made.verdict != "cannot_tell" else made


def _clusters(
    left: Sequence[float], right: Sequence[float], groups: Sequence[Hashable], boolean: bool
) -> tuple[Estimate, float]:
    differences = [float(x) - float(y) for x, y in zip(left, right, strict=True)]
    sums: dict[Hashable, float] = {}
    for group, difference in zip(groups, differences, strict=True):
        sums[group] = sums.get(group, 0.0) + difference
    found, count = clustered_mean(differences, groups), len(sums)
    found = replace(found, method=f"{found.method} interval of the differences, sign-flip test by group")
    if found.low is not None and found.low == found.high:  # no spread was seen, which does not mean that there is none
        if boolean:
            found = _alike(found, left, right, count)
        elif count < FEWEST_ALIKE:
            found = replace(found, low=None, high=None)
    return found, sign_flip(list(sums.values()))


def _alike(found: Estimate, left: Sequence[float], right: Sequence[float], groups: int) -> Estimate:
    """Newcombe's interval as if each group were one pair."""
    pairs = [(bool(x), bool(y)) for x, y in zip(left, right, strict=True)]
    kinds = ((True, True), (True, False), (False, True), (False, False))
    low, high = newcombe(*(pairs.count(kind) * groups / len(pairs) for kind in kinds))
    method = f"Newcombe paired interval over {groups} groups, sign-flip test by group"
    return replace(found, low=low, high=high, method=method, freedom=None)


def _rates(left: list[bool], right: list[bool]) -> tuple[Estimate, float]:
    pairs = list(zip(left, right, strict=True))
    p = mcnemar(sum(x and not y for x, y in pairs), sum(y and not x for x, y in pairs))
    found = paired_rates(pairs)
    return replace(found, method=f"{found.method} interval, exact McNemar test"), p


def _sure(made: Comparison, left: Sequence[float], right: Sequence[float], grouped: bool) -> Comparison:
    """The verdict on rates as it is, where a test that holds in few cases as well says the same."""
    if grouped:
        sure = made.not_worse_by > 0 or made.p is None or made.p <= _CHANCE
    else:
        firsts = sum(bool(x) and not y for x, y in zip(left, right, strict=True))
        seconds = sum(bool(y) and not x for x, y in zip(left, right, strict=True))
        if made.direction == "down":
            firsts, seconds = seconds, firsts
        least = min(made.not_worse_by, 1 - 1e-9)
        passed = made.verdict == "pass"
        p = ahead(firsts, seconds, made.n, -least) if passed else ahead(seconds, firsts, made.n, least)
        sure = p <= _CHANCE / 2
    if sure:
        return made
    reason = f"{made.n} cases come out like this by chance too often"
    return replace(made, verdict="cannot_tell", reason=reason)


def _numbers(differences: list[float]) -> tuple[Estimate, float]:
    found = replace(mean(differences), method="t interval of the differences, sign-flip permutation test")
    if len(set(differences)) == 1 and len(differences) < FEWEST_ALIKE:
        # No spread was seen, which in so few cases does not mean that there is none.
        found = replace(found, low=None, high=None)
    return found, sign_flip(differences)


def judged(found: Estimate, p: float | None, **about: Any) -> Comparison:
    """The comparison with its verdict. A gain is what is better, so a metric that should fall is turned round."""
    numbers = {
        "n": found.n,
        "difference": found.mean,
        "low": found.low,
        "high": found.high,
        "p": p,
        "freedom": found.freedom,
    }
    made = Comparison(**{**about, **numbers, "method": found.method, "verdict": "cannot_tell"})
    if found.low is None or found.high is None:
        return replace(made, reason="too few cases, or all alike, to know the spread")
    worse, better = (found.low, found.high) if made.direction == "up" else (-found.high, -found.low)
    margin = made.not_worse_by
    if worse > -margin:
        return replace(made, verdict="pass", reason="better" if margin == 0 else f"not worse by {margin:g}")
    if better < -margin:
        return replace(made, verdict="fail", reason="worse" if margin == 0 else f"worse by more than {margin:g}")
    return _undecided(made, (better - worse) / 2, (found.mean if made.direction == "up" else -found.mean) + margin)


def _undecided(made: Comparison, half: float, ahead: float) -> Comparison:
    """`half` is half the interval's width, `ahead` how far the gain seems to be from the gate."""
    reach = half * (_Z975 + _Z80) / _Z975
    needed = made.n * (reach / ahead) ** 2 if abs(ahead) > 1e-12 else float("inf")
    more = ceil(needed - made.n) if made.n < needed < _MOST else None
    reason = f"{made.n} cases show differences from {reach:.3g} on"
    reason += "" if more is None else f"; about {more:,} more would tell, if the difference is what it seems"
    return replace(made, smallest=reach, more=more, reason=reason)


def sentence(found: Comparison) -> str:
    """The verdict in words, the difference in the metric's own unit."""
    a, b = (side.partition("@")[2] or side for side in (found.a, found.b))
    if found.difference is None:
        return f"{a} cannot be compared with {b} on {found.metric}: {found.reason}."
    passed = "beats" if found.not_worse_by == 0 else f"is not worse by {found.not_worse_by:g} than"
    does = {"pass": passed, "fail": "is worse than", "cannot_tell": "cannot be told apart from"}[found.verdict]
    ends = "" if found.low is None or found.high is None else f", 95 % interval {found.low:+.3g} to {found.high:+.3g}"
    return f"{a} {does} {b} on {found.metric}: {found.difference:+.3g}{ends}, over {found.n:,} cases."


def shown(verdict: Verdict) -> str:
    """The verdict as it is written for people."""
    return verdict.replace("_", " ")


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.4g}"
