"""The time limits of a call: what its task and models set, what holds where they do not, and which one was passed."""

import asyncio
from collections.abc import Awaitable
from functools import lru_cache
from typing import Any, TypeVar

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
    # As `asyncio.timeout` does it, which costs several times as much, and every call is bounded.
    task = asyncio.current_task()
    assert task is not None
    alarm = _Alarm(task)
    timer = asyncio.get_running_loop().call_at(bound.end, alarm.ring)
    try:
        return await work
    except asyncio.CancelledError:
        if alarm.rang and task.uncancel() <= alarm.before:
            raise bound.error() from None
        raise
    finally:
        timer.cancel()


class _Alarm:
    """Cancels a task; `before` are the cancellations that were asked for by others."""

    __slots__ = ("before", "rang", "task")

    def __init__(self, task: "asyncio.Task[Any]") -> None:
        self.task = task
        self.before = task.cancelling()
        self.rang = False

    def ring(self) -> None:
        self.rang = True
        self.task.cancel()


class _Allowed(Struct, frozen=True):
    """Seconds, as a task and a model have them together."""

    first: float | None
    whole: float
    stream: Timeouts
    answer: Timeouts
    pauses_of_a_stream: float


@lru_cache(maxsize=1024)
def _allowed(task: Timeout | None, own: Timeout | None) -> _Allowed:
    """What the model says, `own`, wins over what the `task` says."""

    def said(key: str) -> float | None:
        found: float | None = getattr(own or _UNSAID, key) or getattr(task or _UNSAID, key)
        return found

    first, between, connect = said("first"), said("between"), said("connect") or CONNECT
    head = None if first else between or BETWEEN
    return _Allowed(
        first=first,
        whole=said("whole") or WHOLE,
        stream=Timeouts(connect=connect, head=head, between=between or BETWEEN),
        answer=Timeouts(connect=connect, head=None, between=None),
        pauses_of_a_stream=first or between or WHOLE,
    )


class Patience:
    """The limits of one model's part in a call. Made when it is first asked, for all of its attempts."""

    def __init__(self, who: str, task: Timeout | None, own: Timeout | None, call: Limit) -> None:
        """The limit of the whole `call` bounds all others."""
        self._who = who
        self._allowed = _allowed(task, own)
        self.total = call if own is None or own.total is None else self._sooner("total", own.total, call)

    def answer(self, *, stream: bool) -> Limit:
        """The limit of one attempt that begins now: of a stream until its first token, else until all is here."""
        if not stream:
            return self._sooner("whole", self._allowed.whole, self.total)
        first = self._allowed.first
        return self.total if first is None else self._sooner("first", first, self.total)

    def provider(self, *, stream: bool) -> Timeouts:
        """What a provider is told; the limits that are missing there are kept by `answer`."""
        known = self._allowed.stream if stream else self._allowed.answer
        return Timeouts(connect=known.connect, head=known.head, between=known.between, end=self.total.end)

    def pauses(self, *, stream: bool) -> float:
        """Seconds that may go by from the first attempt to the last retry."""
        return min(self._allowed.pauses_of_a_stream if stream else self._allowed.whole, self.total.left)

    def _sooner(self, key: str, seconds: float, other: Limit) -> Limit:
        """A limit that begins now, or the other one where that is passed first."""
        end = asyncio.get_running_loop().time() + seconds
        return Limit(key, seconds, end, self._who) if end <= other.end else other
