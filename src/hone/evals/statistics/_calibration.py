"""Does 80 % sure mean right in 80 of 100? Calibration of confidences, and the Brier score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from hone.errors import CallError
from hone.evals.statistics._bootstrap import DRAWS, Groups, bootstrap
from hone.evals.statistics._intervals import Estimate, mean, rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Bin(Struct, frozen=True, kw_only=True):
    """The cases whose confidence lies in (`above`, `up_to`], the first bin with its lower end."""

    above: float
    up_to: float
    confidence: float  # their mean
    right: Estimate  # the share of them that is right


class Calibration(Struct, frozen=True, kw_only=True):
    """`error` is the expected calibration error, 0 to 1; `bins` are those that hold a case, for the picture."""

    error: Estimate
    bins: tuple[Bin, ...]


def calibration(
    right: Sequence[bool],
    confidences: Sequence[float],
    *,
    bins: int = 10,
    draws: int = DRAWS,
    seed: int = 0,
    groups: Groups = None,
) -> Calibration:
    """The expected calibration error: the mean over cases of |share that is right - mean confidence| of their bin.

    Bins of equal width (M. P. Naeini, G. Cooper and M. Hauskrecht, 2015, AAAI; C. Guo et al., 2017, ICML). By chance
    alone it is over 0, and in the bootstrap more so; therefore the interval is the reflected one, 2 x error - quantile
    (A. C. Davison and D. V. Hinkley, 1997, Bootstrap Methods, chapter 5), cut at 0 and 1. Where
    cases share one of the `groups`, whole groups are drawn.

    Raises:
        CallError: no cases, not as many of both, or a confidence that is not between 0 and 1.
    """
    import numpy as np

    _check(right, confidences)
    y, p = np.array(right, dtype=float), np.array(confidences, dtype=float)
    which = np.clip(np.ceil(p * bins).astype(int) - 1, 0, bins - 1)
    member = np.zeros((len(y), bins))
    member[np.arange(len(y)), which] = 1
    lean = member * (y - p)[:, None]

    def error(weights: "Array") -> "Array":
        found: Array = np.abs(weights @ lean).sum(axis=1) / weights.sum(axis=1)
        return found

    found = bootstrap(len(y), error, "expected calibration error", draws=draws, seed=seed, groups=groups)
    if found.low is not None and found.high is not None:
        low, high = max(0.0, 2 * found.mean - found.high), min(1.0, max(0.0, 2 * found.mean - found.low))
        found = replace(found, low=min(low, found.mean), high=max(high, found.mean))
    made = tuple(
        Bin(
            above=k / bins,
            up_to=(k + 1) / bins,
            confidence=float(p[which == k].mean()),
            right=rate([bool(each) for each in y[which == k]]),
        )
        for k in range(bins)
        if (which == k).any()
    )
    return Calibration(error=found, bins=made)


def brier(right: Sequence[bool], confidences: Sequence[float]) -> Estimate:
    """The mean of (confidence - right)², 0 to 1, with the t interval (G. W. Brier, 1950, Monthly Weather Review 78, pp.
    1-3).

    Raises:
        CallError: no cases, not as many of both, or a confidence that is not between 0 and 1.
    """
    _check(right, confidences)
    found = mean([(p - y) ** 2 for y, p in zip(right, confidences, strict=True)])
    return replace(found, method="Brier, t")


def _check(right: Sequence[bool], confidences: Sequence[float]) -> None:
    if len(right) != len(confidences) or not len(right):
        raise CallError(f"{len(right)} cases and {len(confidences)} confidences", hint="one for each, one or more")
    if wrong := [each for each in confidences if not 0 <= each <= 1]:
        raise CallError(f"a confidence of {wrong[0]:g} is not between 0 and 1")
