"""The time limits of a call: what its task and models set, what holds where they do not, and which one was passed."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from msgspec import Struct

from hone.errors import UpstreamTimeout
from hone.project import Timeout
from hone.providers import Timeouts

T = TypeVar("T")

CONNECT, BETWEEN, WHOLE = 10.0, 60.0, 60.0
TOTAL = 600.0
"""A stream that does not end by itself ends by then."""

_UNSAID = Timeout()


class Limit(Struct, frozen=True):
    """One limit that is running: `key` is its name in hone.toml, `end` when it is passed, by the event loop's clock."""

    key: str
    seconds: float
    end: float
    who: str

    @property
    def left(self) -> float:
        return self.end - asyncio.get_running_loop().time()

    @property
    def passed(self) -> bool:
        return self.left <= 0

    def error(self) -> UpstreamTimeout:
        done = {"total": "was not done", "first": "sent no token"}.get(self.key, "did not answer")
        return UpstreamTimeout(f"{self.who} {done} within {self.seconds:g} s (timeout.{self.key})")


def limit(key: str, seconds: float, who: str) -> Limit:
    """A limit that begins to run now."""
    return Limit(key, seconds, asyncio.get_running_loop().time() + seconds, who)


async def within(bound: Limit, work: Awaitable[T]) -> T:
    """
    Raises:
        UpstreamTimeout: the work was not done in time, and was cancelled.
    """
    try:
        async with asyncio.timeout_at(bound.end):
            return await work
    except TimeoutError:
        raise bound.error() from None


def _first(one: Limit, other: Limit) -> Limit:
    """The limit that is passed first."""
    return one if one.end <= other.end else other


class Patience:
    """The limits of one model's part in a call. Made when it is first asked, for all of its attempts."""

    def __init__(self, who: str, task: Timeout | None, own: Timeout | None, call: Limit) -> None:
        """What the model says, `own`, wins over what the `task` says; the limit of the whole call bounds both."""
        self._who = who
        self._task, self._own = task or _UNSAID, own or _UNSAID
        self.total = call if self._own.total is None else _first(call, limit("total", self._own.total, who))

    def answer(self, *, stream: bool) -> Limit:
        """The limit of one attempt that begins now: of a stream until its first token, else until all is here."""
        key, seconds = ("first", self._said("first")) if stream else ("whole", self._said("whole") or WHOLE)
        return self.total if seconds is None else _first(limit(key, seconds, self._who), self.total)

    def provider(self, *, stream: bool) -> Timeouts:
        """What a provider is told; the limits that are missing there are kept by `answer`."""
        between = (self._said("between") or BETWEEN) if stream else None
        head = None if self._said("first") else between
        return Timeouts(connect=self._said("connect") or CONNECT, head=head, between=between, end=self.total.end)

    def pauses(self, *, stream: bool) -> float:
        """Seconds that may go by from the first attempt to the last retry."""
        said = (self._said("first") or self._said("between")) if stream else self._said("whole")
        return min(said or WHOLE, self.total.left)

    def _said(self, key: str) -> float | None:
        found: float | None = getattr(self._own, key) or getattr(self._task, key)
        return found
