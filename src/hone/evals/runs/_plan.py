"""What is to be run, and the names of its parts: of the experiment, and of every answer in it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hone.core import new_id, to_json
from hone.datasets import Dataset, Example, Split, digest_of
from hone.errors import CallError
from hone.evals._case import Evaluator
from hone.evals.runs._cells import Cell
from hone.store import Experiment, Metric

_FORMAT = 1  # of the key of an answer: another number, and nothing that was kept is found any more


Place = tuple[str, str, int]
"""Where a result stands in an experiment: the cell's name, the example's id, and which repeat it is."""


class Case(Struct, frozen=True):
    """One question to be asked: an example, at a cell, for the `repeat`-th time (from 0)."""

    cell: Cell
    example: Example
    repeat: int

    @property
    def place(self) -> Place:
        """Where its result stands in an experiment."""
        return self.cell.name, self.example.id, self.repeat


class Plan(Struct, frozen=True, kw_only=True):
    """What to run. `cells` are ways of doing `task`; each answers each example `repeats` times."""

    project: str
    task: str
    dataset: Dataset
    split: Split | None = None
    limit: int | None = None  # the first so many examples
    only: frozenset[str] | None = None  # the examples with these ids
    cells: tuple[Cell, ...]
    repeats: int = 1
    evaluators: Sequence[Evaluator]
    lot: bool = False  # examples are asked in an order drawn by lot, each as often as it is to be at once
    own: Mapping[str, Sequence[Evaluator]] = {}  # of single examples, by id, beside those of all
    by: str = "sdk"

    @property
    def examples(self) -> tuple[Example, ...]:
        given = self.dataset.split(self.split)
        return tuple(each for each in given if self.only is None or each.id in self.only)[: self.limit]

    @property
    def of(self) -> int | None:
        """How many examples there are, where only some of them are to be asked."""
        there = len(self.dataset.split(self.split))
        return there if len(self.examples) < there else None

    @property
    def key(self) -> str:
        """Equal for runs of the same examples, configurations and evaluators, those that examples bring included."""
        examples = self.examples
        judges = _told(self.evaluators)
        own = [(each.id, _told(self.own[each.id])) for each in examples if each.id in self.own]
        means = sorted((name, each.kind, each.direction) for name, each in self.metrics.items())
        cells = sorted((each.name, each.sha256) for each in self.cells)
        return _sha256(
            _FORMAT, self.project, self.task, digest_of(examples), cells, self.repeats, judges, own, means
        )  # fmt: skip

    @property
    def metrics(self) -> dict[str, Metric]:
        """Every metric that an evaluator of the run, or of one of its examples, has a value for."""
        own = (each for example in self.examples for each in self.own.get(example.id, ()))
        return {
            measure.name: _metric(measure.metric, each)
            for each in (*self.evaluators, *own)
            for measure in each.measures
        }

    def cases(self, experiment: str = "") -> Iterator[Case]:
        """In the order in which they are asked: cells take turns, so that a slow hour of a vendor falls on all alike,
        and everything is asked once before anything is asked twice. A lot is drawn anew in each `experiment`."""
        if self.lot:
            from hone.evals.runs._early import by_lot

            order = by_lot(self.examples, experiment)
            yield from (Case(cell, one, k) for one in order for k in range(self.repeats) for cell in self.cells)
            return
        examples = self.examples
        for repeat in range(self.repeats):
            for example in examples:
                for cell in self.cells:
                    yield Case(cell, example, repeat)

    def begin(self, now: int) -> Experiment:
        """The experiment as it starts.

        Raises:
            CallError: there is nothing to run.
        """
        examples = len(self.examples)
        if not examples:
            part = f" in the split {self.split!r}" if self.split else ""
            raise CallError(f"the dataset {self.dataset.name!r} has no examples{part}", hint="hone datasets import")
        return Experiment(
            id=new_id(),
            project=self.project,
            task=self.task,
            dataset=self.dataset.name,
            dataset_sha256=self.dataset.sha256,
            split=self.split,
            examples=examples,
            variants={each.name: each.sha256 for each in self.cells},
            evaluators=[each.name for each in self.evaluators],
            metrics=self.metrics,
            key=self.key,
            created=now,
            by=self.by,
            repeats=self.repeats,
            cells={each.name: each.changed for each in self.cells if each.changed},
            of=self.of,
        )


class Keys:
    """The keys of answers: SHA-256 of a cell's configuration, the task, the example's input, and which repeat it is."""

    def __init__(self, plan: Plan) -> None:
        self._task = plan.task
        self._inputs: dict[str, str] = {}
        self._known: dict[Place, str] = {}

    def of(self, case: Case) -> str:
        if (known := self._known.get(case.place)) is not None:
            return known
        example = case.example
        if (asked := self._inputs.get(example.id)) is None:
            asked = self._inputs[example.id] = example.key
        parts = f"{_FORMAT}\n{self._task}\n{case.cell.sha256}\n{asked}\n{case.repeat}"
        made = self._known[case.place] = hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()
        return made


def _metric(metric: Metric, evaluator: Evaluator) -> Metric:
    if evaluator.by == "code":
        return metric
    judges = dict(evaluator.judges)
    return replace(metric, by=evaluator.by, judge=evaluator.key, judges=judges, card=evaluator.card)


def _told(evaluators: Sequence[Evaluator]) -> list[tuple[str, str]]:
    return sorted((each.name, each.key) for each in evaluators)


def _sha256(*parts: Any) -> str:
    return hashlib.sha256(to_json(parts).encode()).hexdigest()
