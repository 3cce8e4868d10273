"""Evaluators made from others: with another name, right or wrong by a threshold, turned round, several as one."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Measure
from hone.evals._reach import reaches
from hone.evals._verdict import PASSES, truth_of, verdict
from hone.store import Judgement, Metric

Shape = Callable[[Sequence[Judgement]], list[Judgement]]


class Member(Struct, frozen=True):
    """One evaluator of a set. A weight of 0 is looked at, and counts for nothing."""

    evaluator: Evaluator
    weight: float = 1.0


def named(made: Evaluator, name: str) -> Evaluator:
    """The same evaluator, with another name for its first metric; what begins with the old one follows."""
    old = made.measures[0].name
    if old == name:
        return made

    def new(each: str) -> str:
        return name + each.removeprefix(old) if each.startswith(old) else each

    measures = tuple(replace(each, name=new(each.name)) for each in made.measures)
    shaped = _shaped(made, name, measures, lambda said: [replace(each, name=new(each.name)) for each in said])
    sum_up = made.sum_up
    if sum_up is None:
        return shaped
    return replace(shaped, sum_up=lambda judged: [replace(each, name=new(each.name)) for each in sum_up(judged)])


def with_threshold(made: Evaluator, threshold: float) -> Evaluator:
    """Beside its first number also whether that passes: it is `threshold` or more, or where less is better or less.

    An evaluator without a number is left as it is: it took the threshold itself.
    """
    first = made.measures[0]
    if first.metric.kind != "number" or any(each.metric.kind == "boolean" for each in made.measures):
        return made
    down, name = first.metric.direction == "down", f"{first.name}{PASSES}"
    asked = f"{'at most' if down else 'at least'} {threshold:g} is asked for"

    def shape(said: Sequence[Judgement]) -> list[Judgement]:
        value = next((each.value for each in said if each.name == first.name), None)
        if value is None or isinstance(value, str):
            return list(said)
        right = reaches(value, threshold, down=down)
        return [*said, Judgement(name, right, f"{value:.4g}, {asked}")]

    measures = (*made.measures, Measure(name=name, metric=Metric(kind="boolean"), worst=False))
    return replace(_shaped(made, made.name, measures, shape), sum_up=made.sum_up)


def turned(made: Evaluator, asked: str) -> Evaluator:
    """What `made` says of right and wrong the other way round; True is good then. A failed call stays wrong.

    Raises:
        CallError: it says neither.
    """
    truth = truth_of(made)
    if truth is None:
        raise CallError(
            f"{asked} needs a threshold: {made.name} is a number", hint=f'{{"type": "{asked}", "threshold": 0.5}}'
        )
    old, name = truth.name, f"not-{truth.name.removesuffix(PASSES)}"
    measures = (Measure(name=name, metric=Metric(kind="boolean"), worst=False),)

    def shape(said: Sequence[Judgement]) -> list[Judgement]:
        return [Judgement(name, not each.value, each.explanation) for each in said if each.name == old]

    return _shaped(made, name, measures, shape)


def together(name: str, members: Sequence[Member], threshold: float | None) -> Evaluator:
    """A set of evaluators as one: `name` is the mean of what they say by weight, from 0 to 1, and `name-passes` whether
    all are right, or with a threshold whether the mean reaches it. The explanation names those that are wrong.

    A member's number up to 1 counts as it is where more is better; of the others right counts as 1 and wrong as 0. Its
    main measure decides, the way that is better. What says nothing of an example is left out.
    """
    passes = f"{name}{PASSES}"

    async def judge(example: Example, answer: Answer) -> list[Judgement]:
        found = [(each, await each.evaluator.said(example, answer)) for each in members]
        verdicts = [(each, verdict(each.evaluator, said)) for each, said in found]
        counted = [(each, said) for each, said in verdicts if said is not None]
        whole = sum(each.weight for each, _ in counted)
        if not whole:
            return []
        score = sum(each.weight * said.score for each, said in counted) / whole
        wrong = [f"{each.evaluator.name}: {said.why}" for each, said in counted if not said.right and each.weight]
        right = reaches(score, threshold) if threshold is not None else not wrong
        why = "; ".join(wrong) or None
        return [Judgement(name, score, why), Judgement(passes, right, why)]

    measures = (
        Measure(name=name, metric=Metric(kind="number"), worst=0.0),
        Measure(name=passes, metric=Metric(kind="boolean"), worst=False),
    )
    by: Literal["code", "judge"] = "judge" if any(each.evaluator.by == "judge" for each in members) else "code"
    key = "|".join(f"{each.evaluator.name} {each.evaluator.key} {each.weight:g}" for each in members)
    return Evaluator(name=name, measures=measures, judge=judge, by=by, key=key)


def _shaped(made: Evaluator, name: str, measures: tuple[Measure, ...], shape: Shape) -> Evaluator:
    """`made` with its judgements shaped; figures over a whole run are not carried over."""
    choose = made.choose

    async def waited(found: Awaitable[Iterable[Judgement]]) -> list[Judgement]:
        return shape(list(await found))

    def judge(example: Example, answer: Answer) -> Iterable[Judgement] | Awaitable[Iterable[Judgement]]:
        found = made.judge(example, answer)
        return waited(found) if inspect.isawaitable(found) else shape(list(found))

    async def chosen(example: Example, answers: Mapping[str, Answer]) -> dict[str, list[Judgement]]:
        assert choose is not None
        return {variant: shape(list(said)) for variant, said in (await choose(example, answers)).items()}

    return replace(
        made, name=name, measures=measures, judge=judge, sum_up=None, choose=None if choose is None else chosen
    )
