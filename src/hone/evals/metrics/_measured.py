"""Evaluators of one number or one verdict, made from the function that finds it."""

from collections.abc import Callable, Iterable, Sequence

from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Direction, Evaluator, Figure, Given, Judged, Measure
from hone.evals._reach import reaches
from hone.store import Judgement, Metric

Told = tuple[float, str | None] | None
"""A number and what explains it; None where the example gives no ground for one."""

Verdict = tuple[bool, str | None] | None
"""The same of a verdict."""

SumUp = Callable[[Sequence[Judged]], Iterable[Figure]]


def verdict(
    name: str, given: Given, find: Callable[[Example, Answer], Verdict], *, direction: Direction = "up"
) -> Evaluator:
    """An evaluator that says yes or no. With `direction="down"` yes is bad news, and a failed call says nothing."""
    metric = given.name or name

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        found = find(example, answer)
        return [] if found is None else [Judgement(metric, *found)]

    worst = False if direction == "up" else None
    measure = Measure(name=metric, metric=Metric(kind="boolean", direction=direction), worst=worst)
    return Evaluator(name=metric, measures=(measure,), judge=judge)


def number(
    name: str,
    given: Given,
    find: Callable[[Example, Answer], Told],
    *,
    direction: Direction = "up",
    worst: float | None = 0.0,
    within: tuple[float, float] | None = None,
    sum_up: SumUp | None = None,
) -> Evaluator:
    """An evaluator of one number; a threshold makes it a verdict: at least so much, or at most where less is better.

    What should rise lies between 0 and 1, where nothing else is said.
    """
    metric = given.name or name
    if within is None and direction == "up":
        within = (0.0, 1.0)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        found = find(example, answer)
        return [] if found is None else [said(metric, given, *found, direction=direction)]

    measure = measured(metric, given, direction=direction, worst=worst, within=within)
    return Evaluator(name=metric, measures=(measure,), judge=judge, sum_up=sum_up)


def measured(
    metric: str,
    given: Given,
    *,
    direction: Direction = "up",
    worst: float | None = 0.0,
    within: tuple[float, float] | None = None,
) -> Measure:
    """The measure of `number`, for evaluators that have more than one."""
    if given.threshold is not None:
        return Measure(name=metric, metric=Metric(kind="boolean"), worst=False)
    least = worst if direction == "up" else None  # there is no worst of what may grow without an end
    return Measure(name=metric, metric=Metric(kind="number", direction=direction, within=within), worst=least)


def said(metric: str, given: Given, value: float, why: str | None, *, direction: Direction = "up") -> Judgement:
    """The judgement of `number`."""
    if given.threshold is None:
        return Judgement(metric, float(value), why)
    fits = reaches(value, given.threshold, down=direction == "down")
    limit = f"{value:.4g}, {'at least' if direction == 'up' else 'at most'} {given.threshold:g} is asked for"
    return Judgement(metric, fits, limit if why is None else f"{limit}; {why}")


def whole_number(name: str, given: Given, *, usual: int, least: int = 1) -> int:
    """The option of `NAME:2`, or the usual.

    Raises:
        CallError: it is no such number.
    """
    if given.option is None:
        return usual
    if not given.option.isdecimal() or int(given.option) < least:
        raise CallError(f"{name} has no option {given.option!r}", hint=f"a whole number: {name}:{usual}")
    return int(given.option)


def only(name: str, given: Given, *known: str) -> None:
    """
    Raises:
        CallError: a setting is written that this evaluator has not.
    """
    strange = [each for each in given.settings if each not in known]
    if strange:
        hint = f"it has: {', '.join(('value', 'threshold', 'metric', *known))}"
        raise CallError(f"{name} has no setting `{strange[0]}`", hint=hint)


def no_option(name: str, given: Given) -> None:
    """
    Raises:
        CallError: something stands behind the name.
    """
    if given.option is not None:
        raise CallError(f"{name} has no option {given.option!r}", hint=f"write `{name}`")
