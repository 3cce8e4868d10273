"""The best of several answers to one example: by a judge who sees them all, or by the scores of other evaluators."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from hone.core import to_json
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given, Measure, judges_among
from hone.evals._reach import reaches
from hone.evals.judges._making import Making, gathered, nothing
from hone.evals.judges._material import text_of
from hone.evals.judges._panel import Verdict
from hone.evals.judges._seat import REASON, Seat, one_of, prompt_of
from hone.store import Judgement, Metric

if TYPE_CHECKING:
    from hone.datasets import Example


def select_best(given: Given) -> Evaluator:
    """1 for the best variant's answer and 0 for the others', chosen with the answers in order and in reverse.

    Where the two orders choose differently, each of the two chosen has a half. `value` says what counts.
    """
    making = Making(given, "select-best", takes_option=True)
    criteria = text_of(making.value) if making.value is not None else "Which answer is best?"

    async def choose(example: "Example", answers: Mapping[str, Answer]) -> dict[str, list[Judgement]]:
        names = [name for name, answer in answers.items() if answer.error is None]
        if len(names) < 2:
            return {name: [Judgement(making.name, 1.0, "the only answer")] for name in names}
        question = text_of(example.input)

        async def once(seat: Seat) -> Verdict:
            first, second = await asyncio.gather(
                _chosen(seat, question, names, answers, criteria),
                _chosen(seat, question, names[::-1], answers, criteria),
            )
            shares = {name: ((name == first[0]) + (name == second[0])) / 2 for name in names}
            return Verdict(values={"": 0.0, **shares}, reason=first[1])

        found = await gathered(making.seats(), once)
        return {name: [_judged(making.name, name, found)] for name in names}

    return replace(making.number(nothing, "select-best"), choose=choose)


async def _chosen(
    seat: Seat, question: str, names: Sequence[str], answers: Mapping[str, Answer], criteria: str
) -> tuple[str, str]:
    """The name of the best one, and why."""
    fields = {"reason": REASON, "best": one_of(list(range(1, len(names) + 1)))}
    texts = {"question": question, "answers": [answers[name].text for name in names]}
    told = await seat.put(prompt_of("select-best"), texts, fields, {"criteria": criteria})
    return names[told.value["best"] - 1], str(told.value["reason"])


def _judged(metric: str, name: str, found: Sequence[Verdict]) -> Judgement:
    shares = [float(each.values[name]) for each in found]
    share = sum(shares) / len(shares)
    word = {1.0: "best in every order", 0.0: "not chosen"}.get(share, "chosen at times, not always")
    return Judgement(metric, share, f"{word}: {found[0].reason}")


def max_score(given: Given) -> Evaluator:
    """1 for the variant whose answer scores highest by the evaluators in `value`, 0 for the others; ties share the 1.

    `method` is `average` or `sum`; `weights` are by the evaluator's name, 1 each; with a `threshold`, a best score
    below it is nobody's. No model is asked but by those evaluators.
    """
    from hone.evals._registry import make

    value = given.value
    if not isinstance(value, list) or not value:
        raise CallError(
            "max-score needs evaluators to go by", hint='{"type": "max-score", "value": ["exact", "f1"]}'
        )  # fmt: skip
    unknown = given.settings.keys() - {"method", "weights"}
    if unknown:
        raise CallError(f"max-score has no setting `{min(unknown)}`", hint="method, weights")
    name = given.name or "max-score"
    inner = make(value, given=replace(given, value=None, option=None, settings={}, threshold=None, name=None))
    method: Literal["average", "sum"] = given.settings.get("method", "average")
    weights: Mapping[str, float] = given.settings.get("weights", {})

    async def score(example: "Example", answer: Answer) -> float:
        found = [said for each in inner for said in (await each.said(example, answer))[:1]]
        weighed = [(float(said.value), float(weights.get(said.name, 1))) for said in found if _number(said.value)]
        total = sum(score * weight for score, weight in weighed)
        return total if method == "sum" else total / (sum(weight for _, weight in weighed) or 1.0)

    async def choose(example: "Example", answers: Mapping[str, Answer]) -> dict[str, list[Judgement]]:
        found = await asyncio.gather(*(score(example, answer) for answer in answers.values()))
        scores = dict(zip(answers, found, strict=True))
        best = max(scores.values())
        enough = given.threshold is None or reaches(best, given.threshold)
        winners = [variant for variant, each in scores.items() if each == best and enough]
        share = 1 / max(1, len(winners))
        return {
            variant: [Judgement(name, share if variant in winners else 0.0, f"scores {each:.4g}, the best {best:.4g}")]
            for variant, each in scores.items()
        }

    by: Literal["code", "judge"] = "judge" if any(each.by == "judge" for each in inner) else "code"
    return Evaluator(
        name=name,
        measures=(Measure(name=name, metric=Metric(kind="number"), worst=0.0),),
        judge=lambda example, answer: [],  # noqa: ARG005 - it says nothing of one answer alone
        choose=choose,
        by=by,
        judges=judges_among(inner),
        key=to_json([[each.key or each.name for each in inner], method, dict(weights), given.threshold]),
    )


def _number(value: object) -> bool:
    return isinstance(value, bool | int | float)
