"""Before a run: how large a difference so many cases can show, and how many cases a difference needs."""

from collections.abc import Sequence
from math import ceil

from msgspec import Struct

from hone.errors import CallError
from hone.evals.statistics._designs import Design, PairedMeans, PairedRates
from hone.evals.statistics._student import standard_error

_MOST = 1_000_000
_STEPS = 40
_FINE = 1e-4  # of what is searched


class Sight(Struct, frozen=True, kw_only=True):
    """The `smallest` difference that `n` cases show with the chance `power`; None where they show none."""

    n: int
    smallest: float | None
    power: float
    points: bool  # of a rate, so that it is said in points

    def __str__(self) -> str:
        chance = "four of five runs" if self.power == 0.8 else f"{100 * self.power:g} of 100 runs"
        if self.smallest is None:
            return f"with {self.n:,} cases you can see no difference in {chance}"
        size = f"{100 * self.smallest:.2g} points" if self.points else f"{self.smallest:.3g}"
        return f"with {self.n:,} cases you can see {size} in {chance}"


def sight(design: Design, n: int, *, margin: float = 0.0, power: float = 0.8) -> Sight:
    """How large a difference so many cases can show: `str` of it is a sentence.

    With a `margin` it is the difference that passes a gate of not worse by that much, and may be below 0.
    """
    points = not isinstance(design, PairedMeans)
    low, high = -margin, _far(design, n, margin, power)
    if high is None or design.power(n, high, margin) < power:
        return Sight(n=n, smallest=None, power=power, points=points)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if design.power(n, middle, margin) >= power else (middle, high)
        if high - low < _FINE * abs(high + margin):
            break
    return Sight(n=n, smallest=high, power=power, points=points)


def cases_needed(design: Design, difference: float, *, margin: float = 0.0, power: float = 0.8) -> int | None:
    """The fewest cases that show a true `difference` with the chance `power`; None where a million do not.

    Raises:
        CallError: the difference is not on the better side of the gate, or cannot be.
    """
    if difference <= -margin:
        raise CallError(
            f"a difference of {difference:g} is not better than the gate, {-margin:g}", hint="ask for a larger one"
        )
    low, high = 1, 2
    while design.power(high, difference, margin) < power:
        if high > _MOST:
            return None
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if design.power(middle, difference, margin) >= power else (middle, high)
    return high if high <= _MOST else None


def cases_by_group(n: int, per_group: float, alike: float) -> int:
    """How many cases in groups tell as much as `n` that stand alone.

    n (1 + (m - 1) rho), the design effect of L. Kish (1965, Survey Sampling), with m cases in a group on average and
    the correlation `alike` of two cases of one group, 0 to 1.
    """
    return ceil(n * (1 + (per_group - 1) * alike) - 1e-9)


def from_pilot(first: Sequence[bool | float], second: Sequence[bool | float]) -> PairedRates | PairedMeans:
    """The design that a pilot's values suggest, `second` being the baseline; rates where all values are booleans.

    Raises:
        CallError: fewer than two cases, or numbers that differ by the same everywhere.
    """
    if len(first) != len(second) or len(first) < 2:
        raise CallError(f"a pilot of {len(first)} and {len(second)} values", hint="two or more cases, a value for each")
    if all(isinstance(value, bool) for value in (*first, *second)):
        # Half a discordant pair more, so that none seen is not taken for none there.
        apart = (sum(a != b for a, b in zip(first, second, strict=True)) + 0.5) / (len(first) + 1)
        return PairedRates(rate=sum(second) / len(second), discordant=apart)
    differences = [a - b for a, b in zip(first, second, strict=True)]
    spread = standard_error(differences) * len(differences) ** 0.5
    if spread == 0:
        raise CallError(
            f"all {len(differences)} differences are {differences[0]:g}, which tells nothing of their spread"
        )
    return PairedMeans(spread)


def _far(design: Design, n: int, margin: float, power: float) -> float | None:
    """A difference that is surely seen, or the largest there can be."""
    if design.largest < float("inf"):
        return design.largest if design.largest > -margin else None
    far = 1e-9
    while design.power(n, far - margin, margin) < power:
        far *= 2
        if far > 1e30:
            return None
    return far - margin
