"""What evaluators are: functions from one answered example to judgements, with what their values mean."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from hone.core import Span
from hone.datasets import Example
from hone.errors import BudgetSpent, MissingExtra, NotAllowed, NotRecorded, ProjectError, UnknownModel
from hone.evals._ask import Ask, Embed
from hone.evals._identity import identity
from hone.store import Judgement, Metric

Direction = Literal["up", "down"]

# No answer is to blame for these, and the next one would fare no better.
NOBODYS_ANSWER = (ProjectError, MissingExtra, UnknownModel, NotAllowed, NotRecorded, BudgetSpent)
FAILED = "the evaluator failed: "
"""How the explanation of a value begins that an evaluator did not give, because it failed."""

Said = Iterable[Judgement] | Awaitable[Iterable[Judgement]]


class Answer(Struct, frozen=True, kw_only=True):
    """What came back for one example. `seconds` are counted by the caller, `cost` is in dollars or unknown."""

    text: str = ""
    error: str | None = None
    seconds: float | None = None
    cost: float | None = None
    trace_id: str | None = None
    span_id: str | None = None
    finish_reason: str | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()  # as OpenAI's chat completions give them: {id, type, function}
    usage: Mapping[str, int] | None = None  # tokens: input, output, ...
    logprobs: tuple[float, ...] | None = None  # natural logarithms, one a token of the answer
    context: tuple[str, ...] = ()  # the passages that were retrieved for it
    messages: tuple[dict[str, Any], ...] = ()  # the whole conversation, where there was more than one turn
    spans: Callable[[], Sequence[Span]] | None = None  # what happened, read when an evaluator asks for it


class Measure(Struct, frozen=True, kw_only=True):
    """One metric of an evaluator. `worst` is what a failed call counts as; None leaves it out."""

    name: str
    metric: Metric
    worst: bool | float | None = None


class Given(Struct, frozen=True, kw_only=True):
    """What an evaluator may know when it is made.

    `option` is what stands behind its name (`rouge:2`). The rest of what is asked of it comes as an object: `value` is
    what to compare with, in place of what the example expects; `threshold` turns a number into right or wrong.
    """

    option: str | None = None
    value: Any = None
    threshold: float | None = None
    settings: Mapping[str, Any] = {}  # everything else that was written beside its name
    name: str | None = None  # the metric's, when it shall have another one
    schema: Mapping[str, Any] | None = None  # of the task's output
    read_schema: Callable[[str], Mapping[str, Any]] | None = None  # a JSON Schema of the project, by its path
    tools: Sequence[Mapping[str, Any]] = ()  # of the task, as OpenAI's chat completions take them
    root: Path | None = None  # the project's folder: code that is named by its path lies in it
    mark: str | None = None  # of the task, where it is private: its answers go to no service
    webhooks: Sequence[str] | None = None  # the only URLs that what a dataset brings along may ask; None: any
    ask: Ask | None = None  # a model, for those that judge with one
    embed: Embed | None = None
    models: Callable[[str | None], str] | None = None  # what tells the configuration of a model from another one
    judges: Mapping[str, Callable[["Given"], "Evaluator"]] = {}  # of the project, by name
    card: Callable[[str], str | None] | None = None  # what calibration says of a judge, by its key


class Figure(Struct, frozen=True, kw_only=True):
    """One number of a whole variant that is no mean over its cases, such as an area under a curve."""

    name: str
    value: float | None
    low: float | None = None  # the 95 % interval, where one is known
    high: float | None = None
    n: int = 0
    direction: Direction = "up"
    method: str = ""
    clustered: bool = False  # the interval minds several answers to one case, and cases of one group


class Judged(Struct, frozen=True):
    """One example of a variant with its answer and what was said of it."""

    example: Example
    answer: Answer
    judgements: tuple[Judgement, ...]


class Evaluator(Struct, frozen=True, kw_only=True):
    """`judge` says something about an answer that came, or nothing where the example gives it no ground to.

    It may be a coroutine function. `sum_up` adds figures of a variant as a whole, once it has run. `choose` says
    something about the answers of all variants to one example, by variant.
    """

    name: str
    measures: tuple[Measure, ...]
    judge: Callable[[Example, Answer], Said]
    sum_up: Callable[[Sequence[Judged]], Iterable[Figure]] | None = None
    choose: Callable[[Example, Mapping[str, Answer]], Awaitable[Mapping[str, Iterable[Judgement]]]] | None = None
    by: Literal["code", "judge"] = "code"
    key: str = ""  # what tells it from another of that name: its version, its model and prompt
    judges: Mapping[str, str] = {}  # of one that is made of others: the judges among them, name by key
    card: str | None = None  # of a judge: how far it agrees with people, in one sentence
    apart: bool = False  # `judge` is not a coroutine and may take its time: it runs on a thread of its own

    async def said(self, example: Example, answer: Answer) -> list[Judgement]:
        """What this evaluator says. A failed call, or a failure of its own, counts as the worst.

        Raises:
            ProjectError, MissingExtra, UnknownModel, NotAllowed, NotRecorded, BudgetSpent: it cannot judge any answer.
        """
        if answer.error is not None:
            return self._worst(f"the call failed: {answer.error}")
        try:
            found = await asyncio.to_thread(self.judge, example, answer) if self.apart else self.judge(example, answer)
            return list(await found if isinstance(found, Awaitable) else found)
        except NOBODYS_ANSWER:
            raise
        except Exception as problem:
            return self._worst(f"{FAILED}{type(problem).__name__}: {problem}")

    def judgements(self, example: Example, answer: Answer) -> list[Judgement]:
        """The same, for callers without an event loop."""
        return asyncio.run(self.said(example, answer))

    def _worst(self, why: str) -> list[Judgement]:
        return [Judgement(each.name, each.worst, why) for each in self.measures if each.worst is not None]


def judges_among(evaluators: Iterable[Evaluator]) -> dict[str, str]:
    """The names of the judges among evaluators, and within them, by their keys."""
    found: dict[str, str] = {}
    for each in evaluators:
        found |= each.judges or ({each.key: each.name} if each.by == "judge" else {})
    return found


def from_function(function: Callable[..., Any], metric: Metric | None = None) -> Evaluator:
    """An evaluator from `def polite(example, output) -> bool` (or a number); its name is the metric's.

    The kind is the declared one, or that of the return annotation; without one, a function that only ever says True or
    False says right or wrong, and any other gives a number. A failed call counts as False or 0.
    Its key is what it does: a function that was changed is another one.
    """
    name = getattr(function, "__name__", type(function).__name__)
    told = metric is not None
    if metric is None:
        said = inspect.signature(function).return_annotation
        told = said is not inspect.Signature.empty
        metric = Metric(kind="boolean" if said in (bool, "bool") else "number")

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        value = function(example, answer.text)
        return [] if value is None else [Judgement(name, bool(value) if metric.kind == "boolean" else value)]

    # False is 0 in a mean, and leaves open whether the values are numbers.
    worst: bool | float | None = {"boolean": False, "number": 0.0 if told else False}.get(metric.kind)
    if metric.direction == "down":
        worst = True if metric.kind == "boolean" else None  # there is no worst of a number without an end
    measures = (Measure(name=name, metric=metric, worst=worst),)
    return Evaluator(name=name, measures=measures, judge=judge, key=identity(function), apart=True)
