"""How an evaluator of one measure is put together, and how what was asked of it is checked."""

import difflib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.store import Judgement, Metric

_SHOWN = 80

Judge = Callable[[Example, Answer], Iterable[Judgement]]
AsyncJudge = Callable[[Example, Answer], Awaitable[Iterable[Judgement]]]


def boolean(name: str, judge: Judge) -> Evaluator:
    """An evaluator that says right or wrong; a failed call is wrong."""
    return Evaluator(name=name, measures=(Measure(name=name, metric=Metric(kind="boolean"), worst=False),), judge=judge)


def number(
    name: str,
    judge: Judge | AsyncJudge,
    *,
    worst: float | None = 0.0,
    direction: Literal["up", "down"] = "up",
    within: tuple[float, float] | None = None,
    **more: Any,
) -> Evaluator:
    """An evaluator that gives a number; a failed call counts as `worst`, and None leaves it out.

    Where nothing is said, more is better and 0 the worst, it lies between 0 and 1.
    """
    if within is None and worst == 0.0 and direction == "up":
        within = (0.0, 1.0)
    metric = Metric(kind="number", direction=direction, within=within)
    return Evaluator(name=name, measures=(Measure(name=name, metric=metric, worst=worst),), judge=judge, **more)


def check(
    name: str,
    given: Given,
    *,
    options: Sequence[str] = (),
    value: bool = True,
    threshold: bool = False,
    settings: Sequence[str] = (),
) -> None:
    """Refuse what an evaluator does not know, rather than ignore it.

    Raises:
        CallError: an option, a value, a threshold or a setting that it does not have.
    """
    if given.option is not None and given.option not in options:
        hint = ", ".join(f"{name}:{each}" for each in options) or f"write `{name}`"
        raise CallError(f"{name} has no option {given.option!r}", hint=hint)
    if given.value is not None and not value:
        raise CallError(f"{name} compares with nothing, so it has no value: {short(given.value)}", hint="leave it out")
    if given.threshold is not None and not threshold:
        raise CallError(f"{name} says right or wrong by itself, it has no threshold", hint="leave the threshold out")
    known = ["value", *(["threshold"] if threshold else []), "metric", *settings]
    for each in given.settings:
        if each not in settings:
            raise CallError(f"{name} has no setting {each!r}", hint=_near(each, known))


def short(value: Any) -> str:
    """A value as an explanation shows it."""
    text = value if isinstance(value, str) else to_json(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _near(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"it has: {', '.join(known)}"
