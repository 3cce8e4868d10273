"""How well a score tells what is so from what is not: area under the ROC curve, and average precision."""

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any

from hone.errors import CallError
from hone.evals.statistics._bootstrap import DRAWS, Groups, bootstrap, shared
from hone.evals.statistics._intervals import Estimate, wilson_shape
from hone.evals.statistics._normal import Z95
from hone.evals.statistics._ranks import ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def roc_auc(truth: Sequence[bool], scores: Sequence[float], *, groups: Groups = None) -> Estimate:
    """The chance that what is so scores above what is not, ties counting half.

    Variance from the placements (E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, 1988, Biometrics 44, pp.
    837-845; by ranks X. Sun and W. Xu, 2014), interval on the logit scale, which keeps it in 0 to 1. Where the scores
    part the two without a fault it is Wilson's over as many cases as the rarer kind has.

    Where cases share one of the `groups`: by bootstrap over groups.

    Raises:
        CallError: no cases, not as many of both, or not both of what is so and what is not.
    """
    import numpy as np

    check_scores(truth, scores)
    if shared(groups):
        return _drawn_auc(truth, scores, groups)
    y, s = np.array(truth, dtype=bool), np.array(scores, dtype=float)
    ones, zeros = int(y.sum()), int((~y).sum())
    together, own, others = ranks(s), ranks(s[y]), ranks(s[~y])
    above = (together[y] - own) / zeros  # of each that is so: the share of the others that it beats
    below = 1 - (together[~y] - others) / ones
    area = float(above.mean())
    if ones < 2 or zeros < 2 or area in (0.0, 1.0):
        low, high = wilson_shape(area, min(ones, zeros))
        return Estimate(n=len(y), mean=area, low=low, high=high, method="ROC AUC, Wilson")
    error = sqrt(float(above.var(ddof=1)) / ones + float(below.var(ddof=1)) / zeros)
    middle, half = log(area / (1 - area)), Z95 * error / (area * (1 - area))
    low, high = (1 / (1 + exp(-min(700.0, max(-700.0, end)))) for end in (middle - half, middle + half))
    return Estimate(n=len(y), mean=area, low=low, high=high, method="ROC AUC, DeLong")


def _drawn_auc(truth: Sequence[bool], scores: Sequence[float], groups: Groups) -> Estimate:
    import numpy as np

    s = np.array(scores, dtype=float)
    order = np.argsort(s, kind="stable")
    y = np.array(truth, dtype=float)[order]
    starts = np.flatnonzero(np.append(True, np.diff(s[order]) != 0))

    def area(weights: "Array") -> "Array":
        drawn = weights[:, order]
        ones, zeros = (np.add.reduceat(drawn * kind, starts, axis=1) for kind in (y, 1 - y))
        below = np.cumsum(zeros, axis=1) - zeros / 2  # those of the same score count half
        pairs = ones.sum(axis=1) * zeros.sum(axis=1)
        found: Array = np.divide((ones * below).sum(axis=1), pairs, out=np.full_like(pairs, np.nan), where=pairs > 0)
        return found

    return bootstrap(len(s), area, "ROC AUC", groups=groups)


def average_precision(truth: Sequence[bool], scores: Sequence[float], *, draws: int = DRAWS, seed: int = 0) -> Estimate:
    """The mean precision at each case that is so, from the highest score down; equal scores come at once.

    sum over thresholds of (recall gained) x precision, without interpolation (E. Voorhees and D. Harman, TREC).
    Interval by bootstrap over cases.

    Raises:
        CallError: no cases, not as many of both, or not both of what is so and what is not.
    """
    import numpy as np

    check_scores(truth, scores)
    s = np.array(scores, dtype=float)
    order = np.argsort(-s, kind="stable")
    y = np.array(truth, dtype=float)[order]
    ends = np.flatnonzero(np.append(np.diff(s[order]) != 0, True))

    def figure(weights: "Array") -> "Array":
        drawn = weights[:, order]
        hits, seen = np.cumsum(drawn * y, axis=1)[:, ends], np.cumsum(drawn, axis=1)[:, ends]
        gained = np.diff(hits, axis=1, prepend=0.0)
        precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
        total = hits[:, -1]
        made = (gained * precision).sum(axis=1)
        found: Array = np.divide(made, total, out=np.full_like(total, np.nan), where=total > 0)
        return found

    return bootstrap(len(s), figure, "average precision", draws=draws, seed=seed)


def check_scores(truth: Sequence[bool], scores: Sequence[float]) -> None:
    """
    Raises:
        CallError: no cases, not as many of both, or not both of what is so and what is not.
    """
    if len(truth) != len(scores) or not len(truth):
        raise CallError(f"{len(truth)} truths and {len(scores)} scores", hint="score the same cases, one or more")
    if all(truth) or not any(truth):
        raise CallError(f"all {len(truth)} cases are {bool(truth[0])}, so that nothing can be told apart")
