"""Experiments put together: the datasets and the catalog of a project, and the calls of whoever answers them."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hone.client import Connection, RunRequest
from hone.datasets import Dataset, DatasetFile, Example, Split, dataset_of
from hone.errors import CallError, ProjectError, StoreBusy
from hone.evals import Answer, Comparison, Evaluator, Given, Plan, Rig, Run, make, run
from hone.feedback import score_from
from hone.local._hone import Hone
from hone.local._house import House
from hone.local._targets import Target, target
from hone.store import Metric, Result

Asked = str | Callable[..., Any] | Evaluator
Data = str | Dataset | DatasetFile | Sequence[Mapping[str, Any] | Example]

_COMMIT_SECONDS = 30.0
_BUSY_TRIES = 60


class Options(Struct, frozen=True, kw_only=True):
    """How an experiment is run; see `hone.evaluate`."""

    evaluators: Sequence[Asked] = ()
    split: Split | None = None
    limit: int | None = None
    concurrency: int = 8
    fresh: bool = False
    experiment: str | None = None
    by: str = "sdk"
    progress: Callable[[int, int], None] = lambda done, total: None  # noqa: ARG005


class Bench:
    """Runs experiments of one house. Calls go through `connection`: into this process, or to a server elsewhere."""

    def __init__(self, house: House, connection: Connection, *, own: bool | None = None) -> None:
        """`own` says that the calls are recorded in this very house, as those of a `Hone` are anyway."""
        self.house = house
        self._connection = connection
        self._own = isinstance(connection, Hone) if own is None else own

    def evaluate(self, names: Sequence[str], data: Data, options: Options) -> Run:
        """Run variants of one task, such as `answer@concise`, over a dataset.

        Raises:
            CallError: a name is none, or there is nothing to run.
            ProjectError: the dataset or the project is wrong.
        """
        targets = [target(self.house, name) for name in names]
        tasks = {each.task for each in targets}
        if len(tasks) != 1:
            raise CallError(f"variants of one task are compared, not of {len(tasks)}: {', '.join(names)}")
        (task,) = tasks
        dataset = self.dataset(data)
        self.house.versions.record(dataset, by=options.by)
        plan = Plan(
            project=self.house.project.name,
            task=task,
            dataset=dataset,
            split=options.split,
            limit=options.limit,
            variants={each.variant: each.sha256 for each in targets},
            evaluators=self.evaluators(task, options.evaluators or chosen(dataset)),
            by=options.by,
        )
        rig = Rig(
            call=self._call,
            store=self.house.experiments,
            score=self._score,
            clock=self.house.clock,
            concurrency=options.concurrency,
            progress=options.progress,
        )
        return run(plan, rig, fresh=options.fresh, experiment=options.experiment)

    def compare(
        self,
        found: Run,
        a: str,
        other: str,
        *,
        data: Data,
        options: Options,
        metric: str | None = None,
        not_worse_by: float | None = None,
    ) -> Comparison:
        """Variant `a` of a run against `other`, which is run over the same examples when it was not yet.

        Raises:
            CallError: both are the same, or the metric is not there.
        """
        task = found.experiment.task
        rival = target(self.house, other)
        if rival.task != task:
            raise CallError(f"{other!r} is another task than {task!r}")
        if rival.sha256 == found.experiment.variants.get(a):
            raise CallError(f"{other} is {task}@{a} as it is configured now: there is nothing to compare")
        theirs = found
        if found.experiment.variants.get(rival.variant) != rival.sha256:
            theirs = self.evaluate([f"{task}@{rival.variant}"], data, options)
        metric = metric or self.gate_metric(found) or next(iter(found.experiment.metrics))
        margin = self.margin(task, metric) if not_worse_by is None else not_worse_by
        return found.compare(a, rival.variant, metric, not_worse_by=margin, other=theirs)

    def dataset(self, data: Data) -> Dataset:
        """A dataset by name (`refunds`, or `refunds@v2` as it was), or examples as they are handed over."""
        if isinstance(data, Dataset):
            return data
        if isinstance(data, str):
            return self.house.dataset(data)
        if isinstance(data, DatasetFile):
            return data.read()
        return dataset_of("inline", [_example(each) for each in data])

    def dataset_file(self, name: str) -> DatasetFile:
        return DatasetFile(self.house.project.root / "datasets", name)

    def gate_metric(self, found: Run) -> str | None:
        """The metric of the task's gate, where the run has it."""
        gate = self.house.project.gates.get(found.experiment.task)
        return gate.metric if gate is not None and gate.metric in found.experiment.metrics else None

    def margin(self, task: str, metric: str) -> float:
        """What the task's gate allows; 0 where it says nothing of this metric."""
        gate = self.house.project.gates.get(task)
        return gate.not_worse_by if gate is not None and gate.metric == metric else 0.0

    def target(self, name: str) -> Target:
        return target(self.house, name)

    def evaluators(self, task: str, asked: Sequence[Asked]) -> list[Evaluator]:
        """What judges the answers of a task, made from names and functions.

        Raises:
            ProjectError: a metric is declared as something else.
        """
        project = self.house.project
        declared = {name: Metric(kind=each.kind, direction=each.direction) for name, each in project.metrics.items()}
        made = make(asked, given=Given(schema=project.tasks[task].schema, read_schema=self._schema), metrics=declared)
        for measure in (measure for each in made for measure in each.measures):
            known = declared.get(measure.name)
            if known is not None and known.kind != measure.metric.kind:
                raise ProjectError(
                    f"[metrics.{measure.name}] is declared as {known.kind}, and the evaluator gives a "
                    f"{measure.metric.kind}",
                    hint=f'kind = "{measure.metric.kind}"',
                )
        return made

    def _schema(self, path: str) -> Mapping[str, Any]:
        try:
            found: Any = json.loads((self.house.project.root / path).read_bytes())
        except (OSError, ValueError) as problem:
            raise ProjectError(f"{path!r} is no JSON Schema: {problem}") from None
        if not isinstance(found, dict):
            raise ProjectError(f"{path!r} is no JSON Schema: it holds no object")
        return found

    def _call(self, model: str, input: dict[str, Any] | str, tags: tuple[str, ...]) -> Answer:
        text, values = (input, None) if isinstance(input, str) else (None, input)
        start = time.perf_counter()
        # What is measured is the variant, not what is kept of it: quality, time and money of a call that is made.
        reply = self._connection.run(RunRequest(task=model, text=text, input=values, tags=tags, cache=False))
        seconds = time.perf_counter() - start
        return Answer(text=reply.text, seconds=seconds, cost=reply.cost, trace_id=reply.trace_id, span_id=reply.span_id)

    def _score(self, results: Sequence[Result]) -> None:
        """Every judgement as a score by code of the span that it is about; a repeated one is kept once."""
        scores = [
            {
                "target": {"span": each.span_id} if each.span_id else {"trace": each.trace_id},
                "name": said.name,
                "value": said.value,
                "by": "code",
                "comment": said.explanation,
                "id": f"{each.experiment}:{each.span_id or each.trace_id}:{said.name}"[:200],
            }
            for each in results
            for said in each.judgements
        ]
        if not self._own:
            for score in scores:
                self._connection.score(score)
            return
        metrics = {name: each.kind for name, each in self.house.project.metrics.items()}
        records = [score_from(self.house.project.name, metrics, clock=self.house.clock, **score) for score in scores]  # type: ignore[arg-type]  # fmt: skip
        self._record(records)

    def _record(self, records: Sequence[Any]) -> None:
        for attempt in range(_BUSY_TRIES):
            try:
                self.house.recorder.record(records).wait(_COMMIT_SECONDS)
            except StoreBusy:
                if attempt + 1 == _BUSY_TRIES:
                    raise
                time.sleep(1)
            else:
                return


def chosen(dataset: Dataset) -> list[str]:
    """Evaluators by what the examples offer: with an expected answer, does it occur and how many words are shared;
    without one, only what every call has."""
    known = any(each.expected is not None for each in dataset)
    return [*(["contains", "f1"] if known else []), "latency", "cost"]


def _example(value: Mapping[str, Any] | Example) -> Example:
    if isinstance(value, Example):
        return value
    try:
        return msgspec.convert(dict(value), Example)
    except msgspec.ValidationError as problem:
        raise CallError(f"this is no example: {problem}") from None
