"""What a run is given, and what it tells on its way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from hone.core import Clock, Span, now_ns
from hone.evals._case import Answer
from hone.evals.runs._early import Early
from hone.evals.runs._plan import Case
from hone.store import Experiment, Experiments, Result

TAG = "eval"
"""The tag of every call that an experiment makes; the experiment's id is the second one."""

Call = Callable[[Case, tuple[str, ...]], Awaitable[Answer]]
"""Asks one question, under these tags. What it raises is the example's error."""


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run is. `cost` is what it has paid so far in dollars, and None where a price is unknown."""

    done: int
    total: int
    kept: int = 0  # of those done: answers that were there already
    failed: int = 0
    seconds: float = 0.0  # since it began
    rate: float = 0.0  # calls a second
    left: float | None = None  # seconds, as it goes now
    cost: float | None = 0.0
    at_once: int = 0  # calls that the vendor seems to bear


class Stopping:
    """A way to end a run from outside: nothing more is asked, and what was asked is kept. Any thread may ask."""

    def __init__(self) -> None:
        self.why: str | None = None
        self.decided = False  # all that was to be known is known
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event: asyncio.Event | None = None

    @property
    def asked(self) -> bool:
        return self.why is not None

    def ask(self, why: str, *, decided: bool = False) -> None:
        """The first reason counts. `decided`: it is that all that was to be known is known."""
        if self.why is None:
            self.why, self.decided = why, decided
        if self._loop is not None and self._event is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    def begin(self) -> None:
        """Called by the run, in its loop."""
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()
        if self.asked:
            self._event.set()

    async def wait(self) -> None:
        """Until the end is asked for."""
        assert self._event is not None
        await self._event.wait()

    async def pause(self, seconds: float) -> None:
        """Wait, but not for longer than until the end is asked for."""
        try:
            async with asyncio.timeout(seconds):
                await self.wait()
        except TimeoutError:
            pass


class Rig(Struct, kw_only=True):
    """What a run is given by whoever puts the house together.

    `max_cost` is a ceiling in dollars: the run ends before a call that might pass it. `early` is asked now and then
    whether what is known so far is enough, and ends the run then.
    """

    call: Call
    store: Experiments
    score: Callable[[Experiment, Sequence[Result]], None]  # records judgements as scores of their spans
    clock: Clock = now_ns
    concurrency: int = 8
    retries: int = 3  # of a call whose failure may pass, before it counts as failed
    max_cost: float | None = None
    early: Early | None = None
    progress: Callable[[Progress], None] = lambda _: None
    spans: Callable[[str], Sequence[Span]] | None = None  # of a trace, for evaluators that look at what happened
    on_result: Callable[[Result], None] | None = None  # once it is kept
    stopping: Stopping


def record(rig: Rig, experiment: Experiment, results: Sequence[Result]) -> None:
    """Their judgements as scores of the calls that are known. The same again is no other score."""
    known = [each for each in results if each.trace_id or each.span_id]
    if known:
        rig.score(experiment, known)
