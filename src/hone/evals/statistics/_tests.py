"""Tests of a difference: how often chance alone would give one at least as large."""

from collections.abc import Sequence
from math import erfc, sqrt
from typing import TYPE_CHECKING, Any

from hone.evals.statistics._student import standard_error, t_below

if TYPE_CHECKING:
    import numpy as np

_TABLES = 100  # pairs up to which every outcome is looked at
_SHARES = 41  # of pairs that differ, tried from the fewest to all
_EXACT = 20  # differences whose 2^20 signs are all tried
_DRAWS = 20_000
_BLOCK = 1_000
_SLACK = 1e-9  # sums in another order differ in their last digits


def mcnemar(first: int, second: int) -> float:
    """The exact two-sided p of McNemar's test (Q. McNemar, 1947, Psychometrika 12, pp. 153-157).

    `first` and `second` are the pairs where only the one and only the other succeeded; given that they differ, each
    is a fair coin: p = min(1, 2 P(X <= min)), X binomial.
    """
    n, fewer = first + second, min(first, second)
    ways = total = 1
    for k in range(fewer):
        ways = ways * (n - k) // (k + 1)
        total += ways
    return min(1.0, 2 * total / (1 << n))  # integers of any size divide exactly


def ahead(first: int, second: int, n: int, least: float) -> float:
    """The one-sided p of a difference of two paired rates that is no more than `least` (-1 < least < 1).

    `first` and `second` are the pairs of `n` where only the one and only the other succeeded. Up to 100 pairs the test
    is exact: the largest chance, over every share of pairs that differ, of a score statistic as large (H.-M. Hsueh,
    J.-P. Liu and J. J. Chen, 2001, Biometrics 57, pp. 478-483); beyond that, its normal approximation (T. Tango, 1998,
    Statistics in Medicine 17, pp. 891-908).
    """
    import numpy as np

    if n > _TABLES:
        z = _score(np.array([float(first)]), np.array([float(second)]), n, least)[0]
        return erfc(z / sqrt(2)) / 2
    firsts, seconds = np.divmod(np.arange((n + 1) ** 2), n + 1)
    known = firsts + seconds <= n
    firsts, seconds = firsts[known], seconds[known]
    scores = _score(firsts, seconds, n, least)
    extreme = scores >= scores[(firsts == first) & (seconds == second)][0] - _SLACK
    firsts, seconds = firsts[extreme], seconds[extreme]
    rest = n - firsts - seconds
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    ways = log_factorial[n] - log_factorial[firsts] - log_factorial[seconds] - log_factorial[rest]
    largest = 0.0
    for share in np.linspace(abs(least), 1, _SHARES):  # of pairs that differ
        chances = np.array([[(share + least) / 2], [(share - least) / 2], [1 - share]]).clip(1e-300)
        counts = np.array([firsts, seconds, rest])
        largest = max(largest, float(np.exp(ways + (counts * np.log(chances)).sum(axis=0)).sum()))
    return min(1.0, largest)


def _score(first: "np.ndarray[Any, Any]", second: "np.ndarray[Any, Any]", n: int, least: float) -> Any:
    """Tango's z: the difference less `least`, by its standard error where `least` is true."""
    import numpy as np

    b = (2 * n - first + second) * least - first - second
    only_second = (np.sqrt(np.maximum(0, b * b + 8 * n * second * least * (1 - least))) - b) / (4 * n)
    variance = np.maximum(0, n * (2 * only_second + least * (1 - least)))
    over = first - second - n * least
    return np.divide(over, np.sqrt(variance), out=np.sign(over) * 1e9, where=variance > _SLACK)


def sign_flip(differences: Sequence[float], seed: int = 0) -> float:
    """The two-sided p of the sign-flip permutation test of paired differences (R. A. Fisher, 1935, The Design of
    Experiments, section 21): the share of sign patterns whose sum is at least as far from 0.

    All patterns are tried for up to 20 differences other than 0, else 20,000 drawn from `seed`; the observed pattern
    counts as one of the drawn (Phipson and Smyth, 2010), so that p is never 0.
    """
    import numpy as np

    moved = np.array([d for d in differences if d != 0], dtype=float)
    if len(moved) == 0:
        return 1.0
    least = abs(moved.sum()) - _SLACK * np.abs(moved).sum()
    if len(moved) <= _EXACT:
        sums = np.zeros(1)
        for d in moved:
            sums = np.concatenate([sums + d, sums - d])
        return float(np.mean(np.abs(sums) >= least))
    random = np.random.default_rng(seed)
    hits = 0
    for _ in range(_DRAWS // _BLOCK):
        signs = random.integers(0, 2, size=(_BLOCK, len(moved)), dtype=np.int8) * np.int8(2) - np.int8(1)
        hits += int(np.count_nonzero(np.abs(signs @ moved) >= least))
    return (hits + 1) / (_DRAWS + 1)


def rates_differ(first: Sequence[bool], second: Sequence[bool]) -> float:
    """The two-sided p of the pooled z test that two separate groups have one rate (K. Pearson's chi-squared)."""
    n, m = len(first), len(second)
    pooled = (sum(first) + sum(second)) / (n + m)
    spread = sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return 1.0 if spread == 0 else erfc(abs(sum(first) / n - sum(second) / m) / spread / sqrt(2))


def means_differ(first: Sequence[float], second: Sequence[float]) -> float | None:
    """The two-sided p of Welch's t test; None where the groups are too small to have a spread."""
    n, m = len(first), len(second)
    if n < 2 or m < 2:
        return None
    a, b = standard_error(list(first)) ** 2, standard_error(list(second)) ** 2
    apart = sum(first) / n - sum(second) / m
    if a + b == 0:
        return 1.0 if apart == 0 else 0.0
    freedom = (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
    return 2 * t_below(-abs(apart) / sqrt(a + b), freedom)
