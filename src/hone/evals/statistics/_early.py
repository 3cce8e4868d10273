"""Stopping a run early: what a comparison will say is often known long before its last case is paid for."""

from math import sqrt

from msgspec import Struct

from hone.errors import CallError
from hone.evals._case import Direction
from hone.evals.statistics._betting import Betting
from hone.evals.statistics._compare import Verdict
from hone.evals.statistics._intervals import FEWEST_ALIKE
from hone.evals.statistics._student import t_quantile

_SHARE = 0.975
_ON_SPREAD = 0.2  # of alpha, for not knowing the spread of the whole run


class Decision(Struct, frozen=True, kw_only=True):
    """What is known after `seen` cases. `verdict` is None while it is open: go on.

    `difference` is the mean so far, `low` and `high` hold the mean over all cases, at every moment at once.
    """

    verdict: Verdict | None
    seen: int
    cases: int | None
    difference: float | None
    low: float
    high: float
    reason: str

    @property
    def stop(self) -> bool:
        return self.verdict is not None


class EarlyStop:
    """Fed one paired difference after the other, it says when the verdict of the gate is settled.

    With `cases`, the size of the dataset: settled is what the whole run would say by its 95 % t interval, pass, fail
    or cannot tell. In at most `alpha` of runs it says something else than the whole run would, at whatever moment it
    stops. Without `cases`: pass or fail about the true difference, wrong in at most `alpha` of streams.

    The cases must come in random order, and be fed in that order: what is answered first is not a random sample of
    what is asked. Differences lie between `low` and `high`; those of rates and of scores from 0 to 1 lie in -1 to 1.
    """

    def __init__(
        self,
        cases: int | None = None,
        *,
        not_worse_by: float = 0.0,
        direction: Direction = "up",
        alpha: float = 0.05,
        low: float = -1.0,
        high: float = 1.0,
    ) -> None:
        """
        Raises:
            CallError: no cases, an alpha that is no chance, or bounds that hold nothing.
        """
        if (cases is not None and cases < 1) or not 0 < alpha < 1 or not low < high:
            raise CallError(
                f"nothing can be stopped with {cases} cases, alpha {alpha:g}, differences {low:g} to {high:g}"
            )
        self.cases, self.margin, self.alpha = cases, not_worse_by, alpha
        self._sign = 1.0 if direction == "up" else -1.0
        self._ends = (low, high)
        self._most = max(low * low, high * high)  # of a squared difference
        spread = 0.0 if cases is None else _ON_SPREAD * alpha
        self._mean = Betting(alpha - spread, cases)
        self._square = None if cases is None else Betting(spread, cases)
        self._seen: set[float] = set()  # the first two differences that are not alike
        self._settled: tuple[Verdict, str] | None = None

    def see(self, difference: float) -> Decision:
        """The decision after one more case. Once settled it stays so.

        Raises:
            CallError: the difference is out of bounds, or there are no more cases.
        """
        low, high = self._ends
        if not low <= difference <= high:
            raise CallError(f"the difference {difference:g} is not between {low:g} and {high:g}")
        if self._mean.n == self.cases:
            raise CallError(f"all {self.cases} cases were seen")
        if len(self._seen) < 2:
            self._seen.add(difference)
        self._mean.add((difference - low) / (high - low))
        if self._square is not None:
            self._square.add(difference * difference / self._most)
        self._settled = self._settled or self._say()
        return self.decision()

    def skip(self) -> Decision:
        """The decision after a case that turned out to have no difference to it: there is one fewer in all.

        Raises:
            CallError: there are no more cases.
        """
        if self.cases is None or self._square is None:
            return self.decision()
        if self._mean.n == self.cases:
            raise CallError(f"all {self.cases} cases were seen")
        self.cases -= 1
        self._mean.shrink()
        self._square.shrink()
        if self.cases:
            self._settled = self._settled or self._say()
        return self.decision()

    def decision(self) -> Decision:
        """What is known by now."""
        low, high = self._interval()
        verdict, reason = self._settled or (None, "not settled yet")
        seen, width = self._mean.n, self._ends[1] - self._ends[0]
        difference = self._ends[0] + width * self._mean.total / seen if seen else None
        return Decision(
            verdict=verdict, seen=seen, cases=self.cases, difference=difference, low=low, high=high, reason=reason
        )

    def _interval(self) -> tuple[float, float]:
        low, high = self._ends
        return low + (high - low) * self._mean.low, low + (high - low) * self._mean.high

    def _say(self) -> tuple[Verdict, str] | None:
        low, high = self._interval()
        # A gain is what is better, measured from the gate.
        worse, better = (low, high) if self._sign > 0 else (-high, -low)
        worse, better = worse + self.margin, better + self.margin
        least, most = self._halves(low, high)
        of = "in the long run" if self.cases is None else f"over all {self.cases:,} cases"
        if self.cases is not None and self.cases < FEWEST_ALIKE and len(self._seen) < 2:
            # So few differences that are all alike have no interval: if the rest is like these, nothing will be told.
            return ("cannot_tell", f"it will not be told {of}") if self._mean.n == self.cases else None
        if worse > most:
            return "pass", f"it will pass {of}"
        if better < -most:
            return "fail", f"it will fail {of}"
        if self.cases is not None and ((-least < worse and better < least) or self._mean.n == self.cases):
            return "cannot_tell", f"it will not be told {of}"
        return None

    def _halves(self, low: float, high: float) -> tuple[float, float]:
        """Half the width that the whole run's interval has at least and at most."""
        if self.cases is None or self._square is None:
            return 0.0, 0.0
        if self.cases < 2:
            return 2 * self._most, 2 * self._most
        nearest = 0.0 if low <= 0 <= high else min(low * low, high * high)
        smallest = self._most * self._square.low - max(low * low, high * high)
        largest = self._most * self._square.high - nearest
        t = t_quantile(_SHARE, self.cases - 1)
        return tuple(t * sqrt(max(0.0, each) / (self.cases - 1)) for each in (smallest, largest))  # type: ignore[return-value]
