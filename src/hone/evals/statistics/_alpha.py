"""Krippendorff's alpha: agreement of any number of raters, with gaps, on any kind of scale."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from hone.errors import CallError
from hone.evals.statistics._bootstrap import DRAWS, Groups, bootstrap
from hone.evals.statistics._intervals import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Scale = Literal["nominal", "ordinal", "interval", "ratio"]


def krippendorff_alpha(
    ratings: Sequence[Sequence[Any]],
    scale: Scale = "nominal",
    *,
    draws: int = DRAWS,
    seed: int = 0,
    groups: Groups = None,
) -> Estimate:
    """Alpha of the ratings of each case, None where a rater gave none; 1 at full agreement, 0 at chance.

    1 - observed / expected disagreement, from the coincidences of values within cases (K. Krippendorff, 2011,
    "Computing Krippendorff's Alpha-Reliability"). On all scales but the nominal one the values are numbers. A case
    with fewer than two ratings does not count. Interval by bootstrap over cases, or over their `groups`.

    Raises:
        CallError: no case with two ratings, or only one value.
    """
    import numpy as np

    cases = [[each for each in case if each is not None] for case in ratings]
    among = None if groups is None else [group for group, case in zip(groups, cases, strict=True) if len(case) > 1]
    cases = [case for case in cases if len(case) > 1]
    seen = list(dict.fromkeys(each for case in cases for each in case))
    if len(seen) < 2:
        what = "no case has two ratings" if not seen else f"only one value was given, {seen[0]!r}"
        raise CallError(f"{what}, which says nothing about agreement")
    if scale != "nominal":
        seen = sorted(seen)
    at = {value: k for k, value in enumerate(seen)}
    counts = np.zeros((len(cases), len(seen)))
    for row, case in enumerate(cases):
        for value in case:
            counts[row, at[value]] += 1
    spare = counts.sum(axis=1) - 1

    def alpha(weights: "Array") -> "Array":
        return np.array([_alpha(counts, each / spare, seen, scale) for each in weights])

    return bootstrap(len(cases), alpha, f"Krippendorff's alpha, {scale}", draws=draws, seed=seed, groups=among)


def _alpha(counts: "Array", weights: "Array", values: list[Any], scale: Scale) -> float:
    import numpy as np

    weighed = counts * weights[:, None]
    coincidences = weighed.T @ counts - np.diag(weighed.sum(axis=0))
    totals = coincidences.sum(axis=1)
    apart = _apart(totals, values, scale)
    expected = totals @ apart @ totals
    if expected <= 1e-12:
        return float("nan")
    return float(1 - (totals.sum() - 1) * (coincidences * apart).sum() / expected)


def _apart(totals: "Array", values: list[Any], scale: Scale) -> "Array":
    """The squared distance of each two values."""
    import numpy as np

    if scale == "nominal":
        return np.ones((len(values), len(values))) - np.eye(len(values))
    if scale == "ordinal":
        # As many ratings as lie between the middles of the two ranks.
        middles: Array = np.cumsum(totals) - totals / 2
        ranked: Array = np.square(middles[:, None] - middles[None, :])
        return ranked
    numbers = np.array(values, dtype=float)
    steps: Array = numbers[:, None] - numbers[None, :]
    if scale == "ratio":
        sums = numbers[:, None] + numbers[None, :]
        steps = np.divide(steps, sums, out=np.zeros_like(steps), where=sums != 0)
    squared: Array = np.square(steps)
    return squared
