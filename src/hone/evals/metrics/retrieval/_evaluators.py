"""Evaluators of what was retrieved for an answer: are the right passages there, and how high?"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import check, number
from hone.evals.metrics.retrieval import _measures as measures
from hone.evals.metrics.retrieval._ranking import Ranking
from hone.store import Judgement

Measure = Callable[[Ranking, int | None], float]


def recall(given: Given) -> Evaluator:
    """The share of the relevant passages that were retrieved; `recall@5` among the first five."""
    return _ranked("recall", given, measures.recall)


def precision(given: Given) -> Evaluator:
    """The share of the retrieved passages that are relevant; `precision@5` of the first five places, of which a place
    without a passage is none."""
    return _ranked("precision", given, lambda ranked, k: measures.precision(ranked, k or len(ranked.grades) or 1))


def hit(given: Given) -> Evaluator:
    """1 where a relevant passage was retrieved, else 0; `hit@5` among the first five."""
    return _ranked("hit", given, lambda ranked, k: measures.hit(ranked, k or len(ranked.grades)))


def ndcg(given: Given) -> Evaluator:
    """nDCG of the retrieved passages, with their grades; `ndcg@10` of the first ten."""
    return _ranked("ndcg", given, measures.ndcg)


def mrr(given: Given) -> Evaluator:
    """1 / the place of the first relevant passage; its mean over examples is MRR. `mrr@10` looks at the first ten."""
    return _ranked("mrr", given, measures.reciprocal_rank)


def average_precision(given: Given) -> Evaluator:
    """Average precision of the retrieved passages; its mean over examples is MAP. `map@10` looks at the first ten."""
    return _ranked("map", given, measures.average_precision)


def ranking_of(passages: tuple[str, ...], wanted: Mapping[str, int]) -> Ranking:
    """The ranking of retrieved passages, best first, against what is wanted with its grade.

    A passage is relevant when it is a wanted text or has one in it, white space evened out, that none before it had.
    What one passage has together counts as one, with the largest of the grades.
    """
    open_still = {_even(text): grade for text, grade in wanted.items() if grade > 0}
    grades: list[int | None] = []
    for passage in map(_even, passages):
        met = [text for text in open_still if text in passage]
        grades.append(max((open_still.pop(text) for text in met), default=0))
    met_grades = [each for each in grades if each]
    return Ranking(
        grades=tuple(grades),
        ideal=tuple(sorted([*met_grades, *open_still.values()], reverse=True)),
        nonrelevant=grades.count(0),
    )


def wanted_of(example: Example) -> dict[str, int]:
    """What should be retrieved for an example, with its grade: `metadata.relevant`, a list or an object of grades, or
    else its `context` where that is text or a list of texts."""
    return _graded(example.metadata.get("relevant", example.context))


def _ranked(name: str, given: Given, measure: Measure) -> Evaluator:
    k = _places(name, given.option)
    check(name, given, options=(given.option or "",), threshold=True)
    fixed = _graded(given.value)
    if given.value is not None and not fixed:
        raise CallError(
            f"{name} cannot use the value {to_json(given.value)}", hint='{"value": ["a passage or its title"]}'
        )
    called = name if k is None else f"{name}@{k}"
    measured = partial(_judged, called, measure, k, fixed)
    return number(called, measured)


def _judged(
    name: str, measure: Measure, k: int | None, fixed: Mapping[str, int], example: Example, answer: Answer
) -> list[Judgement]:
    wanted = fixed or wanted_of(example)
    if not any(grade > 0 for grade in wanted.values()):
        return []
    ranked = ranking_of(answer.context, wanted)
    places = [str(place) for place, right in enumerate(ranked.hits, 1) if right]
    why = f"{ranked.relevant} wanted, found at {', '.join(places) or 'none'} of {len(ranked.grades)}"
    return [Judgement(name, float(measure(ranked, k)), why)]


def _places(name: str, option: str | None) -> int | None:
    if option is None:
        return None
    if not option.isascii() or not option.isdigit() or int(option) < 1:
        raise CallError(f"{name} cannot look at the first {option!r} passages", hint=f"{name}@5")
    return int(option)


def _graded(value: Any) -> dict[str, int]:
    """Texts with their grades; nothing where the value is of another shape."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, Mapping):
        return {each: grade for each, grade in value.items() if isinstance(grade, int) and each.strip()}
    if not isinstance(value, list | tuple):
        return {}
    return {each: 1 for each in value if isinstance(each, str) and each.strip()}


def _even(text: str) -> str:
    return " ".join(text.split())
