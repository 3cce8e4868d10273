"""An evaluator from whatever gives a result for an answer: a verdict, or a number where a number is asked for."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._measured import measured, said
from hone.evals.metrics.custom._result import Result
from hone.store import Judgement, Metric


def made(
    name: str, given: Given, find: Callable[[Example, Answer], Awaitable[Result]], *, number: bool, key: str
) -> Evaluator:
    """With a threshold, a score that reaches it is right; else, unless it is a `number`, what passed is."""
    metric = given.name or name
    measure = measured(metric, given)
    counted = number or given.threshold is not None
    if not counted:
        measure = replace(measure, metric=Metric(kind="boolean"), worst=False)

    async def judge(example: Example, answer: Answer) -> list[Judgement]:
        found = await find(example, answer)
        if counted:
            return [said(metric, given, found.score, found.reason)]
        if found.passed is None:
            raise CallError(f"{name} gave the number {found.score:g}", hint='say what is right: "threshold": 0.5')
        return [Judgement(metric, found.passed, found.reason)]

    return Evaluator(name=metric, measures=(measure,), judge=judge, key=key)
