"""The normal distribution: its distribution function and its quantiles."""

from functools import lru_cache
from math import erfc, sqrt

Z95 = 1.959963984540054  # half of 95 % lies between 0 and here


def z_below(z: float) -> float:
    """P(Z <= z) of a standard normal Z."""
    return erfc(-z / sqrt(2)) / 2


@lru_cache(maxsize=4096)
def z_quantile(share: float) -> float:
    """The z below which a share (0 < share < 1) of the standard normal distribution lies."""
    from statistics import NormalDist  # loads `decimal` and `fractions`, which few need

    return NormalDist().inv_cdf(share)
