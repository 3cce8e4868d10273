"""Benchmarks of models and variants of one house: each question goes to all of them, as it stands."""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hone.client import RunRequest
from hone.core import to_json
from hone.datasets import Example, dataset_of
from hone.errors import CallError
from hone.evals import Answer, Given, Plan, Rig, Run, run
from hone.evals.benchmarks import Benchmark, Settings
from hone.local._evaluate import Bench
from hone.local._house import House
from hone.local._targets import target


class Wanted(Struct, frozen=True, kw_only=True):
    """How a benchmark is run."""

    limit: int | None = None  # the first so many questions
    concurrency: int = 8
    fresh: bool = False
    by: str = "sdk"
    progress: Callable[[int, int], None] = lambda done, total: None  # noqa: ARG005


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
        variants={name: _identity(house, name) for name in dict.fromkeys(names)},
        evaluators=list(benchmark.evaluators(given, settings)),
        by=wanted.by,
    )

    def call(asked: str, input: dict[str, Any] | str, tags: tuple[str, ...]) -> Answer:
        return _conversation(bench, asked.partition("@")[2], input, tags)

    rig = Rig(
        call=call,
        store=house.experiments,
        score=lambda _: None,
        clock=house.clock,
        concurrency=wanted.concurrency,
        progress=wanted.progress,
    )
    return run(plan, rig, fresh=wanted.fresh)


def _conversation(bench: Bench, model: str, input: dict[str, Any] | str, tags: tuple[str, ...]) -> Answer:
    """One turn after the other, each with those before it. The answer's text is that of the last one."""
    turns = [input] if isinstance(input, str) else list(input["turns"])
    messages: list[dict[str, Any]] = []
    answer, cost = Answer(), 0.0
    start = time.perf_counter()
    for turn in turns:
        messages.append({"role": "user", "content": turn})
        # What is measured is the model, not what is kept of it.
        reply = bench._connection.run(RunRequest(task=model, messages=tuple(messages), tags=tags, cache=False))
        messages.append({"role": "assistant", "content": reply.text})
        cost = cost + reply.cost if cost is not None and reply.cost is not None else None  # type: ignore[assignment]
        answer = Answer(text=reply.text, trace_id=reply.trace_id, span_id=reply.span_id)
    return replace(answer, seconds=time.perf_counter() - start, cost=cost, messages=tuple(messages))


def _identity(house: House, name: str) -> str:
    """The SHA-256 of what answers under a name: a model's place and parameters, or a variant's configuration."""
    task = name.partition("@")[0]
    if task in house.project.tasks:
        return target(house, name).sha256
    parts: list[Any] = []
    for alias in house.project.deployments(name):
        config = house.project.models.get(alias)
        if config is None and "/" not in alias:
            known = ", ".join([*house.project.models, *house.project.tasks]) or "none"
            raise CallError(f"no model or task {name!r}", hint=f"there are: {known}; or provider/name")
        parts.append([alias] if config is None else [config.use, config.base_url, config.parameters])
    return hashlib.sha256(to_json(parts).encode()).hexdigest()
