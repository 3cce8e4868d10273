"""The mean of bounded numbers, sure at every moment: who doubts a mean bets against it, and a rich doubter is right.

For each candidate mean a gambler starts with 1 and bets on every next number. If the candidate is the true mean, the
game is fair, and the chance to ever reach 1 / alpha is alpha at most (J. Ville, 1939). Candidates that made somebody
that rich are out; those left are a confidence sequence (I. Waudby-Smith and A. Ramdas, 2024, "Estimating means of
bounded random variables by betting", Journal of the Royal Statistical Society B 86, sections 4 and 5).
"""

from collections.abc import Iterable
from math import log, log1p, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_LARGEST = 0.75  # of the stake that would risk ruin; the paper suggests 1/2 or 3/4
_GRID = 2_001
_SHARPEST = 1 / 3  # of a population of known size: about where the bets are meant to win
_HAIR = 1e-9
_ROUNDING = 1e-12


class Betting:
    """A confidence sequence for the mean of numbers between 0 and 1, fed one number after the other.

    With a `population` the numbers are drawn from so many, without replacement and in random order, and the mean is
    that of the population: when all are seen, nothing is left to doubt, and long before that little is. Without one,
    the numbers may go on for ever. One number costs tens of microseconds, however many came before.
    """

    def __init__(self, alpha: float = 0.05, population: int | None = None) -> None:
        import numpy as np

        self.alpha, self.population = alpha, population
        self.n, self.total = 0, 0.0
        self.low, self.high = 0.0, 1.0
        self._grid: Array = np.linspace(0, 1, _GRID)
        self._up: Array = np.zeros(_GRID)  # logarithm of the capital of those who bet on more
        self._down: Array = np.zeros(_GRID)
        self._guess, self._squares = 0.5, 0.25  # as if one number of 1/2, a quarter apart, had come before

    def add(self, value: float) -> None:
        """
        Raises:
            ValueError: the number is not between 0 and 1, or the population has no more.
        """
        import numpy as np

        if not -_HAIR <= value <= 1 + _HAIR:
            raise ValueError(f"{value} is not between 0 and 1")
        if self.n == self.population:
            raise ValueError(f"all {self.n} numbers of the population were seen")
        bet = self._bet()
        # What the rest must have on average, if the candidate is the mean of all (section 5).
        expected = self._grid if self.population is None else self._rest()
        expected = np.minimum(np.maximum(expected, _HAIR), 1 - _HAIR)
        gain = value - expected
        self._up += np.log1p(np.minimum(bet, _LARGEST / expected) * gain)
        self._down += np.log1p(-np.minimum(bet, _LARGEST / (1 - expected)) * gain)
        self.n += 1
        self.total += value
        self._guess += value
        self._squares += (value - self._guess / (self.n + 1)) ** 2
        self._narrow()

    def shrink(self) -> None:
        """The population has one number fewer than was thought.

        Raises:
            ValueError: it has no number left that was not seen, or there is none.
        """
        if self.population is None or self.population == self.n:
            raise ValueError(f"a population of {self.population}, of which {self.n} were seen, cannot be smaller")
        self.population -= 1
        if self.population:
            self._narrow()

    def _bet(self) -> float:
        """What is bet on the next number, from those before it alone.

        For ever: the paper's predictable plug-in. In a population of N the mean that a wrong candidate leaves to the
        rest runs away as N / (N - n), and so do the bets; they are sized to reach 1 / alpha at a third of it.
        """
        variance, reach, t = self._squares / (self.n + 1), log(2 / self.alpha), self.n + 1
        if self.population is None:
            return sqrt(2 * reach / (variance * t * log1p(t)))
        odds = (1 - _SHARPEST) / (_SHARPEST * self.population)
        return sqrt(2 * reach * odds / variance) * self.population / (self.population - self.n)

    def _rest(self) -> "Array":
        assert self.population is not None
        return (self.population * self._grid - self.total) / (self.population - self.n)

    def _narrow(self) -> None:
        """Candidates that are out stay out. Both capitals are monotone in the candidate, so an interval is left."""
        import numpy as np

        limit = log(2 / self.alpha)
        inside = np.flatnonzero(np.maximum(self._up, self._down) < limit)
        if len(inside):
            # Between two points of the grid the truth may lie: the last one that is out is the end.
            first, last = max(0, int(inside[0]) - 1), int(inside[-1]) + 2
            if first > 0 or last < len(self._grid):
                self._grid, self._up, self._down = (x[first:last] for x in (self._grid, self._up, self._down))
                self.low, self.high = max(self.low, float(self._grid[0])), min(self.high, float(self._grid[-1]))
        if self.population is not None:
            # What was seen is known; the rest is 0 at least and 1 at most. A hair is left for rounding.
            known, unseen = self.total / self.population, (self.population - self.n) / self.population
            self.low = max(self.low, known - _ROUNDING)
            self.high = min(self.high, known + unseen + _ROUNDING)


def mean_betting(
    values: Iterable[float],
    alpha: float = 0.05,
    population: int | None = None,
    *,
    low: float = 0.0,
    high: float = 1.0,
) -> tuple[float, float]:
    """(low, high) of the mean of numbers between `low` and `high`, valid after every number at once; see `Betting`.

    Raises:
        ValueError: a number out of range, or more numbers than the population has.
    """
    bets = Betting(alpha, population)
    for value in values:
        if not low <= value <= high:
            raise ValueError(f"{value} is not between {low} and {high}")
        bets.add((value - low) / (high - low))
    return low + (high - low) * bets.low, low + (high - low) * bets.high
