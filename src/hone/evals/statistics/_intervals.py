"""95 % intervals: of a mean, and of a difference between two sets of cases, shared or not."""

from collections.abc import Sequence
from math import sqrt

from msgspec import Struct
from msgspec.structs import replace

from hone.core import wilson
from hone.evals.statistics._normal import Z95
from hone.evals.statistics._student import standard_error, t_quantile

FEWEST_ALIKE = 30
"""Equal values that are believed to be equal beyond the cases seen."""

_SHARE = 0.975
# Half the 5 % point of chi-squared with 2, 4 and 6 degrees of freedom: the one-sided lower Poisson bound of 1, 2, 3.
_POISSON = (0.05129329438755058, 0.35536150798925255, 0.8176914468437417)
_FEW = 50  # up to so many cases the paper mends two counts at each end, from then on three


class Estimate(Struct, frozen=True, kw_only=True):
    """A number with its 95 % interval. `low` and `high` are None where too few cases say nothing about the spread.

    `freedom` are the degrees of freedom of a t interval, None of any other.
    """

    n: int
    mean: float
    low: float | None
    high: float | None
    method: str
    freedom: float | None = None


def cut(found: Estimate, ends: tuple[float, float] | None) -> Estimate:
    """No further than the ends of what is measured, where it has any."""
    if ends is None:
        return found
    mean, low, high = (
        None if each is None else min(ends[1], max(ends[0], each)) for each in (found.mean, found.low, found.high)
    )
    return replace(found, mean=mean, low=low, high=high)


def rate(values: Sequence[bool]) -> Estimate:
    """A share, with the Wilson interval, its ends mended. At least one value."""
    n, hits = len(values), sum(values)
    low, high = share_interval(hits, n)
    return Estimate(n=n, mean=hits / n, low=low, high=high, method="Wilson")


def share_interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's interval of a rate, but near 0 and 1 the one-sided Poisson bound where that is wider.

    With one, two or three failures Wilson's upper end is too low: its coverage dips under .90 (.8950 at n = 55, p =
    .99). The mended one stays over .91 from n = 20 and p = .5 to .99 (L. D. Brown, T. T. Cai and A. DasGupta, 2001,
    "Interval Estimation for a Binomial Proportion", Statistical Science 16, pp. 101-133, section 4.1.1).
    """
    found = wilson(hits, n)
    low, high, mended = found.low, found.high, _POISSON[: 2 if n <= _FEW else 3]
    if 1 <= hits <= len(mended):
        low = min(low, mended[hits - 1] / n)
    if 1 <= n - hits <= len(mended):
        high = max(high, 1 - mended[n - hits - 1] / n)
    return low, high


def wilson_shape(share: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval where `n` need not be a count, as with the effective number of cases, and for any z."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (middle - half if share > 0 else 0.0), (middle + half if share < 1 else 1.0)


def mean(values: Sequence[float]) -> Estimate:
    """A mean, with Student's t interval: mean ± t(n-1) s / sqrt(n) ("Student", 1908, Biometrika 6, pp. 1-25).

    At least one value. A few that are all alike say nothing of their spread.
    """
    n, middle = len(values), sum(values) / len(values)
    if n < 2 or (n < FEWEST_ALIKE and min(values) == max(values)):
        return Estimate(n=n, mean=middle, low=None, high=None, method="t")
    half = t_quantile(_SHARE, n - 1) * standard_error(list(values))
    return Estimate(n=n, mean=middle, low=middle - half, high=middle + half, method="t", freedom=n - 1)


def paired_rates(pairs: Sequence[tuple[bool, bool]]) -> Estimate:
    """The difference of two rates over the same cases, first minus second, with Newcombe's interval."""
    n = len(pairs)
    both, first = sum(a and b for a, b in pairs), sum(a and not b for a, b in pairs)
    second = sum(b and not a for a, b in pairs)
    low, high = newcombe(both, first, second, n - both - first - second)
    return Estimate(n=n, mean=(first - second) / n, low=low, high=high, method="Newcombe paired")


def newcombe(both: float, first: float, second: float, neither: float, z: float = Z95) -> tuple[float, float]:
    """(low, high) of the difference of two paired rates, from how many pairs succeed in both, one, or neither.

    Newcombe's interval from two Wilson intervals and the correlation of the pairs (R. G. Newcombe, 1998, Statistics in
    Medicine 17, pp. 2635-2650, method 10). It keeps a width when no pair differs, where the t interval has none.
    """
    n = both + first + second + neither
    a, b = (both + first) / n, (both + second) / n
    (low_a, high_a), (low_b, high_b) = wilson_shape(a, n, z), wilson_shape(b, n, z)
    r = _correlation(both, first, second, neither)
    middle = (first - second) / n
    low = middle - _length(a - low_a, high_b - b, r)
    high = middle + _length(high_a - a, b - low_b, r)
    return max(-1.0, low), min(1.0, high)


def _correlation(both: float, first: float, second: float, neither: float) -> float:
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
    return Estimate(n=n + m, mean=middle, low=middle - half, high=middle + half, method="Welch t", freedom=freedom)
