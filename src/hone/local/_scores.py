"""The judgements of an experiment as scores of the calls that they are about."""

import time
from collections.abc import Callable, Sequence

from hone.core import Score, Target, kind_of
from hone.errors import StoreBusy
from hone.local._plane import Plane
from hone.store import Experiment, Judgement, Result

_BUSY_TRIES = 60
_LONGEST = 200


class Scores:
    """Records for one run. `send` takes them where the calls were recorded, if that is not this house."""

    def __init__(self, house: Plane, send: Callable[[Sequence[Score]], None] | None) -> None:
        self._house = house
        self._send = send
        self._declared = {name: each.kind for name, each in house.project.metrics.items()}

    def record(self, experiment: Experiment, results: Sequence[Result]) -> None:
        """Every judgement as a score of the span that it is about, by code or by a judge.

        The same value of the same metric is one score, whichever experiment it comes from.
        """
        scores = [self._score(experiment, each, said) for each in results for said in each.judgements]
        if self._send is not None:
            self._send(scores)
        elif scores:
            self._spool(scores)

    def _score(self, experiment: Experiment, result: Result, said: Judgement) -> Score:
        metric = experiment.metrics.get(said.name)
        about = result.span_id or result.trace_id or ""
        return Score(
            project=self._house.project.name,
            id=f"eval:{about}:{said.name}:{said.value}"[:_LONGEST],
            time=result.created or self._house.clock(),
            target=Target("span" if result.span_id else "trace", about),
            name=said.name,
            value=said.value,
            kind=self._declared.get(said.name) or kind_of(said.value),
            by=metric.by if metric else "code",
            comment=said.explanation,
        )

    def _spool(self, scores: Sequence[Score]) -> None:
        for left in reversed(range(_BUSY_TRIES)):
            try:
                self._house.spool(scores)
            except StoreBusy:
                if not left:
                    raise
                time.sleep(1)
            else:
                return
