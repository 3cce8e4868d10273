"""Cases that belong together, and several answers of one case: what they say about a mean is less than they count."""

from collections.abc import Hashable, Sequence
from math import sqrt

from msgspec import Struct

from hone.evals.statistics._intervals import Estimate, wilson_shape
from hone.evals.statistics._student import t_quantile

_SHARE = 0.975


class Clustered(Struct, frozen=True, kw_only=True):
    """A mean of `n` cases in `groups` groups; `error` is its cluster-robust standard error, None with one group."""

    n: int
    groups: int
    mean: float
    error: float | None


def clustered(values: Sequence[float], groups: Sequence[Hashable]) -> Clustered:
    """The mean of the cases, and its standard error when those of one group may resemble each other.

    V = G/(G-1) sum over groups of (sum over its cases of (x - mean))² / n² (K.-Y. Liang and S. L. Zeger, 1986,
    Biometrika 73, pp. 13-22; for evaluations E. Miller, 2024, "Adding Error Bars to Evals", arXiv 2411.00640, section
    2.2, with the small-sample factor of A. C. Cameron and D. L. Miller, 2015, Journal of Human Resources 50). At least
    one value; as many groups as values.
    """
    n, middle = len(values), sum(values) / len(values)
    apart: dict[Hashable, float] = {}
    for value, group in zip(values, groups, strict=True):
        apart[group] = apart.get(group, 0.0) + value - middle
    count = len(apart)
    if count < 2:
        return Clustered(n=n, groups=count, mean=middle, error=None)
    error = sqrt(count / (count - 1) * sum(each * each for each in apart.values())) / n
    # What is 0 but for rounding is 0: all groups alike.
    return Clustered(n=n, groups=count, mean=middle, error=error if error > 1e-12 * max(map(abs, values)) else 0.0)


def clustered_mean(values: Sequence[float], groups: Sequence[Hashable]) -> Estimate:
    """A mean with the cluster-robust t interval, G - 1 degrees of freedom."""
    found = clustered(values, groups)
    method = f"clustered t ({_counted(found.groups)})"
    if found.error is None:
        return Estimate(n=found.n, mean=found.mean, low=None, high=None, method=method)
    half = t_quantile(_SHARE, found.groups - 1) * found.error
    low, high = found.mean - half, found.mean + half
    return Estimate(n=found.n, mean=found.mean, low=low, high=high, method=method, freedom=found.groups - 1)


def clustered_rate(values: Sequence[float], groups: Sequence[Hashable]) -> Estimate:
    """A share with Wilson's interval over the effective number of cases, p (1 - p) / V, never more than there are.

    The t quantile with G - 1 degrees of freedom stands for z (E. L. Korn and B. I. Graubard, 1998, Survey Methodology
    24, pp. 193-201; N. Dean and M. Pagano, 2015, Journal of Survey Statistics and Methodology 3, pp. 484-503). Where
    all cases are alike nothing tells how much the groups hold together, so each group counts as one case.
    """
    found = clustered(values, groups)
    method = f"clustered Wilson ({_counted(found.groups)})"
    if found.error is None:
        return Estimate(n=found.n, mean=found.mean, low=None, high=None, method=method)
    spread = found.mean * (1 - found.mean)
    effective = float(found.groups) if found.error == 0 else min(found.n, spread / found.error**2)
    # Shares of many answers can be summed to a hair over 1.
    share = min(1.0, max(0.0, found.mean))
    low, high = wilson_shape(share, effective, t_quantile(_SHARE, found.groups - 1))
    return Estimate(n=found.n, mean=found.mean, low=low, high=high, method=method)


def _counted(groups: int) -> str:
    return "1 group" if groups == 1 else f"{groups:,} groups"
