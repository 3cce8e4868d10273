"""One account as this process sees it: a hold that is spent without asking, and renewed before it runs out.

A call is admitted against the hold, which costs no more than an addition. Asking the database costs a commit, so a
busy process holds what it will need for the next seconds, and never more than a small part of what is left: the last
of a budget is given out call by call, and an idle process holds nothing.
"""

import math
import threading
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from hone.core import Clock
from hone.gateway._period import LENGTH, SECOND, calendar
from hone.project import Period
from hone.store import AccountName, Ask, Held

_AHEAD = 2.0  # seconds of the present pace that are held
_PART = 0.02  # of what is left at most
_WORTH = 10  # calls: less is not worth holding
_ROUNDING = 1e-9  # sums of dollars are not exact


class Limit(Struct, frozen=True):
    """At most `amount` dollars, calls or tokens in each period. One that `leaks` frees them evenly; else at its end."""

    amount: float
    per: Period
    leaks: bool


class Renewal(Protocol):
    def __call__(self, asks: list[Ask], now: int, /) -> list[Held]: ...


class Account:
    """Any thread may use it."""

    def __init__(self, name: AccountName, limit: Limit, clock: Clock) -> None:
        self.name = name
        self.limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._granted = 0.0  # the hold, as the database knows it
        self._in_flight = 0.0  # reserved by calls that are going on
        self._spent = 0.0  # settled, and not yet written
        self._waiting = 0.0  # what calls need that wait for a renewal
        self._known = Held(hold=0.0, used=0.0, others=0.0)
        self._known_at = 0
        self._end = 0  # of the period that the hold is from
        self._pace = 0.0  # a second
        self._usual = 0.0  # of one call
        self.touched = clock()

    def reserve(self, amount: float) -> bool:
        """Take `amount` out of the hold, if it has that much beside what others wait for.

        What was taken is given back by `settle`.
        """
        with self._lock:
            now = self.touched = self._clock()
            return self._taken(amount, now, self._free() - self._waiting)

    def queue(self, amount: float) -> None:
        """Wait for a renewal that brings `amount`: whoever comes later does not take it. Always `leave` then."""
        with self._lock:
            self._waiting += amount

    def leave(self, amount: float) -> None:
        with self._lock:
            self._waiting = max(0.0, self._waiting - amount)

    def reserve_queued(self, amount: float) -> bool:
        """The same as `reserve`, by one of those who wait."""
        with self._lock:
            return self._taken(amount, self._clock(), self._free())

    def _taken(self, amount: float, now: int, free: float) -> bool:
        if now >= self._end or free < amount - _ROUNDING:
            return False
        self._in_flight += amount
        self._usual = amount
        return True

    def settle(self, reserved: float, spent: float) -> None:
        """A call is over: what it took is free again, but for what it has really spent."""
        with self._lock:
            self._in_flight = max(0.0, self._in_flight - reserved)
            self._spent += spent

    def left(self) -> float:
        """What is free in all, as far as this process knows; 0 or more."""
        with self._lock:
            level = self._known.used
            if self.limit.leaks:
                level = max(0.0, level - (self._clock() - self._known_at) * self._leak)
            return max(0.0, self.limit.amount - level - self._known.others - self._spent - self._in_flight)

    def may_have(self, amount: float) -> bool:
        """Is so much free, as far as this process knows?"""
        return self.left() >= amount - _ROUNDING

    def wait(self, amount: float) -> float:
        """Seconds until `amount` will be free, if nobody else takes it."""
        if not self.limit.leaks:
            return max(0.0, (calendar(self.limit.per, self._clock())[1] - self._clock()) / SECOND)
        return max(0.0, (amount - self.left()) / self._leak / SECOND)

    def described(self) -> tuple[str, str]:
        """The items of `RateLimit-Policy` and `RateLimit`: the limit and its window; what is left, and until when."""
        free = self.left()
        named, policy = _policy(self.name, self.limit)
        full = math.ceil(max(0.0, self.limit.amount - free) / self._leak / SECOND)
        return policy, f"{named};r={int(free + _ROUNDING)};t={full}"

    @property
    def idle(self) -> bool:
        return not (self._granted or self._in_flight or self._spent)

    # -- renewing

    def renew(self, renewal: Renewal, need: float) -> None:
        """Write what was spent, and hold `need` more, if it is free; waits for a renewal that is going on.

        Raises:
            StoreError: the database failed; what was spent is written the next time.
        """
        with self._renewing:
            with self._lock:
                if self._clock() < self._end and self._free() >= max(need, self._waiting) - _ROUNDING and need > 0:
                    return  # a renewal that came between has brought enough
            ask = self.ask(need)
            (held,) = renewal([ask], self._clock())
            self.take(ask, held)

    def ask(self, need: float = 0.0, *, last: bool = False) -> Ask:
        """What to ask of the database; hand its answer to `take`. One at a time. The `last` one holds nothing ahead."""
        with self._lock:
            now = self._clock()
            start, end = calendar(self.limit.per, now) if not self.limit.leaks else (0, now + LENGTH[self.limit.per])
            seconds = max((now - self._known_at) / SECOND, 0.05)
            self._pace = 0.5 * self._pace + 0.5 * self._spent / seconds if self._known_at else 0.0
            left = self.limit.amount - self._known.used - self._known.others
            ahead = min(self._pace * _AHEAD, left * _PART)
            if last or ahead < _WORTH * self._usual:
                ahead = 0.0  # the last of a budget is given out call by call, so that nothing of it lies elsewhere
            wanted = self._in_flight + max(need, self._waiting) + ahead
            kept = self._granted - self._spent
            if wanted < kept:
                # Given back from this moment on, for another process may have it before the answer is here.
                self._granted = wanted + self._spent
            return Ask(
                account=self.name, limit=self.limit.amount, spent=self._spent, wanted=wanted, start=start, end=end,
                leak=self._leak if self.limit.leaks else 0.0,
            )  # fmt: skip

    def take(self, ask: Ask, held: Held) -> None:
        with self._lock:
            self._spent -= ask.spent
            self._granted, self._known, self._known_at = held.hold, held, self._clock()
            self._end = ask.end

    @property
    def renewing(self) -> threading.Lock:
        return self._renewing

    @property
    def _leak(self) -> float:
        return self.limit.amount / LENGTH[self.limit.per]

    def _free(self) -> float:
        return self._granted - self._in_flight - self._spent


@lru_cache(maxsize=10_000)
def _policy(name: AccountName, limit: Limit) -> tuple[str, str]:
    """The name of a budget, and the item of `RateLimit-Policy` that is its limit."""
    unit = "" if name.measure == "calls" else f";qu={_quoted(name.measure)}"
    named = _quoted(name.budget)
    return named, f"{named};q={limit.amount:.0f};w={LENGTH[limit.per] // SECOND}{unit}"


def _quoted(text: str) -> str:
    """A string of RFC 8941."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
