"""One case of `@hone.case`: its examples, its answer, and what is said of it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from hone.datasets import Example
    from hone.evals import Answer, Ask, Evaluator, Question, Told
    from hone.testing._case import Spec

PASSES = "passes"
"""The metric of cases that nothing judges but the test itself: did it run through?"""


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one case, as it travels from a worker to where the run is told."""

    function: str  # its node id
    example: str
    group: str | None
    values: dict[str, bool | float]
    kinds: dict[str, tuple[str, str]]  # metric -> kind and direction, the first metric first
    wrong: list[str]  # why
    answer: str
    seconds: float
    at_least: dict[str, float]
    at_most: dict[str, float]
    strict: bool


def examples_of(spec: "Spec", test_file: Path) -> "tuple[Example, ...]":
    """The examples of a decorated function.

    Raises:
        ProjectError: there is no such dataset, or it is wrong.
        CallError: what was handed over is no example, or there is none.
    """
    import msgspec

    from hone.datasets import DatasetFile, Example, dataset_of
    from hone.errors import CallError
    from hone.project import find

    if isinstance(spec.data, str) and spec.data.endswith(".jsonl"):
        path = test_file.parent / spec.data
        dataset = DatasetFile(path.parent, path.name.removesuffix(".jsonl")).read()
    elif isinstance(spec.data, str):
        dataset = DatasetFile(find(test_file.parent) / "datasets", spec.data).read()
    else:
        try:
            given = [each if isinstance(each, Example) else msgspec.convert(dict(each), Example) for each in spec.data]
        except (msgspec.ValidationError, TypeError, ValueError) as problem:
            raise CallError(f"this is no example: {problem}", hint='{"input": "...", "expected": "..."}') from None
        dataset = dataset_of("cases", given)
    examples = dataset.split(spec.split)[: spec.limit]
    if not examples:
        raise CallError(f"there are no examples{f' in the split {spec.split!r}' if spec.split else ''}")
    return examples


def judged(
    spec: "Spec", function: str, example: "Example", call: Callable[[], Any]
) -> tuple[Outcome, Exception | None]:
    """Run the test's function and judge what it returns; the second is what it raised."""
    start = time.perf_counter()
    raised: Exception | None = None
    returned: Any = None
    try:
        returned = call()
    except Exception as problem:
        raised = problem
    seconds = time.perf_counter() - start
    evaluators = _evaluators(spec, example)
    answer = _answer(returned, raised, seconds, bool(evaluators))
    values: dict[str, bool | float] = {}
    wrong: list[str] = []
    kinds: dict[str, tuple[str, str]] = {}
    for each in evaluators:
        kinds |= {measure.name: (measure.metric.kind, measure.metric.direction) for measure in each.measures}
        for said in each.judgements(example, answer):
            if isinstance(said.value, str):
                continue
            values[said.name] = said.value
            if said.value is (kinds.get(said.name, ("", "up"))[1] == "down"):
                wrong.append(f"{said.name}: {said.explanation or said.value}")
    if not evaluators:
        right = raised is None and returned is not False
        kinds, values = {PASSES: ("boolean", "up")}, {PASSES: right}
        wrong = [] if right else [str(answer.error or "it returned False")]
    outcome = Outcome(
        function=function, example=example.id, group=example.group, values=values, kinds=kinds, wrong=wrong,
        answer=answer.text[:2000], seconds=seconds, at_least=dict(spec.at_least), at_most=dict(spec.at_most),
        strict=spec.strict,
    )  # fmt: skip
    return outcome, raised


def _evaluators(spec: "Spec", example: "Example") -> "list[Evaluator]":
    from msgspec.structs import replace

    from hone.evals import Given, make

    given, brought = Given(ask=_ask()), example.evaluators
    made = make(spec.evaluators, given=given) if spec.evaluators else []
    own = make(brought, given=replace(given, webhooks=_webhooks())) if brought else []
    return make([*made, *own]) if made or own else []


def _webhooks() -> Sequence[str]:
    """The URLs that evaluators of a dataset may ask: those that the project names, if there is one."""
    from hone.errors import ProjectError
    from hone.project import find, load

    try:
        return load(find()).webhooks
    except ProjectError:
        return ()


def _ask() -> "Ask":
    """A model of the project, opened when a judge first needs it."""

    async def ask(question: "Question") -> "Told":
        from hone.local._sdk import bench

        return await bench().judging(question)

    return ask


def _answer(returned: Any, raised: Exception | None, seconds: float, needed: bool) -> "Answer":
    from msgspec.structs import replace

    from hone.client import Reply
    from hone.core import to_json
    from hone.evals import Answer

    if raised is not None:
        return Answer(error=f"{type(raised).__name__}: {raised}", seconds=seconds)
    if isinstance(returned, Answer):
        return returned if returned.seconds is not None else replace(returned, seconds=seconds)
    if isinstance(returned, Reply):
        return Answer(
            text=returned.text,
            cost=returned.cost,
            trace_id=returned.trace_id,
            span_id=returned.span_id,
            seconds=seconds,
        )
    if returned is None and needed:
        return Answer(error="the test returns no answer to judge: `return` it", seconds=seconds)
    return Answer(text=returned if isinstance(returned, str) else to_json(returned), seconds=seconds)
