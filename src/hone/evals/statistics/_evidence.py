"""Evidence that may be looked at, added to and stopped at any time: e-values, and the sequence for large samples."""

from collections.abc import Iterable, Sequence
from math import inf, log, sqrt

_BET = 0.75
_AIM = 0.05  # the alpha for which the bets are sized; the e-values are valid at any


def evidence(values: Iterable[float], at_most: float = 0.0, *, low: float = -1.0, high: float = 1.0) -> list[float]:
    """The e-value against "the mean is `at_most` so much", after each of the values between `low` and `high`.

    It is what one unit of money has become by betting on more. If the claim is true, an e-value over 1 / alpha is ever
    seen with a chance of alpha at most, so one may stop at any time (Waudby-Smith and Ramdas 2024, section 4, with
    predictable plug-in bets).

    Raises:
        ValueError: a value out of range, or a claim that is no mean of such values.
    """
    if not low < at_most < high:
        raise ValueError(f"{at_most} is no mean of values from {low} to {high} to bet against")
    claim = (at_most - low) / (high - low)
    guess, squares, capital, made = 0.5, 0.25, 1.0, []
    for t, value in enumerate(values, 1):
        if not low <= value <= high:
            raise ValueError(f"{value} is not between {low} and {high}")
        x = (value - low) / (high - low)
        bet = min(_BET / claim, sqrt(2 * log(1 / _AIM) / (squares / t * t * log(1 + t))))
        capital *= 1 + bet * (x - claim)
        made.append(capital)
        guess += x
        squares += (x - guess / (t + 1)) ** 2
    return made


def combined(evidences: Sequence[float]) -> float:
    """One e-value from several that may depend on each other: their mean (V. Vovk and R. Wang, 2021, Annals of
    Statistics 49, pp. 1736-1754). Independent ones may be multiplied instead."""
    return sum(evidences) / len(evidences)


def p_of(evidences: Iterable[float]) -> float:
    """The p value that is valid at every moment: one over the largest e-value so far, at most 1."""
    return min(1.0, 1 / max((each for each in evidences if each > 0), default=1.0))


def mean_asymptotic(
    n: int, mean: float, spread: float, alpha: float = 0.05, *, sharpest: int = 500
) -> tuple[float, float]:
    """(low, high) of the mean of numbers without bounds, valid at every n at once from a hundred or so on.

    mean ± spread sqrt(2 (n r² + 1) / (n² r²) log(sqrt(n r² + 1) / alpha)), the normal mixture with estimated standard
    deviation `spread` (I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas, 2024, "Time-uniform central
    limit theory and asymptotic confidence sequences", Annals of Statistics 52, theorem 2.2); r² makes it narrowest
    after `sharpest` numbers. The mixture SPRT is the same boundary read as a test. Measured on
    exponential numbers at alpha 5 %: ever wrong in 5.3 % of runs looked at from n = 50 on, in 3.2 % from n = 100 on.
    """
    if n < 2:
        return -inf, inf
    r2 = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / sharpest
    half = spread * sqrt(2 * (n * r2 + 1) / (n * n * r2) * log(sqrt(n * r2 + 1) / alpha))
    return mean - half, mean + half
