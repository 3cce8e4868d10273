"""A task whose variants answer as told, in a run without a gateway."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from hone.datasets import Dataset, Example, dataset_of
from hone.evals import Answer, Case, Plan, Rig, Run, Stopping, make, plain, run
from hone.store import Experiment, Experiments, Result, open_database


class World:
    """What is asked, and what is scored."""

    def __init__(self, store: Experiments) -> None:
        self.store = store
        self.asked: list[Case] = []
        self.scored: list[Result] = []
        self.at_once = self.most_at_once = 0
        self.seconds = 0.0
        self.cost: float | None = 0.001
        self.answers: Callable[[Case], str] = lambda case: f"{case.example.input}!"
        self.more: dict[str, Any] = {}

    async def call(self, case: Case, tags: tuple[str, ...]) -> Answer:
        self.asked.append(case)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
            text = self.answers(case)
        finally:
            self.at_once -= 1
        return Answer(text=text, seconds=0.1, cost=self.cost, span_id=f"s-{len(self.asked)}", **self.more)

    def score(self, experiment: Experiment, results: Sequence[Result]) -> None:
        self.scored += results

    def run(self, plan: Plan, **options: Any) -> Run:
        given = {key: options.pop(key) for key in ("fresh", "experiment") if key in options}
        return run(plan, self.rig(**options), **given)

    def rig(self, **options: Any) -> Rig:
        fields: dict[str, Any] = {"stopping": Stopping(), **options}
        return Rig(call=self.call, store=self.store, score=self.score, **fields)


@pytest.fixture
def world(tmp_path: Path) -> World:
    engine = open_database(f"sqlite:///{tmp_path / 'hone.db'}")
    return World(Experiments(engine))


def data(n: int = 6, **more: Any) -> Dataset:
    return dataset_of("d", [Example(id=f"e{k}", input=f"q{k}", expected=f"q{k}!", **more) for k in range(n)])


def plan(dataset: Dataset | None = None, *, cells: Any = None, **more: Any) -> Plan:
    fields: dict[str, Any] = {"evaluators": make(["exact"]), "dataset": dataset or data(), **more}
    return Plan(project="p", task="t", cells=cells or plain({"a": "sha-a", "b": "sha-b"}), **fields)
