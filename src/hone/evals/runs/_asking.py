"""One question asked until it is answered: at the pace that the vendor bears, again where that may help."""

import random

from hone.errors import (
    BudgetSpent,
    HoneError,
    MissingExtra,
    NotAllowed,
    NotRecorded,
    ProjectError,
    RateLimited,
    UnknownModel,
    UpstreamError,
)
from hone.evals._case import Answer
from hone.evals.runs._pace import Pace
from hone.evals.runs._plan import Case
from hone.evals.runs._purse import Purse
from hone.evals.runs._rig import Rig

# With these, no call would go better than the first.
_OURS = (ProjectError, UnknownModel, NotAllowed, NotRecorded, MissingExtra, BudgetSpent)

_TOO_MUCH = frozenset({429, 503, 529})
_FIRST, _LONGEST = 0.5, 30.0  # seconds; the step doubles with every try
_PATIENT = 10  # tries where the vendor only says that it is too much: that is no fault of what is measured
_RANDOM = random.SystemRandom()


class Asking:
    """Asks for one run. Use from one event loop."""

    def __init__(self, rig: Rig, tags: tuple[str, ...]) -> None:
        self._rig = rig
        self._tags = tags
        self.pace = Pace(rig.concurrency)
        self.purse = Purse(rig.max_cost)
        self.calls = 0

    def open(self) -> None:
        """Nobody waits any more: the run is about to end."""
        self.pace.open()
        self.purse.open()

    async def ask(self, case: Case) -> Answer | None:
        """The answer, or what it failed with at last. None where the run ends before the question was asked.

        Raises:
            ProjectError and others with which no call would go better: the run cannot go on.
        """
        tries = 0
        while True:
            begun = await self.pace.enter()
            entered = not self._rig.stopping.asked and await self.purse.enter()
            if not entered or self._rig.stopping.asked:
                self.pace.leave()
                self._ends(entered)
                return None
            try:
                answer = await self._rig.call(case, self._tags)
            except _OURS:
                self.purse.leave(None, answered=False)
                raise
            except HoneError as problem:
                self.purse.leave(None, answered=False)
                tries += 1
                pause = self._again(problem, tries, begun)
                if pause is None:
                    return Answer(error=f"{type(problem).__name__}: {problem.message}".replace("\n", " "))
            else:
                self.pace.answered()
                self.purse.leave(answer.cost, answered=True)
                return answer
            finally:
                self.calls += 1
                self.pace.leave()
            await self._rig.stopping.pause(pause)

    def _ends(self, entered: bool) -> None:
        if entered:
            self.purse.leave(None, answered=False)
        elif not self._rig.stopping.asked:
            spent = self.purse.spent or 0.0
            self._rig.stopping.ask(
                f"${spent:.4g} are spent in this run, and the next call might pass ${self._rig.max_cost:.4g}"
            )

    def _again(self, problem: HoneError, tries: int, begun: float) -> float | None:
        """Seconds until the next try; None when there is to be none.

        Without a word from the vendor, a random time up to a step that doubles ("full jitter", M. Brooker, 2015).
        """
        from hone.gateway import passing, retry_after

        too_much = isinstance(problem, RateLimited) or (
            isinstance(problem, UpstreamError) and problem.status in _TOO_MUCH
        )
        asked: float | None = None
        if isinstance(problem, RateLimited):
            asked = float(problem.details.get("retry_after", 1.0))
        elif isinstance(problem, UpstreamError):
            asked = retry_after(problem)
            if not passing(problem):
                return None
        else:
            return None
        if too_much:
            self.pace.refused(begun, asked)
        most = max(self._rig.retries, _PATIENT) if too_much and self._rig.retries else self._rig.retries
        if tries > most:
            return None
        return 0.0 if asked is not None else _RANDOM.uniform(0, min(_LONGEST, _FIRST * 2 ** (tries - 1)))
