"""Cases that belong together, and several answers of one case: what they say about a mean is less than they count."""

from collections.abc import Hashable, Sequence
from math import sqrt

from msgspec import Struct

from hone.evals.statistics._intervals import Estimate, wilson_shape
from hone.evals.statistics._student import t_quantile

_SHARE = 0.975
_HAIR = 1e-9


class Clustered(Struct, frozen=True, kw_only=True):
    """A mean of `n` cases in `groups` groups; `error` is its cluster-robust standard error, None with one group."""

    n: int
    groups: int
    mean: float
    error: float | None


def clustered(values: Sequence[float], groups: Sequence[Hashable]) -> Clustered:
    """The mean of the cases, and its standard error when those of one group may resemble each other.

    V = G/(G-1) sum over groups of (sum over its cases of (x - mean))² / n² (K.-Y. Liang and S. L. Zeger, 1986,
    Biometrika 73, pp. 13-22; for evaluations E. Miller, 2024, "Adding Error Bars to Evals", arXiv 2411.00640; the
    small-sample factor as in A. C. Cameron and D. L. Miller, 2015, Journal of Human Resources 50, pp. 317-372). At
    least one value; as many groups as values.
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


def clustered_rate(values: Sequence[float], groups: Sequence[Hashable], answers: float = 1.0) -> Estimate:
    """A share with Wilson's interval over the effective number of cases, those there are over the design effect.

    The t quantile with G - 1 degrees of freedom stands for z (E. L. Korn and B. I. Graubard, 1998, Survey Methodology
    24, pp. 193-201; N. Dean and M. Pagano, 2015, Journal of Survey Statistics and Methodology 3, pp. 484-503). A value
    may be the share of several `answers` of a case.
    """
    found = clustered(values, groups)
    method = f"clustered Wilson ({_counted(found.groups)})"
    if found.error is None:
        return Estimate(n=found.n, mean=found.mean, low=None, high=None, method=method)
    # Shares of many answers can be summed to a hair over 1.
    share = min(1.0, max(0.0, found.mean))
    effective = found.n * answers / _design_effect(found, values, groups, answers)
    low, high = wilson_shape(share, effective, t_quantile(_SHARE, found.groups - 1))
    return Estimate(n=found.n, mean=found.mean, low=low, high=high, method=method)


def _design_effect(found: Clustered, values: Sequence[float], groups: Sequence[Hashable], answers: float) -> float:
    """By how much the groups widen the variance, 1 at least.

    Near 0 and 1 few groups show the rarer outcome, and those few tell badly how much a group holds together (measured
    on 30 groups of 5 whose cases mostly go together, at a rate of .95: coverage .84). So one group more counts that
    shows it in all its cases; where no group does, each counts as a single case.
    """
    sizes: dict[Hashable, int] = {}
    hits: dict[Hashable, float] = {}
    for value, group in zip(values, groups, strict=True):
        sizes[group], hits[group] = sizes.get(group, 0) + 1, hits.get(group, 0.0) + value
    whole = answers * sum(size * size for size in sizes.values()) / found.n
    spread = found.mean * (1 - found.mean)
    if found.error is None or found.error == 0 or spread <= 0:
        return whole
    shown = min(
        sum(hit > _HAIR for hit in hits.values()), sum(hits[group] < size - _HAIR for group, size in sizes.items())
    )
    seen = max(1.0, found.error**2 * found.n * answers / spread)
    return (shown * seen + whole) / (shown + 1)


def _counted(groups: int) -> str:
    return "1 group" if groups == 1 else f"{groups:,} groups"
