"""`supported`: an evaluator of hallucination that asks no model."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from hone.core import to_json
from hone.datasets import Example
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.evals.metrics._measured import measured, no_option, only, said
from hone.evals.metrics.language._support import Sentence, Source, Standing, support
from hone.store import Judgement, Metric

_SHOWN = 160  # characters of a sentence
_MISSING = 6  # terms that are named
_BAD: tuple[Standing, ...] = ("contradicted", "unverifiable")


def supported(given: Given) -> Evaluator:
    """How far the answer is supported by its source, between 0 and 1: see `_support` for what is counted.

    The source is the `value` given, else the example's context, else the passages that were retrieved for the answer,
    else the reference. Without one, or where the answer says nothing, there is no judgement.

    Beside the number stand two shares of the answer's sentences: `supported.contradicted`, where the source has
    another number, name or `not` in what it else agrees with, and `supported.unverifiable`, where it says too little of
    it. The explanation names these sentences.
    """
    no_option("supported", given)
    only("supported", given)

    metric = given.name or "supported"
    shares: dict[Standing, str] = {each: f"{metric}.{each}" for each in _BAD}

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        source = source_of(given, example, answer)
        held = _read(source).hold(answer.text) if source else []
        if not held:
            return []
        rest = [Judgement(name, _share(held, standing)) for standing, name in shares.items()]
        return [said(metric, given, support(held), explained(held)), *rest]

    down = Metric(kind="number", direction="down", within=(0.0, 1.0))
    more = tuple(Measure(name=name, metric=down) for name in shares.values())
    return Evaluator(name=metric, measures=(measured(metric, given, within=(0.0, 1.0)), *more), judge=judge)


def explained(held: Sequence[Sentence]) -> str:
    """How many sentences are supported, and for each other one why not, a line each."""
    fine = sum(each.standing == "supported" for each in held)
    lines = [f"{fine} of {len(held)} sentences supported by the source"]
    for each in held:
        if each.standing == "contradicted":
            lines.append(f"contradicted: {_short(each.text)!r}: {each.against} ({_short(each.nearest)!r})")
        elif each.standing == "unverifiable":
            why = f"not there: {', '.join(each.missing[:_MISSING])}" if each.missing else "its words stand elsewhere"
            lines.append(f"unverifiable: {_short(each.text)!r}: {why}")
    return "\n".join(lines)


def source_of(given: Given, example: Example, answer: Answer) -> str:
    """The text an answer is held against; empty where there is none."""
    for each in (given.value, example.context, answer.context, example.reference):
        text = _text(each)
        if text.strip():
            return text
    return ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _text(value["text"]) if "text" in value else to_json(value)
    if isinstance(value, Sequence):
        return "\n".join(_text(each) for each in value)
    return to_json(value)


def _share(held: Sequence[Sentence], standing: Standing) -> float:
    return sum(each.standing == standing for each in held) / len(held)


@lru_cache(maxsize=16)  # the variants of an experiment answer the same examples
def _read(source: str) -> Source:
    return Source(source)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
