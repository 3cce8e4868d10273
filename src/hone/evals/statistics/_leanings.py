"""What sways a judge besides the answer: where it stands, and how long it is."""

from collections.abc import Hashable, Sequence
from math import log2

from msgspec import Struct

from hone.errors import CallError
from hone.evals.statistics._bootstrap import Groups, shared
from hone.evals.statistics._intervals import Estimate, rate
from hone.evals.statistics._student import t_quantile

_SHARE = 0.975


class Position(Struct, frozen=True, kw_only=True):
    """`flips`: the share of pairs whose winner changes with the order. `toward_first`: of those pairs, the share where
    the answer that stood first won both times; the rest go to the second. None where no pair flipped so."""

    flips: Estimate
    toward_first: Estimate | None


def position(
    first_order: Sequence[Hashable], second_order: Sequence[Hashable], one: Hashable = "a", other: Hashable = "b"
) -> Position:
    """How often a pairwise judge changes its mind when the answers change places.

    Both sequences name the winning answer of each pair, whatever place it stood in: `one`, which stands first in the
    first order, `other`, or anything else for a tie. A tie in one order only is a flip that leans to no place.

    Raises:
        CallError: no pairs, or not as many of both.
    """
    if len(first_order) != len(second_order) or not first_order:
        raise CallError(f"{len(first_order)} and {len(second_order)} verdicts", hint="judge each pair in both orders")
    pairs = list(zip(first_order, second_order, strict=True))
    leaning = [pair == (one, other) for pair in pairs if pair in ((one, other), (other, one))]
    return Position(flips=rate([a != b for a, b in pairs]), toward_first=rate(leaning) if leaning else None)


def length_slope(
    first: Sequence[float],
    second: Sequence[float],
    preferred: Sequence[float],
    human: Sequence[float] | None = None,
    *,
    groups: Groups = None,
) -> Estimate:
    """What an answer gains by being twice as long as the other: the slope of the preference on log2 of the lengths.

    `first` and `second` are the answers' lengths, over 0; `preferred` 1 for the first, 0 for the second, .5 for a tie.
    With the `human` preferences it is the gain beyond what humans give. Least squares with the HC3 standard error (J.
    G. MacKinnon and H. White, 1985, Journal of Econometrics 29, pp. 305-325) and t with n - 2. Where pairs share one
    of the `groups`, what they leave over is added up by group first, with the factor G / (G - 1) and t with G - 1
    (K.-Y. Liang and S. L. Zeger, 1986, Biometrika 73, pp. 13-22).

    Raises:
        CallError: fewer than three pairs, a length of 0, or all pairs of one ratio.
    """
    import numpy as np

    if len(preferred) < 3 or not len(first) == len(second) == len(preferred):
        raise CallError(f"{len(preferred)} preferences of {len(first)} and {len(second)} answers", hint="three or more")
    if min(*first, *second) <= 0:
        raise CallError("an answer has no length")
    x = np.array([log2(a / b) for a, b in zip(first, second, strict=True)])
    y = np.array(preferred, dtype=float) - (0.0 if human is None else np.array(human, dtype=float))
    x = x - x.mean()
    spread = float(x @ x)
    if spread < 1e-12:
        raise CallError("all pairs have the same ratio of lengths, so that nothing can be told from it")
    slope = float(x @ y) / spread
    left = y - y.mean() - slope * x
    leverage = 1 / len(x) + x * x / spread
    # One pair alone may fix the line; then it has no residual to judge by.
    weighed = np.divide(left, 1 - leverage, out=np.zeros_like(left), where=leverage < 1 - 1e-9)
    method, parts, freedom, factor = "HC3", x * weighed, len(x) - 2, 1.0
    if groups is not None and shared(groups):
        sums: dict[Hashable, float] = {}
        for group, part in zip(groups, parts.tolist(), strict=True):
            sums[group] = sums.get(group, 0.0) + part
        method, parts, freedom = f"{len(sums):,} groups", np.array(list(sums.values())), len(sums) - 1
        factor = len(sums) / freedom if freedom else 0.0
    method = f"least squares{'' if human is None else ' beyond humans'}, {method}"
    if freedom < 1:
        return Estimate(n=len(x), mean=slope, low=None, high=None, method=method)
    half = t_quantile(_SHARE, freedom) * float(np.sqrt(factor * (parts**2).sum())) / spread
    return Estimate(n=len(x), mean=slope, low=slope - half, high=slope + half, method=method, freedom=freedom)
