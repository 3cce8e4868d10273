"""What evaluators are: functions from one answered example to judgements, with what their values mean."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from hone.datasets import Example
from hone.store import Judgement, Metric

Direction = Literal["up", "down"]


class Answer(Struct, frozen=True, kw_only=True):
    """What came back for one example. `seconds` are counted by the caller, `cost` is in dollars or unknown."""

    text: str = ""
    error: str | None = None
    seconds: float | None = None
    cost: float | None = None
    trace_id: str | None = None
    span_id: str | None = None


class Measure(Struct, frozen=True, kw_only=True):
    """One metric of an evaluator. `worst` is what a failed call counts as; None leaves it out."""

    name: str
    metric: Metric
    worst: bool | float | None = None


class Given(Struct, frozen=True, kw_only=True):
    """What an evaluator may know when it is made: the option behind its name, and the task's output schema."""

    option: str | None = None
    schema: Mapping[str, Any] | None = None
    read_schema: Callable[[str], Mapping[str, Any]] | None = None  # a JSON Schema of the project, by its path


class Evaluator(Struct, frozen=True, kw_only=True):
    """`judge` says something about an answer that came, or nothing where the example gives it no ground to."""

    name: str
    measures: tuple[Measure, ...]
    judge: Callable[[Example, Answer], Iterable[Judgement]]

    def judgements(self, example: Example, answer: Answer) -> list[Judgement]:
        """What this evaluator says. A failed call, or a failure of its own, counts as the worst."""
        if answer.error is not None:
            return self._worst(example, f"the call failed: {answer.error}")
        try:
            return list(self.judge(example, answer))
        except Exception as problem:
            return self._worst(example, f"the evaluator failed: {type(problem).__name__}: {problem}")

    def _worst(self, example: Example, why: str) -> list[Judgement]:
        return [Judgement(each.name, each.worst, why) for each in self.measures if each.worst is not None]


def from_function(function: Callable[..., Any], metric: Metric | None = None) -> Evaluator:
    """An evaluator from `def polite(example, output) -> bool` (or a number); its name is the metric's.

    The kind is the declared one, or that of the return annotation, or a number. A failed call counts as False or 0.
    """
    name = getattr(function, "__name__", type(function).__name__)
    if metric is None:
        said = inspect.signature(function).return_annotation
        metric = Metric(kind="boolean" if said in (bool, "bool") else "number")

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        value = function(example, answer.text)
        return [] if value is None else [Judgement(name, bool(value) if metric.kind == "boolean" else value)]

    worst: bool | float | None = {"boolean": False, "number": 0.0}.get(metric.kind)
    if metric.direction == "down":
        worst = True if metric.kind == "boolean" else None  # there is no worst of a number without an end
    return Evaluator(name=name, measures=(Measure(name=name, metric=metric, worst=worst),), judge=judge)
