"""Do two scores put cases in the same order? Rank correlations with their intervals."""

from collections.abc import Sequence
from math import atanh, sqrt, tanh
from typing import TYPE_CHECKING, Any

from hone.errors import CallError
from hone.evals.statistics._bootstrap import Groups, bootstrap, shared
from hone.evals.statistics._intervals import Estimate
from hone.evals.statistics._normal import Z95

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_BLOCK = 500  # rows of pairs that are compared at once


def ranks(values: "Array") -> "Array":
    """1 for the smallest; equal ones share the mean of their ranks."""
    import numpy as np

    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middles: Array = last - (counts - 1) / 2
    return middles[which]


def spearman(first: Sequence[float], second: Sequence[float], *, groups: Groups = None) -> Estimate:
    """Spearman's rho: the correlation of the ranks (C. Spearman, 1904, American Journal of Psychology 15, pp. 72-101).

    Interval by Fisher's transform with the standard error sqrt((1 + rho² / 2) / (n - 3)) (D. G. Bonett and T. A.
    Wright, 2000, Psychometrika 65, pp. 23-28). Where cases share one of the `groups`: by bootstrap over groups.

    Raises:
        CallError: fewer than two cases, not as many of both, or one of them has the same value everywhere.
    """
    import numpy as np

    a, b = _checked(first, second)
    if shared(groups):

        def drawn(weights: "Array") -> "Array":
            return np.array([_rho(a, b, each) for each in weights])

        return bootstrap(len(a), drawn, "Spearman", groups=groups)
    rho = float(np.corrcoef(ranks(a), ranks(b))[0, 1])
    low, high = _fisher(rho, sqrt((1 + rho * rho / 2) / (len(a) - 3))) if len(a) > 3 else (None, None)
    return Estimate(n=len(a), mean=rho, low=low, high=high, method="Spearman, Bonett-Wright")


def _rho(a: "Array", b: "Array", weights: "Array") -> float:
    """The correlation of ranks where each case is there as often as it weighs; nan where one side is all alike."""
    import numpy as np

    drawn = np.repeat(np.arange(len(a)), weights.astype(int))
    x, y = ranks(a[drawn]), ranks(b[drawn])
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def kendall(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """Kendall's tau-b: pairs in the same order less pairs in the opposite one, ties accounted for (M. G. Kendall, 1945,
    Biometrika 33, pp. 239-251).

    Interval by Fisher's transform with the standard error sqrt(.437 / (n - 4)) (E. C. Fieller, H. O. Hartley and E. S.
    Pearson, 1957, Biometrika 44, pp. 470-481).

    Raises:
        CallError: fewer than two cases, not as many of both, or one of them has the same value everywhere.
    """
    import numpy as np

    a, b = _checked(first, second)
    agree = untied_a = untied_b = 0.0
    for start in range(0, len(a), _BLOCK):
        rows = slice(start, start + _BLOCK)
        x, y = np.sign(a[rows, None] - a[None, :]), np.sign(b[rows, None] - b[None, :])
        agree, untied_a, untied_b = agree + (x * y).sum(), untied_a + np.abs(x).sum(), untied_b + np.abs(y).sum()
    tau = float(agree / sqrt(untied_a * untied_b))
    low, high = _fisher(tau, sqrt(0.437 / (len(a) - 4))) if len(a) > 4 else (None, None)
    return Estimate(n=len(a), mean=tau, low=low, high=high, method="Kendall tau-b, Fieller")


def _fisher(found: float, error: float) -> tuple[float, float]:
    if abs(found) >= 1 - 1e-12:  # the transform has no place for a perfect order
        return found, found
    return tanh(atanh(found) - Z95 * error), tanh(atanh(found) + Z95 * error)


def _checked(first: Sequence[float], second: Sequence[float]) -> tuple["Array", "Array"]:
    import numpy as np

    if len(first) != len(second) or len(first) < 2:
        raise CallError(f"{len(first)} and {len(second)} values", hint="two or more cases, a value of both for each")
    a, b = np.array(first, dtype=float), np.array(second, dtype=float)
    for each in (a, b):
        if (each == each[0]).all():
            raise CallError(f"all {len(each)} values are {each[0]:g}, so that they have no order")
    return a, b
