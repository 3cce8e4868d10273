"""Intervals that stay valid however often they are looked at: confidence sequences, for live traffic.

An ordinary 95 % interval that is looked at every minute is wrong sooner or later. With probability 1 - alpha, these
contain the true value at every moment at once (Ville's inequality), so a release may be stopped at the first look that
shows what it must.
"""

from collections.abc import Callable, Sequence
from math import inf, lgamma, log, log1p, sqrt

_BET = 0.5  # the largest bet; the paper suggests 1/2 or 3/4


def rate_always(successes: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """(low, high) of a rate after `n` cases, valid at every n at once.

    The p for which the beta-binomial mixture likelihood ratio stays below 1 / alpha:
    B(s+1, n-s+1) / (p^s (1-p)^(n-s)) < 1 / alpha (H. Robbins, 1970, Annals of Mathematical Statistics 41, pp.
    1397-1409, with a uniform mixture).
    """
    if n == 0:
        return 0.0, 1.0
    failures = n - successes
    mixture = lgamma(successes + 1) + lgamma(failures + 1) - lgamma(n + 2)

    def inside(p: float) -> bool:
        if (p == 0 and successes) or (p == 1 and failures):
            return False
        likelihood = (successes * log(p) if successes else 0.0) + (failures * log1p(-p) if failures else 0.0)
        return mixture - likelihood < -log(alpha)

    middle = successes / n
    return _edge(inside, middle, 0.0), _edge(inside, middle, 1.0)


def mean_always(values: Sequence[float], alpha: float = 0.05) -> tuple[float, float]:
    """(low, high) of the mean of numbers between 0 and 1, valid after every number at once, in their order.

    The predictable plug-in empirical Bernstein sequence (I. Waudby-Smith and A. Ramdas, 2024, "Estimating means of
    bounded random variables by betting", Journal of the Royal Statistical Society B 86, theorem 2).

    Raises:
        ValueError: a number is not between 0 and 1.
    """
    bets = weighted = spread = 0.0
    total, squares = 0.5, 0.25  # of the estimates before the first number
    for t, value in enumerate(values, 1):
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is not between 0 and 1")
        before = total / t
        # The paper divides by variance x t x log(1 + t); its variance before this number is squares / t.
        bet = min(_BET, sqrt(2 * log(2 / alpha) / (squares * log(1 + t))))
        bets += bet
        weighted += bet * value
        spread += (value - before) ** 2 * (-log1p(-bet) - bet)
        total += value
        squares += (value - total / (t + 1)) ** 2
    if bets == 0:
        return 0.0, 1.0
    half = (log(2 / alpha) + spread) / bets
    return max(0.0, weighted / bets - half), min(1.0, weighted / bets + half)


def apart_always(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    """(low, high) of the difference first minus second, from two sequences of alpha / 2 each (union bound)."""
    return first[0] - second[1], first[1] - second[0]


def _edge(inside: Callable[[float], bool], middle: float, end: float) -> float:
    """Where `inside` stops being true between `middle`, where it is, and `end`."""
    if inside(end):
        return end
    good, bad, last = middle, end, inf
    while (between := (good + bad) / 2) not in (good, bad, last):
        good, bad, last = (between, bad, between) if inside(between) else (good, between, between)
    return bad
