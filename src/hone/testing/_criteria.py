"""What cases of one function come to together: every metric with its interval, and whether a criterion is fulfilled."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from hone.testing._case import FIRST

if TYPE_CHECKING:
    from hone.testing._judged import Outcome

Verdict = Literal["pass", "fail", "cannot_tell"]
_MOST = 1_000_000


class Finding(Struct, frozen=True, kw_only=True):
    """One metric of one function. `verdict` is None where no criterion is set for it."""

    function: str
    metric: str
    mean: float
    low: float | None
    high: float | None
    n: int
    at_least: float | None = None
    at_most: float | None = None
    verdict: Verdict | None = None
    more: int | None = None  # cases that it takes to tell, if the rate is what it seems
    strict: bool = False

    @property
    def fails(self) -> bool:
        return self.verdict == "fail" or (self.strict and self.verdict == "cannot_tell")

    def __str__(self) -> str:
        ends = "" if self.low is None or self.high is None else f" [{self.low:.3g}, {self.high:.3g}]"
        line = f"{self.metric} {self.mean:.3g}{ends}, n = {self.n}"
        if self.verdict is None:
            return line
        wanted = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
        more = "" if self.more is None else f", about {self.more:,} more cases would"
        return f"{line}; {wanted}: {self.verdict.replace('_', ' ').upper()}{more}"


def findings(outcomes: Sequence["Outcome"]) -> list[Finding]:
    """The findings of every function, in the order in which they ran."""
    functions: dict[str, list[Outcome]] = {}
    for each in outcomes:
        functions.setdefault(each.function, []).append(each)
    return [one for name, mine in functions.items() for one in _of_function(name, mine)]


def _of_function(name: str, outcomes: Sequence["Outcome"]) -> Iterator[Finding]:
    kinds = {metric: kind for each in outcomes for metric, kind in each.kinds.items()}
    first = next(iter(kinds), FIRST)
    least = {metric or first: value for metric, value in outcomes[0].at_least.items()}
    most = {metric or first: value for metric, value in outcomes[0].at_most.items()}
    for metric, (kind, _) in kinds.items():
        values = [(each.values[metric], each.group or each.example) for each in outcomes if metric in each.values]
        if not values:
            continue
        found = _estimate([value for value, _ in values], [group for _, group in values], boolean=kind == "boolean")
        yield _judged(name, metric, found, least.get(metric), most.get(metric), outcomes[0].strict, kind == "boolean")
    for metric in (*least, *most):
        if not any(metric in each.values for each in outcomes):
            # A criterion that nothing speaks to is not fulfilled by silence.
            yield Finding(
                function=name, metric=metric, mean=float("nan"), low=None, high=None, n=0,
                at_least=least.get(metric), at_most=most.get(metric), verdict="cannot_tell", strict=outcomes[0].strict,
            )  # fmt: skip


class _Estimate(Struct, frozen=True):
    mean: float
    low: float | None
    high: float | None
    n: int


def _estimate(values: Sequence[bool | float], groups: Sequence[str], *, boolean: bool) -> _Estimate:
    """Cases of one group count as what they are: not as many as they look."""
    from hone.evals.statistics._estimate import estimate

    found = estimate([[each] for each in values], groups, boolean=boolean)
    return _Estimate(found.mean, found.low, found.high, len(values))


def _judged(
    name: str, metric: str, found: _Estimate, least: float | None, most: float | None, strict: bool, boolean: bool
) -> Finding:
    verdict: Verdict | None = None
    if least is not None:
        verdict = _verdict(found.low, found.high, least, up=True)
    elif most is not None:
        verdict = _verdict(found.low, found.high, most, up=False)
    wanted = least if least is not None else most
    more = None
    if verdict == "cannot_tell" and boolean and wanted is not None:
        more = _more(found.mean, found.n, wanted, up=least is not None)
    return Finding(
        function=name, metric=metric, mean=found.mean, low=found.low, high=found.high, n=found.n, at_least=least,
        at_most=most, verdict=verdict, more=more, strict=strict,
    )  # fmt: skip


def _verdict(low: float | None, high: float | None, wanted: float, *, up: bool) -> Verdict:
    if low is None or high is None:
        return "cannot_tell"
    worse, better = (low, high) if up else (high, low)
    if worse >= wanted if up else worse <= wanted:
        return "pass"
    return "fail" if (better < wanted if up else better > wanted) else "cannot_tell"


def _more(mean: float, n: int, wanted: float, *, up: bool) -> int | None:
    """How many cases beyond those it takes, should the rate stay as it is; None where no number would do."""
    from hone.core import wilson

    def tells(count: int) -> bool:
        found = wilson(round(mean * count), count)
        return _verdict(found.low, found.high, wanted, up=up) != "cannot_tell"

    if mean == wanted or n == 0:
        return None
    high = n
    while not tells(high):
        high *= 2
        if high > _MOST:
            return None
    low = high // 2
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if tells(middle) else (middle, high)
    return high - n
