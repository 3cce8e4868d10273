"""95 % intervals: of a mean, and of a difference between two sets of cases, shared or not."""

from collections.abc import Sequence
from math import sqrt

from msgspec import Struct

from hone.core import wilson
from hone.evals.statistics._student import standard_error, t_quantile

_SHARE = 0.975


class Estimate(Struct, frozen=True, kw_only=True):
    """A number with its 95 % interval. `low` and `high` are None where too few cases say nothing about the spread."""

    n: int
    mean: float
    low: float | None
    high: float | None
    method: str


def rate(values: Sequence[bool]) -> Estimate:
    """A share, with the Wilson interval. At least one value."""
    found = wilson(sum(values), len(values))
    return Estimate(n=found.n, mean=found.mean, low=found.low, high=found.high, method="Wilson")


def mean(values: Sequence[float]) -> Estimate:
    """A mean, with Student's t interval: mean ± t(n-1) s / sqrt(n) ("Student", 1908, Biometrika 6, pp. 1-25).

    At least one value.
    """
    n, middle = len(values), sum(values) / len(values)
    if n < 2:
        return Estimate(n=n, mean=middle, low=None, high=None, method="t")
    half = t_quantile(_SHARE, n - 1) * standard_error(list(values))
    return Estimate(n=n, mean=middle, low=middle - half, high=middle + half, method="t")


def paired_rates(pairs: Sequence[tuple[bool, bool]]) -> Estimate:
    """The difference of two rates over the same cases, first minus second.

    Newcombe's interval from two Wilson intervals and the correlation of the pairs (R. G. Newcombe, 1998, Statistics in
    Medicine 17, pp. 2635-2650, method 10). It keeps a width when no pair differs, where the t interval has none.
    """
    n = len(pairs)
    both, first = sum(a and b for a, b in pairs), sum(a and not b for a, b in pairs)
    second = sum(b and not a for a, b in pairs)
    a, b = wilson(both + first, n), wilson(both + second, n)
    r = _correlation(both, first, second, n - both - first - second)
    middle = (first - second) / n
    low = middle - _length(a.mean - a.low, b.high - b.mean, r)
    high = middle + _length(a.high - a.mean, b.mean - b.low, r)
    return Estimate(n=n, mean=middle, low=max(-1.0, low), high=min(1.0, high), method="Newcombe paired")


def _correlation(both: int, first: int, second: int, neither: int) -> float:
    """Phi of the two-by-two table, drawn towards 0 when positive by the paper's continuity correction."""
    spread = (both + first) * (second + neither) * (both + second) * (first + neither)
    if spread == 0:
        return 0.0
    lean = float(both * neither - first * second)
    if lean > 0:
        lean = max(0.0, lean - (both + first + second + neither) / 2)
    return lean / sqrt(spread)


def _length(a: float, b: float, r: float = 0.0) -> float:
    return sqrt(max(0.0, a * a - 2 * r * a * b + b * b))


def rates_apart(first: Sequence[bool], second: Sequence[bool]) -> Estimate:
    """The difference of the rates of two separate groups, first minus second.

    Newcombe's interval from two Wilson intervals (R. G. Newcombe, 1998, Statistics in Medicine 17, pp. 873-890, method
    10).
    """
    a, b = wilson(sum(first), len(first)), wilson(sum(second), len(second))
    middle = a.mean - b.mean
    low, high = middle - _length(a.mean - a.low, b.high - b.mean), middle + _length(a.high - a.mean, b.mean - b.low)
    return Estimate(n=a.n + b.n, mean=middle, low=low, high=high, method="Newcombe")


def means_apart(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """The difference of the means of two separate groups, first minus second.

    Welch's t interval (B. L. Welch, 1947, Biometrika 34, pp. 28-35) with the degrees of freedom of Satterthwaite.
    """
    n, m = len(first), len(second)
    middle = sum(first) / n - sum(second) / m
    if n < 2 or m < 2:
        return Estimate(n=n + m, mean=middle, low=None, high=None, method="Welch t")
    a, b = standard_error(list(first)) ** 2, standard_error(list(second)) ** 2
    if a + b == 0:
        return Estimate(n=n + m, mean=middle, low=middle, high=middle, method="Welch t")
    freedom = (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
    half = t_quantile(_SHARE, freedom) * sqrt(a + b)
    return Estimate(n=n + m, mean=middle, low=middle - half, high=middle + half, method="Welch t")
