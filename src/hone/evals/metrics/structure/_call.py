"""What every call has, whatever it says: how long it took, what it cost, why it ended."""

from collections.abc import Callable

from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check, number
from hone.evals.metrics._settings import choice
from hone.store import Judgement

_UNITS = {"s": 1.0, "ms": 1_000.0}


def latency(given: Given) -> Evaluator:
    """Seconds from the call to the whole answer, as its caller counts them; with many calls at once they wait for each
    other. A failed call has none. With `unit: ms` it is milliseconds, as is the threshold, and the metric is
    `latency-ms`: the two are never averaged."""
    check("latency", given, value=False, threshold=True, settings=("unit",))
    unit = choice("latency", given, "unit", ("s", "ms"))
    name, times = "latency" if unit == "s" else f"latency-{unit}", _UNITS[unit]
    return _measured(name, lambda answer: None if answer.seconds is None else answer.seconds * times)


def cost(given: Given) -> Evaluator:
    """Dollars of the call. An unknown price is left out: it is not nothing."""
    check("cost", given, value=False, threshold=True)
    return _measured("cost", lambda answer: answer.cost)


def finish_reason(given: Given) -> Evaluator:
    """Right when the answer ended for the expected reason, such as `stop` or `length`, whatever the case.

    Raises:
        CallError: no reason is given as `value` or `finish-reason:stop`.
    """
    check("finish-reason", given, options=(given.option or "",))
    wanted = given.option or given.value
    if not isinstance(wanted, str) or not wanted:
        raise CallError("finish-reason needs a reason", hint="finish-reason:stop")
    name = "finish-reason" if given.option is None else f"finish-reason:{wanted}"

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        if answer.finish_reason is None:
            return [Judgement(name, False, "the model's server gave no reason")]
        right = answer.finish_reason.lower() == wanted.lower()
        return [Judgement(name, right, None if right else f"it ended by {answer.finish_reason}")]

    return boolean(name, judge)


def _measured(name: str, read: Callable[[Answer], float | None]) -> Evaluator:
    def judge(_: Example, answer: Answer) -> list[Judgement]:
        value = read(answer)
        return [] if value is None else [Judgement(name, float(value))]

    return number(name, judge, worst=None, direction="down")
