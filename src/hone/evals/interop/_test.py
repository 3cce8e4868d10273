"""`promptfoo-test`: what one test of promptfoo asserts, as one evaluator that passes or fails as it does there.

The score is the mean of the assertions' scores by weight. With a threshold the test passes when the score reaches it,
whatever single assertions said; without one, when every assertion passes. Assertions of one `metric` are averaged into
a score of that name. What has no ground to judge by (a cost that is unknown) does not pass: nothing was shown.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given, Measure, judges_among
from hone.evals._shaped import named
from hone.evals._verdict import verdict
from hone.evals.interop._python import Transform
from hone.store import Judgement, Metric

TEST = "promptfoo-test"
SET = "assert-set"

_OWN = ("weight", "metric", "transform")


class _Part(Struct, frozen=True):
    """One assertion of a test."""

    evaluator: Evaluator
    weight: float
    metric: str | None  # the score that it goes into
    transform: Transform | None


class _Said(Struct, frozen=True):
    passed: bool
    score: float
    why: str
    judgements: tuple[Judgement, ...]


def promptfoo_test(given: Given) -> Evaluator:
    """`{"type": "promptfoo-test", "threshold": 0.5, "assert": [{"type": ..., "weight": 2, "metric": ...}, ...]}`.

    Gives `pass` (or the name that is asked for), the `score`, and what each assertion said.

    Raises:
        CallError: it holds no assertion, or one that is none.
        ProjectError: an assertion has a type that there is no evaluator for.
    """
    return _whole(given.settings, given.threshold, given.name or "pass", "score" if given.name is None else "", given)


def _whole(settings: Mapping[str, Any], threshold: float | None, name: str, score_name: str, given: Given) -> Evaluator:
    asked = settings.get("assert")
    if not isinstance(asked, Sequence) or isinstance(asked, str) or not asked:
        raise CallError(f"the {TEST} holds no assertion", hint='"assert": [{"type": "contains", "value": "..."}]')
    score_name = score_name or f"{name}:score"
    parts = tuple(_told_apart([_part(each, given) for each in asked]))
    transform = _transform(settings, given)

    async def judge(example: Example, answer: Answer) -> list[Judgement]:
        if transform:
            answer = replace(answer, text=await asyncio.to_thread(transform.changed, answer.text, example))
        said = [await _said(part, example, answer) for part in parts]
        weight = sum(part.weight for part in parts)
        score = _mean([(part.weight, each.score) for part, each in zip(parts, said, strict=True)], weight)
        # The sum of a few decimals may fall short of what it is by the last bit.
        passed = all(each.passed for each in said) if threshold is None else score >= threshold - 1e-12
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
    texts = [None if each is None else each.key for each in (transform, *(part.transform for part in parts))]
    key = to_json([asked, threshold, settings.get("transform"), texts, [part.evaluator.key for part in parts]])
    judges = judges_among(part.evaluator for part in parts)
    return Evaluator(name=name, measures=(*own, *_measures(parts)), judge=judge, by=by, key=key, judges=judges)


def _part(asked: Any, given: Given) -> _Part:
    from hone.evals._registry import make

    if not isinstance(asked, Mapping) or not isinstance(asked.get("type"), str):
        raise CallError(f"an assertion has a type: {to_json(asked)}", hint='{"type": "contains", "value": "..."}')
    kind, weight = asked["type"], asked.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
        raise CallError(f"the weight of {kind} is no number from 0 on: {to_json(weight)}")
    context = replace(given, option=None, value=None, threshold=None, settings={}, name=None)
    if kind == SET:
        made = _whole(asked, asked.get("threshold"), SET, "", context)
    else:
        (made,) = make([{key: each for key, each in asked.items() if key not in _OWN}], given=context)
    return _Part(made, float(weight), asked.get("metric"), None if kind == SET else _transform(asked, given))


def _transform(asked: Mapping[str, Any], given: Given) -> Transform | None:
    """Of a test, a set or an assertion."""
    return Transform(str(asked["transform"]), given.root) if asked.get("transform") else None


def _told_apart(parts: list[_Part]) -> Iterator[_Part]:
    """Two assertions of one type are `contains` and `contains 2`."""
    seen: Counter[str] = Counter()
    for part in parts:
        first = part.evaluator.measures[0].name
        seen[first] += part.metric is None
        again = part.metric is None and seen[first] > 1
        yield replace(part, evaluator=named(part.evaluator, f"{first} {seen[first]}")) if again else part


async def _said(part: _Part, example: Example, answer: Answer) -> _Said:
    title = part.metric or part.evaluator.measures[0].name
    if part.transform:
        answer = replace(answer, text=await asyncio.to_thread(part.transform.changed, answer.text, example))
    found = await part.evaluator.said(example, answer)
    at = verdict(part.evaluator, found)
    if at is None:
        return _Said(False, 0.0, f"{title}: there is nothing to judge by", ())
    return _Said(at.right, at.score, f"{title}: {at.why}", () if part.metric is not None else tuple(found))


def _named(parts: Sequence[_Part], said: Sequence[_Said]) -> Iterator[Judgement]:
    """The scores of assertions that were given one name, averaged by weight."""
    groups: dict[str, list[tuple[float, _Said]]] = defaultdict(list)
    for part, each in zip(parts, said, strict=True):
        if part.metric is not None:
            groups[part.metric].append((part.weight, each))
    for metric, found in groups.items():
        why = "; ".join(each.why for _, each in found if not each.passed) or None
        score = _mean([(weight, each.score) for weight, each in found], sum(weight for weight, _ in found))
        yield Judgement(metric, score, why)


def _mean(scores: list[tuple[float, float]], weight: float) -> float:
    return sum(each * score for each, score in scores) / weight if weight else 0.0


def _measures(parts: Sequence[_Part]) -> list[Measure]:
    made: dict[str, Measure] = {}
    for part in parts:
        if part.metric is not None:
            made[part.metric] = Measure(name=part.metric, metric=Metric(kind="number"), worst=0.0)
        else:
            made |= {each.name: each for each in part.evaluator.measures}
    return list(made.values())
