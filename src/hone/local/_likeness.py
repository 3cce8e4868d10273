"""What a cache of similar questions would do over a dataset: how often it would answer, and how often wrongly.

The variant answers every example itself. Then the examples come by once more, in their order, at a cache that is empty:
whatever is near enough to an earlier one gets that one's answer, and the evaluator judges it as an answer to the
question that was asked. What decides is the very code that decides in live traffic.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from hone.core import to_json, wilson
from hone.datasets import Example
from hone.errors import CallError
from hone.evals import Answer, Evaluator, Run
from hone.gateway import Questions
from hone.local._evaluate import Bench, Data, Options
from hone.local._grounding import usual_embedder
from hone.store import AskedBefore, Result

SIMILARITIES = (0.80, 0.85, 0.90, 0.95, 0.98)
_SHOWN = 10


class Mistake(Struct, frozen=True, kw_only=True):
    """A question that would have had another one's answer, and it was wrong. `own`: its own answer was right."""

    question: str
    answered_as: str
    similarity: float
    own: bool


class AtSimilarity(Struct, frozen=True, kw_only=True):
    """What a cache with one `cache_similarity` would have done. `low` and `high` are Wilson's 95 % interval of `share`.

    `share` is that of the wrong ones among the hits that could be judged; `spoilt` are those of the wrong ones whose
    own answer was right: what the cache itself made wrong.
    """

    similarity: float
    asked: int
    hits: int
    judged: int
    wrong: int
    spoilt: int
    share: float | None
    low: float | None
    high: float | None


class Likeness(Struct, frozen=True, kw_only=True):
    """What was measured, by `metric`, over the answers of `experiment`."""

    target: str
    experiment: str
    metric: str
    levels: list[AtSimilarity]
    mistakes: list[Mistake]  # at the lowest similarity, the nearest first


class _Case(Struct, frozen=True):
    """One example with its own answer, and whether that is right."""

    example: Example
    question: str
    rest: str  # the other inputs, which must be equal
    vector: Any
    output: str
    right: bool | None


def likeness(bench: Bench, name: str, data: Data, options: Options, at: Sequence[float] = ()) -> Likeness:
    """Measure the variant `name`, such as `answer@concise`, at every similarity of `at`.

    Raises:
        CallError: no evaluator says right or wrong, or the task has not the one text that is compared.
        MissingExtra: the model that compares is not installed.
    """
    target = bench.target(name)
    task = bench.house.project.tasks[target.task]
    if task.question is None:
        raise CallError(f"the task {task.name!r} takes not the one text that similar questions are told by")
    run = bench.evaluate([name], data, options)
    evaluator, metric = _judge(bench, run, options)
    cases = _cases(bench, run, data, task.question, metric)
    found = [_level(cases, evaluator, metric, run, similarity) for similarity in sorted(at or SIMILARITIES)]
    return Likeness(
        target=f"{target.task}@{target.variant}",
        experiment=run.experiment.id,
        metric=metric,
        levels=[level for level, _ in found],
        mistakes=sorted(found[0][1], key=lambda each: -each.similarity)[:_SHOWN],
    )


def _judge(bench: Bench, run: Run, options: Options) -> tuple[Evaluator, str]:
    """The first evaluator of the run that says right or wrong of a text."""
    for evaluator in bench.evaluators(run.experiment.task, options.evaluators or run.experiment.evaluators):
        for measure in evaluator.measures:
            if measure.metric.kind == "boolean":
                return evaluator, measure.name
    raise CallError("no evaluator here says right or wrong", hint="-e contains, -e exact, or a judge of your own")


def _cases(bench: Bench, run: Run, data: Data, question: str, metric: str) -> list[_Case]:
    variant = run.variants[0]
    results: dict[str, Result] = {each.example: each for each in run.results if each.variant == variant}
    values = run.values(variant, metric)
    found: list[tuple[Example, str, str]] = []
    for example in bench.dataset(data):
        if example.id in results and results[example.id].error is None:
            given = {question: example.input} if isinstance(example.input, str) else dict(example.input)
            found.append((example, str(given.pop(question, "")), to_json(given)))
    vectors: Any = usual_embedder().embed([text for _, text, _ in found]) if found else []
    good = run.experiment.metrics[metric].direction == "up"
    return [
        _Case(example, text, rest, vector, results[example.id].output, _right(values.get(example.id), good))
        for (example, text, rest), vector in zip(found, vectors, strict=True)
    ]


def _level(
    cases: Sequence[_Case], evaluator: Evaluator, metric: str, run: Run, similarity: float
) -> tuple[AtSimilarity, list[Mistake]]:
    good = run.experiment.metrics[metric].direction == "up"
    scopes: dict[str, Questions] = {}
    known = {case.example.id: case for case in cases}
    hits = judged = 0
    mistakes = []
    for case in cases:
        questions = scopes.setdefault(case.rest, Questions(len(case.vector)))
        best = questions.nearest(case.question, case.vector, similarity, lambda _: True)
        if best is None:
            vector = np.asarray(case.vector, "<f4").tobytes()
            questions.add(AskedBefore(case.example.id, case.question, vector, 0, 0))
            continue
        hits += 1
        other = known[best[0].address]
        said = evaluator.judgements(case.example, Answer(text=other.output))
        right = next((_right(each.value, good) for each in said if each.name == metric), None)
        judged += right is not None
        if right is False:
            own = case.right is True
            mistakes.append(
                Mistake(question=case.question, answered_as=other.question, similarity=round(best[1], 4), own=own)
            )
    share = wilson(len(mistakes), judged) if judged else None
    level = AtSimilarity(
        similarity=similarity, asked=len(cases), hits=hits, judged=judged, wrong=len(mistakes),
        spoilt=sum(each.own for each in mistakes), share=share.mean if share else None,
        low=share.low if share else None, high=share.high if share else None,
    )  # fmt: skip
    return level, mistakes


def _right(value: Any, good: bool) -> bool | None:
    return None if value is None else bool(value) is good
