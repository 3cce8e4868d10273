"""Whether an evaluator says that an answer is right: its main measure decides, what it tells beside that never does."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hone.evals._case import Evaluator, Measure
from hone.store import Judgement, Metric

PASSES = "-passes"
"""What a metric's name ends with where its threshold speaks: `rouge:2` is a number, `rouge:2-passes` right or wrong."""

_SHADES = (":score", ".score")  # how much, of an evaluator that says right or wrong


class Verdict(Struct, frozen=True):
    """`score` is from 0 to 1."""

    right: bool
    score: float
    why: str


def truth_of(made: Evaluator) -> Measure | None:
    """The measure of right and wrong that an evaluator is about: its first one, or what its threshold says of that.

    None where its first is a number without a threshold. What else it says, such as that a judge contradicted itself,
    is no verdict on the answer.
    """
    first = made.measures[0]
    if first.metric.kind == "boolean":
        return first
    return next((each for each in made.measures if each.name == f"{first.name}{PASSES}"), None)


def is_wrong(value: bool | float | str, metric: Metric) -> bool:
    """False, or True where that is the bad news."""
    return metric.kind == "boolean" and value is (metric.direction == "down")


def wrong(metrics: Mapping[str, Metric], said: Sequence[Judgement]) -> list[Judgement]:
    """The judgements of an answer that say that it is wrong, by a run's metrics.

    `pairwise.flipped` stands beside `pairwise` and speaks of the judge, so it counts for nothing.
    """
    return [
        each
        for each in said
        if each.name in metrics and not _beside(each.name, metrics) and is_wrong(each.value, metrics[each.name])
    ]


def verdict(made: Evaluator, said: Sequence[Judgement]) -> Verdict | None:
    """What an evaluator says, as one verdict; None where it says nothing of its main measure.

    A number up to 1 where more is better keeps its shades, and so does a judge that gives a score beside its verdict;
    below 0 it counts as 0. What has no such number, seconds or edits, counts as 1 where it is right. A number without a
    threshold is right.
    """
    if not said:
        return None
    first, truth = made.measures[0], truth_of(made)
    values = {each.name: each for each in said}
    main = values.get(first.name if truth is None else truth.name)
    if main is None:
        return None
    right = truth is None or not is_wrong(main.value, truth.metric)
    names = [first.name] if first.metric.kind == "number" else [f"{first.name}{each}" for each in _SHADES]
    score = next((_share(each.value, right) for each in _numbers(made, names, values)), float(right))
    return Verdict(right, score, str(main.explanation or main.value))


def _numbers(made: Evaluator, names: Sequence[str], values: Mapping[str, Judgement]) -> list[Judgement]:
    up = {each.name for each in made.measures if each.metric.kind == "number" and each.metric.direction == "up"}
    return [values[name] for name in names if name in values and name in up]


def _share(value: bool | float | str, right: bool) -> float:
    number = float(value)
    return max(0.0, number) if number <= 1 else float(right)


def _beside(name: str, metrics: Mapping[str, Metric]) -> bool:
    return any(end == "." and name[:at] in metrics for at, end in enumerate(name))
