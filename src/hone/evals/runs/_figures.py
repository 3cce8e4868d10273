"""What is said of a run as a whole: choices among the answers to one example, and numbers of a whole variant."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec.structs import asdict, replace

from hone.datasets import Example
from hone.evals._case import FAILED, NOBODYS_ANSWER, Evaluator, Figure, Judged
from hone.evals.runs._judging import answer_of
from hone.evals.runs._plan import Place, Plan
from hone.evals.runs._rig import Rig, record
from hone.store import Experiment, Judgement, Result


async def choose(plan: Plan, rig: Rig, experiment: Experiment, results: Sequence[Result]) -> list[Result]:
    """Let evaluators choose among the answers of all cells to one example, where they have not; the results after it.

    A cell whose call failed is not among what they choose from. What was chosen is kept, whatever happens then.

    Raises:
        ProjectError, MissingExtra, UnknownModel, NotAllowed, NotRecorded, BudgetSpent: one cannot choose at all.
    """
    work = _Choosing(plan, rig, results)
    try:
        for evaluator, examples in _by_example(plan, lambda each: each.choose is not None):
            await work.choose(evaluator, examples)
    finally:
        await asyncio.to_thread(rig.store.judge, [work.results[place] for place in work.said])
        said = [replace(work.results[place], judgements=found) for place, found in work.said.items()]
        await asyncio.to_thread(record, rig, experiment, said)
    return list(work.results.values())


class _Choosing:
    """`results` by where they stand; `said` is what is new of them."""

    def __init__(self, plan: Plan, rig: Rig, results: Sequence[Result]) -> None:
        self._rig = rig
        self._turns = asyncio.Semaphore(rig.concurrency)
        self.results = {each.place: each for each in results}
        self.said: dict[Place, list[Judgement]] = defaultdict(list)
        examples = {each.id: each for each in plan.examples}
        rows: dict[tuple[str, int], list[Place]] = defaultdict(list)
        for place in self.results:
            rows[place[1:]].append(place)
        self._rows = [
            (examples[example], places)
            for (example, _), places in rows.items()
            if example in examples and len(places) == len(plan.cells)
        ]

    async def choose(self, evaluator: Evaluator, examples: Collection[str]) -> None:
        """Of these examples, each in its turn. The first that cannot be chosen of at all ends it."""
        turns = [
            asyncio.create_task(self._one(evaluator, example, places))
            for example, places in self._rows
            if example.id in examples and not self._has(places, evaluator)
        ]
        try:
            await asyncio.gather(*turns)
        finally:
            for each in turns:
                each.cancel()
            await asyncio.gather(*turns, return_exceptions=True)

    def _has(self, places: Sequence[Place], evaluator: Evaluator) -> bool:
        """A failed call has the worst from the start, so nothing is seen by it."""
        names = {each.name for each in evaluator.measures}
        answers = [self.results[place] for place in places]
        return all(
            any(said.name in names for said in each.judgements) for each in answers if each.error is None
        )  # fmt: skip

    async def _one(self, evaluator: Evaluator, example: Example, places: Sequence[Place]) -> None:
        async with self._turns:
            answers = {place[0]: self.results[place] for place in places}
            said = await _chosen(evaluator, example, answers, self._rig)
        names = {each.name for each in evaluator.measures}
        for place in places:
            if found := said.get(place[0]):
                old = [each for each in self.results[place].judgements if each.name not in names]
                self.results[place] = replace(self.results[place], judgements=[*old, *found])
                self.said[place] += found


async def _chosen(
    evaluator: Evaluator, example: Example, answers: Mapping[str, Result], rig: Rig
) -> dict[str, list[Judgement]]:
    assert evaluator.choose is not None
    given = {name: answer_of(each, rig.spans) for name, each in answers.items() if each.error is None}
    if not given:
        return {}
    try:
        return {name: list(found) for name, found in (await evaluator.choose(example, given)).items()}
    except NOBODYS_ANSWER:
        raise
    except Exception as problem:
        why = f"{FAILED}{type(problem).__name__}: {problem}"
        worst = [Judgement(each.name, each.worst, why) for each in evaluator.measures if each.worst is not None]
        return dict.fromkeys(given, worst)


def _by_example(plan: Plan, wanted: Callable[[Evaluator], bool]) -> list[tuple[Evaluator, Collection[str]]]:
    """The evaluators that are `wanted`, each with the ids of the examples that are its.

    One that an example brings takes the place of one that all share, as it does when answers are judged. Those that
    are the same in several examples are one.
    """
    shared: dict[int, tuple[Evaluator, list[str]]] = {}
    own: dict[tuple[str, str, tuple[str, ...]], tuple[Evaluator, list[str]]] = {}
    for example in plan.examples:
        mine = plan.own.get(example.id, ())
        taken = {measure.name for each in mine for measure in each.measures}
        for number, each in enumerate(plan.evaluators):
            if wanted(each) and taken.isdisjoint(measure.name for measure in each.measures):
                shared.setdefault(number, (each, []))[1].append(example.id)
        for each in mine:
            if wanted(each):
                names = tuple(measure.name for measure in each.measures)
                own.setdefault((each.name, each.key, names), (each, []))[1].append(example.id)
    return [(each, frozenset(ids)) for each, ids in (*shared.values(), *own.values())]


def figures(plan: Plan, results: Sequence[Result]) -> list[dict[str, Any]]:
    """The numbers of every cell as a whole, as an experiment keeps them: those of `Figure`, and the `variant`."""
    summing = _by_example(plan, lambda each: each.sum_up is not None)
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
        for evaluator, ids in summing
        for name, judged in cells.items()
        if (its := [each for each in judged if each.example.id in ids])
        for figure in _summed(evaluator, its)
    ]


def _summed(evaluator: Evaluator, judged: Sequence[Judged]) -> list[Figure]:
    """A figure that cannot be computed costs nobody the others."""
    assert evaluator.sum_up is not None
    try:
        return [_honest(each, judged) for each in evaluator.sum_up(judged)]
    except Exception as problem:
        why = f"{FAILED}{type(problem).__name__}: {problem}"
        return [Figure(name=evaluator.name, value=None, method=why)]


def _honest(figure: Figure, judged: Sequence[Judged]) -> Figure:
    """Without an interval that takes several answers to one case, or cases of one group, for independent cases."""
    groups = [("case", each.example.id) if each.example.group is None else each.example.group for each in judged]
    if figure.clustered or figure.low is None or len(set(groups)) == len(groups):
        return figure
    cases = len({each.example.id for each in judged})
    method = f"{figure.method}; no interval, since cases have several answers or belong together"
    return replace(figure, low=None, high=None, n=min(figure.n, cases), method=method)
