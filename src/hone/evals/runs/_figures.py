"""What is said of a run as a whole: choices among the answers to one example, and numbers of a whole variant."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import asdict, replace

from hone.datasets import Example
from hone.evals._case import FAILED, Evaluator, Figure, Judged
from hone.evals.runs._judging import answer_of
from hone.evals.runs._plan import Plan
from hone.evals.runs._rig import Rig
from hone.store import Judgement, Result

_Place = tuple[str, int]  # an example's id, and which repeat


async def choose(plan: Plan, rig: Rig, results: Sequence[Result]) -> list[Result]:
    """Let evaluators choose among the answers of all cells to one example, where they have not; the results after it.

    A cell whose call failed is not among what they choose from.
    """
    choosers = [each for each in plan.evaluators if each.choose is not None]
    if not choosers:
        return list(results)
    examples = {each.id: each for each in plan.examples}
    places: dict[_Place, dict[str, Result]] = defaultdict(dict)
    for each in results:
        places[each.example, each.repeat][each.variant] = each
    whole = [
        (examples[example], answers)
        for (example, _), answers in places.items()
        if example in examples and len(answers) == len(plan.cells)
    ]
    turns = asyncio.Semaphore(rig.concurrency)

    async def chosen(evaluator: Evaluator, example: Example, answers: dict[str, Result]) -> list[Result]:
        async with turns:
            return await _chosen(evaluator, example, answers, rig)

    changed: dict[tuple[str, str, int], Result] = {}
    for evaluator in choosers:
        work = [
            chosen(evaluator, example, answers) for example, answers in whole if not _has(answers, evaluator.measures)
        ]
        for found in await asyncio.gather(*work):
            changed |= {(each.variant, each.example, each.repeat): each for each in found}
            for each in found:
                places[each.example, each.repeat][each.variant] = each
    await asyncio.to_thread(rig.store.judge, list(changed.values()))
    return [changed.get((each.variant, each.example, each.repeat), each) for each in results]


async def _chosen(evaluator: Evaluator, example: Example, answers: Mapping[str, Result], rig: Rig) -> list[Result]:
    assert evaluator.choose is not None
    given = {name: answer_of(each, rig.spans) for name, each in answers.items() if each.error is None}
    if not given:
        return []
    try:
        said = {name: list(found) for name, found in (await evaluator.choose(example, given)).items()}
    except Exception as problem:
        why = f"{FAILED}{type(problem).__name__}: {problem}"
        worst = [Judgement(each.name, each.worst, why) for each in evaluator.measures if each.worst is not None]
        said = dict.fromkeys(given, worst)
    return [
        replace(answers[name], judgements=[*answers[name].judgements, *found])
        for name, found in said.items()
        if name in answers and found
    ]


def _has(answers: Mapping[str, Result], measures: Sequence[Any]) -> bool:
    names = {each.name for each in measures}
    return any(said.name in names for each in answers.values() for said in each.judgements)


def figures(plan: Plan, results: Sequence[Result]) -> list[dict[str, Any]]:
    """The numbers of every cell as a whole, as an experiment keeps them: those of `Figure`, and the `variant`."""
    summing = [each for each in plan.evaluators if each.sum_up is not None]
    if not summing:
        return []
    examples = {each.id: each for each in plan.examples}
    cells: dict[str, list[Judged]] = {each.name: [] for each in plan.cells}
    for each in results:
        if each.variant in cells and each.example in examples:
            judged = Judged(examples[each.example], answer_of(each), tuple(each.judgements))
            cells[each.variant].append(judged)
    return [
        {"variant": name, **asdict(figure)}
        for evaluator in summing
        for name, judged in cells.items()
        if judged
        for figure in _summed(evaluator, judged)
    ]


def _summed(evaluator: Evaluator, judged: Sequence[Judged]) -> list[Figure]:
    """A figure that cannot be computed costs nobody the others."""
    assert evaluator.sum_up is not None
    try:
        return list(evaluator.sum_up(judged))
    except Exception as problem:
        why = f"{FAILED}{type(problem).__name__}: {problem}"
        return [Figure(name=evaluator.name, value=None, method=why)]
