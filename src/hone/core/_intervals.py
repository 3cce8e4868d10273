"""Doubt about a number: intervals that go with a rate."""

from math import sqrt

from msgspec import Struct

_Z95 = 1.959963984540054  # the 97.5 % point of the normal distribution


class Rate(Struct, frozen=True):
    """A share of `n` cases with its 95 % interval; all three are shares between 0 and 1."""

    n: int
    mean: float
    low: float
    high: float


def wilson(successes: int, n: int) -> Rate:
    """The Wilson score interval of a rate (E. B. Wilson, 1927, JASA 22, pp. 209-212), without continuity correction.

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n). It keeps its coverage near 0 and 1, where the normal interval
    does not.

    Raises:
        ValueError: not 0 <= successes <= n with n > 0.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is not a rate")
    share, z2 = successes / n, _Z95 * _Z95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At the ends the formula gives exactly 0 and 1, which floats miss by a hair.
    return Rate(n, share, middle - half if successes else 0.0, middle + half if successes < n else 1.0)
