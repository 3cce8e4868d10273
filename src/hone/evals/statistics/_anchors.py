"""Spending less by what earlier runs know: a few anchor cases, and the mean of the rest by how they went before."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from math import sqrt

from msgspec.structs import replace

from hone.errors import CallError
from hone.evals.statistics._clusters import clustered
from hone.evals.statistics._intervals import FEWEST_ALIKE, Estimate, cut
from hone.evals.statistics._student import t_quantile

_SHARE = 0.975
_PER_RUN = 10  # cases for each earlier run that is fitted
_HAIR = 1e-9


def fitting(cases: int) -> int:
    """How many earlier runs so many cases can be fitted to, 0 where they are too few for one."""
    return max(0, (cases - 2) // _PER_RUN)


def fewest(runs: int) -> int:
    """How many cases it takes to fit so many earlier runs."""
    return _PER_RUN * runs + 2


def anchors(earlier: Sequence[Mapping[str, float]], count: int, seed: int = 0) -> list[str]:
    """`count` cases that stand for all: ordered by how they went in the `earlier` runs, one drawn from each stretch.

    A stratified random sample (W. G. Cochran, 1977, Sampling Techniques, chapter 5), so that easy and hard cases come
    in their shares; every case has the same chance within a stretch, and the stretches differ by one case at most.

    Raises:
        CallError: no earlier run, or not 1 to all of the cases that every one of them has.
    """
    import numpy as np

    known = _shared(earlier)
    if not 1 <= count <= len(known):
        raise CallError(f"{count} anchors of {len(known)} cases that the earlier runs share")
    random = np.random.default_rng(seed)
    # Cases that went alike stand in random order, not in the order of the file.
    shuffled = [known[at] for at in random.permutation(len(known))]
    ordered = sorted(shuffled, key=lambda case: sum(run[case] for run in earlier))
    edges = np.linspace(0, len(ordered), count + 1).round().astype(int)
    return [ordered[int(random.integers(a, b))] for a, b in pairwise(edges)]


def by_earlier_runs(
    values: Mapping[str, float],
    earlier: Sequence[Mapping[str, float]],
    *,
    groups: Mapping[str, Hashable] | None = None,
    ends: tuple[float, float] | None = None,
) -> Estimate:
    """The mean over all cases that the `earlier` runs share, from the few that this one has `values` for.

    The regression estimator of survey sampling: mean(y) + beta (mean of all x - mean of the sampled x), x the values
    of the earlier runs, whose means over all cases are known (Cochran 1977, chapter 7; as control variates P. Glynn
    and R. Szechtman, 2002). The interval is that of the mean beyond these cases, like the one of a whole run:
    variance s² / N + (1 - n / N) e² / n, s² that of the values and e² of the residuals, t with n - 1 - runs degrees
    of freedom. The sampled cases must be a random sample, or `anchors`, whose stretches make it a little too wide.

    Cases that share one of the `groups` may resemble each other: then both variances are cluster-robust, with G - 1 -
    runs degrees of freedom. `ends` are those of the metric; no estimate lies beyond them. Few cases that all went just
    as foretold do not say how far the others will, and then there is no interval.

    Raises:
        CallError: no earlier run, a case that is not in all of them, or fewer than 10 cases for each of them.
    """
    import numpy as np

    known = _shared(earlier)
    strange = [case for case in values if any(case not in run for run in earlier)]
    if strange:
        raise CallError(f"the case {strange[0]!r} is not in every earlier run")
    n, runs, total = len(values), len(earlier), len(known)
    if n < fewest(runs):
        raise CallError(f"{n} cases are too few to fit {runs} earlier runs", hint=f"{fewest(runs)} or more")
    y = np.array(list(values.values()), dtype=float)
    x = np.array([[float(run[case]) for run in earlier] for case in values])
    centre = x.mean(axis=0)
    whole = np.array([[float(run[case]) for run in earlier] for case in known]).mean(axis=0)
    # The pseudo-inverse: two runs that went alike say no more than one.
    slope = np.linalg.pinv(x - centre) @ (y - y.mean())
    middle = float(y.mean() + (whole - centre) @ slope)
    residual = y - y.mean() - (x - centre) @ slope
    among = [("group", groups[case]) if groups and case in groups else ("case", case) for case in values]
    own, left = clustered(y.tolist(), among), clustered(residual.tolist(), among)
    freedom = left.groups - 1 - runs
    found = Estimate(n=n, mean=middle, low=None, high=None, method="regression on earlier runs")
    foretold = float(np.abs(residual).max()) < _HAIR
    alike = float(np.ptp(y)) < _HAIR
    if freedom < 1 or own.error is None or left.error is None or (foretold and (n < FEWEST_ALIKE or alike)):
        return cut(found, ends)
    variance = own.error**2 * n / total + (1 - n / total) * left.error**2 * (n - 1) / (n - 1 - runs)
    half = t_quantile(_SHARE, freedom) * sqrt(variance)
    return cut(replace(found, low=middle - half, high=middle + half, freedom=freedom), ends)


def _shared(earlier: Sequence[Mapping[str, float]]) -> list[str]:
    if not earlier:
        raise CallError("there is no earlier run to learn from")
    return [case for case in earlier[0] if all(case in run for run in earlier[1:])]
