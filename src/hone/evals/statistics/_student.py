"""Student's t distribution: its distribution function and its quantiles. scipy has them too, and takes long to load."""

from functools import lru_cache
from math import exp, inf, isinf, lgamma, log, log1p, sqrt

_TINY = 1e-300
_STEPS = 10_000


def t_below(t: float, freedom: float) -> float:
    """P(T <= t) with `freedom` > 0 degrees of freedom, through the incomplete beta function.

    P(|T| > t) = I_x(v/2, 1/2) with x = v / (v + t²) (Abramowitz and Stegun 1964, 26.7.1).
    """
    if isinf(t):
        return 1.0 if t > 0 else 0.0
    tail = 0.5 * _beta(freedom / 2, 0.5, freedom / (freedom + t * t), t * t / (freedom + t * t))
    return 1 - tail if t > 0 else tail


@lru_cache(maxsize=4096)
def t_quantile(share: float, freedom: float) -> float:
    """The t below which a share (0.5 <= share < 1) of the distribution lies, by bisection to the last digits.

    Raises:
        ValueError: `share` or `freedom` is out of range.
    """
    if not 0.5 <= share < 1 or freedom <= 0:
        raise ValueError(f"no quantile {share} with {freedom} degrees of freedom")
    low, high = 0.0, 2.0
    while t_below(high, freedom) < share:
        high *= 2
        if high == inf:
            raise ValueError(f"no quantile {share} with {freedom} degrees of freedom")
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if t_below(middle, freedom) < share else (low, middle)
    return high


def _beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function I_x(a, b); `rest` is 1 - x, given apart to keep its digits."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    # (1 - x) is log1p(-x) where x is small, and the other way round.
    logs = a * (log(x) if x < 0.5 else log1p(-rest)) + b * (log(rest) if rest < 0.5 else log1p(-x))
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + logs)
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b) (Abramowitz and Stegun 26.5.8), by the modified Lentz method."""
    c, d = 1.0, _apart(1 - (a + b) * x / (a + 1))
    d = 1 / d
    found = d
    for m in range(1, _STEPS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _apart(1 + step * d)
            c = _apart(1 + step / c)
            found *= c * d
        if abs(c * d - 1) < 1e-15:
            return found
    return found


def _apart(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def standard_error(values: list[float]) -> float:
    """s / sqrt(n) of at least two values."""
    n = len(values)
    mean = sum(values) / n
    return sqrt(sum((value - mean) ** 2 for value in values) / (n - 1) / n)
