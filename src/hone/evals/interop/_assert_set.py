"""`assert-set`: several evaluators with weights as one, passed when all of them are, or enough of them.

As promptfoo adds them up: the score is the mean of the scores by weight; with a threshold the set passes when the score
reaches it, whatever single assertions said; without one, when every assertion passes. What has no ground to judge by
(a cost that is unknown) does not pass: nothing was shown.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError, HoneError
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.evals.interop._python import changed
from hone.store import Judgement, Metric

_OWN = ("weight", "metric", "transform")
_NOT = "not-"


class _Part(Struct, frozen=True):
    """One assertion of a set. `threshold` is set where the evaluator gives numbers."""

    evaluator: Evaluator
    title: str
    weight: float
    metric: str | None  # the score that it goes into
    negated: bool
    threshold: float | None
    transform: str | None


class _Said(Struct, frozen=True):
    passed: bool
    score: float
    why: str
    judgements: tuple[Judgement, ...]


def assert_set(given: Given) -> Evaluator:
    """`{"type": "assert-set", "threshold": 0.5, "assert": [{"type": ..., "weight": 2, "metric": ...}, ...]}`.

    Gives whether the set passes (its `metric`, by default `assert-set`), its `score`, and what each assertion said.

    Raises:
        CallError: it holds no assertion, or one that is none.
        ProjectError: an assertion has a type that there is no evaluator for.
    """
    asked = given.settings.get("assert")
    if not isinstance(asked, Sequence) or isinstance(asked, str) or not asked:
        raise CallError("an assert-set holds no assertion", hint='"assert": [{"type": "contains", "value": "..."}]')
    name = given.name or "assert-set"
    score_name = "score" if name == "pass" else f"{name}:score"
    parts = tuple(_told_apart(_part(each, given) for each in asked))
    transform = given.settings.get("transform")

    async def judge(example: Example, answer: Answer) -> list[Judgement]:
        if transform:
            answer = replace(answer, text=changed(transform, answer.text, example))
        said = [await _said(part, example, answer) for part in parts]
        weight = sum(part.weight for part in parts)
        score = (
            sum(part.weight * each.score for part, each in zip(parts, said, strict=True)) / weight if weight else 0.0
        )
        passed = all(each.passed for each in said) if given.threshold is None else score >= given.threshold - 1e-12
        why = "; ".join(each.why for each in said if not each.passed) or None
        return [
            Judgement(name, passed, why),
            Judgement(score_name, score),
            *(judgement for each in said for judgement in each.judgements),
            *_named(parts, said),
        ]

    own = (
        Measure(name=name, metric=Metric(kind="boolean"), worst=False),
        Measure(name=score_name, metric=Metric(kind="number"), worst=0.0),
    )
    by: Any = "judge" if any(part.evaluator.by == "judge" for part in parts) else "code"
    key = to_json([asked, given.threshold, transform])
    return Evaluator(name=name, measures=(*own, *_measures(parts)), judge=judge, by=by, key=key)


def _part(asked: Any, given: Given) -> _Part:
    if not isinstance(asked, Mapping) or not isinstance(asked.get("type"), str):
        raise CallError(f"an assertion has a type: {to_json(asked)}", hint='{"type": "contains", "value": "..."}')
    kind, weight, metric = asked["type"], asked.get("weight", 1), asked.get("metric")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
        raise CallError(f"the weight of {kind} is no number from 0 on: {to_json(weight)}")
    negated, made, threshold = _made({key: each for key, each in asked.items() if key not in _OWN}, given)
    title = metric or f"{_NOT if negated else ''}{made.measures[0].name}"
    return _Part(made, title, float(weight), metric, negated, threshold, asked.get("transform"))


def _made(asked: Mapping[str, Any], given: Given) -> tuple[bool, Evaluator, float | None]:
    """Whether it is turned round, the evaluator, and the threshold that is left to be applied to its numbers."""
    from hone.evals._registry import evaluators, make

    kind = asked["type"]
    negated = kind.startswith(_NOT) and kind not in evaluators.names()
    asked = {**asked, "type": kind.removeprefix(_NOT)} if negated else dict(asked)
    threshold = asked.get("threshold")
    context = replace(given, option=None, value=None, threshold=None, settings={}, name=None)
    if threshold is not None:
        # A score keeps its shades when the threshold is applied here: .74 against .75 is no plain 0.
        try:
            (bare,) = make([{key: each for key, each in asked.items() if key != "threshold"}], given=context)
            if bare.measures[0].metric.kind == "number":
                return negated, bare, float(threshold)
        except HoneError:
            pass  # it cannot be without its threshold
    (made,) = make([asked], given=context)
    return negated, made, None


def _told_apart(parts: Iterator[_Part]) -> Iterator[_Part]:
    """Two assertions of one type are `contains` and `contains 2`."""
    seen: dict[str, int] = defaultdict(int)
    for part in parts:
        if part.metric is None:
            seen[part.title] += 1
            if seen[part.title] > 1:
                yield replace(part, title=f"{part.title} {seen[part.title]}")
                continue
        yield part


async def _said(part: _Part, example: Example, answer: Answer) -> _Said:
    if part.transform:
        answer = replace(answer, text=changed(part.transform, answer.text, example))
    found = await part.evaluator.said(example, answer)
    if not found:
        return _Said(False, 0.0, f"{part.title}: there is nothing to judge by", ())
    first = found[0]
    passed, score = _passed(part, first)
    if part.negated:
        passed, score = not passed, 1 - score
    why = f"{part.title}: {first.explanation or first.value}"
    if part.metric is not None:
        return _Said(passed, score, why, ())
    value: Any = passed if part.negated else first.value
    return _Said(passed, score, why, (Judgement(part.title, value, first.explanation),))


def _passed(part: _Part, said: Judgement) -> tuple[bool, float]:
    """Whether it passes, and its score between 0 and 1."""
    if isinstance(said.value, bool | str):
        return said.value is True, float(said.value is True)
    if part.evaluator.measures[0].metric.direction == "down":  # seconds, dollars, edits: less is better, without an end
        passed = part.threshold is None or said.value <= part.threshold
        return passed, float(passed)
    score = min(1.0, max(0.0, float(said.value)))
    return part.threshold is None or said.value >= part.threshold, score


def _named(parts: Sequence[_Part], said: Sequence[_Said]) -> Iterator[Judgement]:
    """The scores of assertions that were given one name, averaged by weight."""
    groups: dict[str, list[tuple[float, _Said]]] = defaultdict(list)
    for part, each in zip(parts, said, strict=True):
        if part.metric is not None:
            groups[part.metric].append((part.weight, each))
    for metric, found in groups.items():
        weight = sum(each for each, _ in found)
        why = "; ".join(each.why for _, each in found if not each.passed) or None
        yield Judgement(metric, sum(w * each.score for w, each in found) / weight if weight else 0.0, why)


def _measures(parts: Sequence[_Part]) -> list[Measure]:
    made: dict[str, Measure] = {}
    for part in parts:
        if part.metric is not None:
            made[part.metric] = Measure(name=part.metric, metric=Metric(kind="number"), worst=0.0)
            continue
        inner = part.evaluator.measures[0]
        kind = Metric(kind="boolean") if part.negated else inner.metric
        made[part.title] = Measure(name=part.title, metric=kind, worst=False if part.negated else inner.worst)
    return list(made.values())
