"""What is going to be measured, and how likely so many cases are to show a difference that is truly there."""

from math import inf, sqrt
from typing import Protocol

from msgspec import Struct

from hone.errors import CallError
from hone.evals.statistics._chances import passes_binomial, passes_pairs
from hone.evals.statistics._normal import z_below
from hone.evals.statistics._student import t_quantile

# The standard error of a paired difference of 58 published models was .82 of the unpaired one: 1 - .82² is about 1/3.
USUAL_CORRELATION = 1 / 3

_SHARE = 0.975


class Design(Protocol):
    """What is going to be measured. `largest` is the largest difference that there can be."""

    @property
    def largest(self) -> float: ...

    def power(self, n: int, difference: float, margin: float = 0.0) -> float:
        """The chance that `n` cases show it: that the 95 % interval lies above -`margin`."""


class OneRate(Struct, frozen=True):
    """A rate, compared with a fixed one, `against`."""

    against: float

    @property
    def largest(self) -> float:
        return 1.0 - self.against

    def power(self, n: int, difference: float, margin: float = 0.0) -> float:
        """Summed exactly over all counts: the mended Wilson interval lies above `against` - `margin`."""
        return passes_binomial(n, min(1.0, self.against + difference), self.against - margin)


class PairedRates(Struct, frozen=True):
    """Two rates over the same cases: that of the baseline, and how its cases go along with the other's.

    `discordant` is the share of cases in which just one succeeds; left out, it follows from the `correlation`.
    """

    rate: float
    correlation: float = USUAL_CORRELATION
    discordant: float | None = None

    @property
    def largest(self) -> float:
        return 1.0 - self.rate if self.discordant is None else min(1.0 - self.rate, self.discordant)

    def power(self, n: int, difference: float, margin: float = 0.0) -> float:
        """Summed over all tables of pairs: Newcombe's interval lies above -`margin`.

        Raises:
            CallError: no table has these rates.
        """
        return passes_pairs(n, self.shares(difference), margin)

    def shares(self, difference: float) -> tuple[float, float, float, float]:
        """The shares of cases where both, only the first, only the baseline, and neither succeed.

        Raises:
            CallError: there are none, because the rates, difference and discordance contradict each other.
        """
        first, apart = self.rate + difference, self._discordant(difference)
        second = (apart - difference) / 2
        shares = (self.rate - second, second + difference, second, 1 - first - second)
        if not 0 <= self.rate <= 1 or min(shares) < -1e-9:
            raise CallError(
                f"a rate of {self.rate:g} and one of {first:g} cannot differ in a share of {apart:.3g} of the cases"
            )
        both, only, other, neither = (max(0.0, each) for each in shares)
        return both, only, other, neither

    def _discordant(self, difference: float) -> float:
        if self.discordant is not None:
            return self.discordant
        a, b = self.rate + difference, self.rate
        spread = sqrt(max(0.0, a * (1 - a) * b * (1 - b)))
        # Rates far apart cannot be strongly correlated: no fewer cases differ than the rates do.
        return max(abs(difference), a * (1 - b) + b * (1 - a) - 2 * self.correlation * spread)


class PairedMeans(Struct, frozen=True):
    """Two means over the same cases; `spread` is the standard deviation of the differences."""

    spread: float

    @property
    def largest(self) -> float:
        return inf

    def power(self, n: int, difference: float, margin: float = 0.0) -> float:
        """The chance of a noncentral t over its threshold: the mean over the chi distribution of the estimated spread.

        (N. L. Johnson and B. L. Welch, 1940, Biometrika 31, pp. 362-389; differences taken as normal.)
        """
        import numpy as np

        if n < 2:
            return 0.0
        freedom = n - 1
        shift = (difference + margin) / self.spread * sqrt(n)
        width = 8 / sqrt(2 * freedom)
        ratio = np.linspace(max(1e-9, 1 - width), 1 + width, 2_001)  # estimated over true spread
        logs = (freedom - 1) * np.log(ratio) - freedom * ratio**2 / 2
        weights = np.exp(logs - logs.max())
        above = np.array([z_below(z) for z in shift - t_quantile(_SHARE, freedom) * ratio])
        return float(above @ weights / weights.sum())
