"""Benchmarks of models and variants of one house: each question goes to all of them, as it stands."""

import hashlib
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hone.client import RunRequest
from hone.core import to_json
from hone.datasets import Example, dataset_of
from hone.errors import CallError
from hone.evals import Answer, Case, Given, Plan, Progress, Rig, Run, Stopping, arun, plain
from hone.evals.benchmarks import Benchmark, Settings
from hone.local._configuration import identity
from hone.local._evaluate import Bench
from hone.local._loop import Loop
from hone.local._near import Near
from hone.local._plane import Plane
from hone.local._targets import target


class Wanted(Struct, frozen=True, kw_only=True):
    """How a benchmark is run."""

    limit: int | None = None  # the first so many questions
    concurrency: int = 8
    fresh: bool = False
    by: str = "sdk"
    progress: Callable[[Progress], None] = lambda _: None


def run_benchmark(
    bench: Bench,
    benchmark: Benchmark,
    examples: Sequence[Example],
    names: Sequence[str],
    settings: Settings,
    wanted: Wanted,
) -> Run:
    """Ask every model (`fast`, `openai/gpt-5-mini`) and every variant of a task (`answer@concise`) every question.

    What was asked before with the same questions and configuration is not asked again.

    Raises:
        CallError: a name is none, or there is nothing to ask.
    """
    house = bench.house
    if not names:
        raise CallError("no model to ask", hint=f"--model NAME; there are: {', '.join(house.project.models) or 'none'}")
    given = Given(ask=bench.judging, models=bench.judging.identity)
    plan = Plan(
        project=house.project.name,
        task=f"bench-{benchmark.name}",
        dataset=dataset_of(benchmark.name, examples),
        limit=wanted.limit,
        cells=plain({name: _identity(house, name) for name in dict.fromkeys(names)}),
        evaluators=benchmark.evaluators(given, settings),
        by=wanted.by,
    )
    stopping = Stopping()
    rig = Rig(
        call=partial(_conversation, bench),
        store=house.experiments,
        score=lambda _, __: None,  # an answer to a benchmark says nothing of the application
        clock=house.clock,
        concurrency=wanted.concurrency,
        progress=wanted.progress,
        stopping=stopping,
    )
    return _waited(bench, arun(plan, rig, fresh=wanted.fresh), partial(stopping.ask, "it was interrupted"))


def _waited(bench: Bench, work: Coroutine[Any, Any, Run], interrupted: Callable[[], None]) -> Run:
    """On the loop that the gateway belongs to, or on one of its own."""
    if isinstance(bench.connection, Near):
        return bench.connection.loop.run(work, interrupted=interrupted)
    loop = Loop("hone-bench")
    try:
        return loop.run(work, interrupted=interrupted)
    finally:
        loop.stop()


async def _conversation(bench: Bench, case: Case, tags: tuple[str, ...]) -> Answer:
    """One turn after the other, each with those before it. The answer's text is that of the last one."""
    asked = case.example.input
    turns = [asked] if isinstance(asked, str) else list(asked["turns"])
    messages: list[dict[str, Any]] = []
    costs: list[float | None] = []
    answer = Answer()
    start = time.perf_counter()
    for turn in turns:
        messages.append({"role": "user", "content": turn})
        # What is measured is the model, not what is kept of it.
        request = RunRequest(task=case.cell.variant, messages=tuple(messages), tags=tags, cache=False)
        reply = await bench.connection.arun(request)
        messages.append({"role": "assistant", "content": reply.text})
        costs.append(reply.cost)
        answer = Answer(
            text=reply.text, trace_id=reply.trace_id, span_id=reply.span_id, finish_reason=reply.finish_reason
        )
    cost = None if None in costs else sum(each or 0.0 for each in costs)
    return replace(answer, seconds=time.perf_counter() - start, cost=cost, messages=tuple(messages))


def _identity(house: Plane, name: str) -> str:
    """The SHA-256 of what answers under a name: a model's place and parameters, or a variant's configuration."""
    task = name.partition("@")[0]
    if task in house.project.tasks:
        return target(house, name).sha256
    if any(alias not in house.project.models and "/" not in alias for alias in house.project.deployments(name)):
        known = ", ".join([*house.project.models, *house.project.tasks]) or "none"
        raise CallError(f"no model or task {name!r}", hint=f"there are: {known}; or provider/name")
    return hashlib.sha256(to_json(identity(house.project, name)).encode()).hexdigest()
