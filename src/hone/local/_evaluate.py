"""Experiments put together: the datasets and the catalog of a project, and the calls of whoever answers them."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hone.client import Connection
from hone.core import Score
from hone.datasets import Dataset, DatasetFile, Example, Split, dataset_of
from hone.errors import CallError, NotFound
from hone.evals import (
    AUTO,
    Ask,
    Cell,
    Choice,
    Comparison,
    Early,
    Embed,
    Evaluator,
    Given,
    Overall,
    Plan,
    Progress,
    Rig,
    Run,
    Stopping,
    anchored,
    arun,
    cells_of,
    choose,
    earlier,
    load,
    matrix,
    overall,
    rescore,
)
from hone.gateway import fits
from hone.local._calling import far, near
from hone.local._configuration import configuration
from hone.local._contest import metric as has_metric
from hone.local._given import judging
from hone.local._grounding import embedding_here
from hone.local._judges import Judging
from hone.local._loop import Loop
from hone.local._near import Near
from hone.local._panel import Asked, Panel
from hone.local._plane import Plane
from hone.local._scores import Scores
from hone.local._targets import Target, target
from hone.store import Experiment, Result

Data = str | Dataset | DatasetFile | Sequence[Mapping[str, Any] | Example]

_USUAL_RATE = 0.8  # before anything is known


class Options(Struct, frozen=True, kw_only=True):
    """How an experiment is run; see `hone.evaluate`."""

    evaluators: Sequence[Asked] = ()
    split: Split | None = None
    limit: int | None = None
    anchors: int | None = None  # so many examples that stand for all, chosen by how earlier runs went
    models: Sequence[str] = ()
    parameters: Mapping[str, Sequence[Any]] = {}
    repeats: int = 1
    concurrency: int = 8
    retries: int = 3
    max_cost: float | None = None
    stop_early: bool = False  # as soon as the first variant is settled against the second
    metric: str | None = None  # that decides then; by default that of the task's gate, else the first
    not_worse_by: float | None = None  # by how much; by default what the gate says
    fresh: bool = False
    experiment: str | None = None
    by: str = "sdk"
    progress: Callable[[int, int], None] | None = None
    watch: Callable[[Progress], None] | None = None
    on_result: Callable[[Result], None] | None = None
    stopping: Stopping | None = None


class Bench:
    """Runs experiments of one house. Calls go through `connection`: into this process, or to a server elsewhere."""

    def __init__(
        self,
        house: Plane,
        connection: "Connection | Near[Plane]",
        *,
        own: bool | None = None,
        ask: Ask | None = None,
        embed: Embed | None = None,
    ) -> None:
        """`own` says that the calls are recorded in this very house, as those of a `Near` are anyway.

        `ask` and `embed` are what evaluators judge with that need a model.
        """
        self.house = house
        self._connection = connection
        self._own = isinstance(connection, Near) if own is None else own
        self._ask, self._embed = ask, embed or embedding_here()
        self.judging = Judging(house, connection)

    def evaluate(self, names: Sequence[str], data: Data, options: Options) -> Run:
        """Run variants of one task, such as `answer@concise`, over a dataset.

        Raises:
            CallError: a name is none, or there is nothing to run.
            ProjectError: the dataset or the project is wrong.
        """
        ran = partial(arun, fresh=options.fresh, experiment=options.experiment)
        plan = self.plan(names, data, options)
        has_metric(plan, options.metric)
        self.house.versions.record(plan.dataset, by=options.by)
        if options.anchors is not None:
            metric = options.metric or next(iter(plan.metrics))
            plan = replace(plan, only=frozenset(anchored(self._earlier(plan, metric), options.anchors, metric)))
        return self._run(ran, plan, options)

    def overall(self, found: Run, data: Data, options: Options) -> list[Overall]:
        """What a run over `anchors` says of all examples.

        Raises:
            CallError: too few were asked to learn from the earlier runs.
        """
        metric = options.metric or next(iter(found.experiment.metrics))
        project, task = self.house.project.name, found.experiment.task
        known = earlier(self.house.experiments, project, task, self.dataset(data), options.split, metric)
        return overall(found, metric, known)

    def _earlier(self, plan: Plan, metric: str) -> list[dict[str, float]]:
        return earlier(self.house.experiments, plan.project, plan.task, plan.dataset, plan.split, metric)

    def rescore(self, experiment: str, options: Options, *, data: Data | None = None) -> Run:
        """Judge what an experiment has answered by other evaluators, or by the same that have changed.

        No call is made but by those. Its examples are those that it had, as they were; `data` are others in their
        place, such as the dataset as it is now, where what is expected was put right.

        Raises:
            CallError: it is of no task of the project or not finished, or the examples are not those answered there.
        """
        found = load(self.house.experiments, self.house.project.name, experiment)
        at = found.experiment
        if at.task not in self.house.project.tasks:
            raise CallError(
                f"the experiment {at.id} is of {at.task}, which is no task of this project",
                hint="the answers to a benchmark are judged by what belongs to it: hone evals bench",
            )
        dataset = self._as_it_was(at) if data is None else self.dataset(data)
        same = replace(options, split=at.split, limit=None, repeats=at.repeats)
        plan = self._plan(at.task, dataset, same, cells_of(at))
        answered = frozenset(each.example for each in found.results)
        return self._run(partial(rescore, run=found), replace(plan, only=answered), same)

    def _as_it_was(self, at: Experiment) -> Dataset:
        try:
            return self.house.dataset(f"{at.dataset}@{at.dataset_sha256}")
        except NotFound:
            return self.dataset(at.dataset)  # its content was not kept; that an example has changed is noticed

    def plan(self, names: Sequence[str], data: Data, options: Options) -> Plan:
        """What `evaluate` would run.

        Raises:
            CallError, ProjectError: as for `evaluate`.
        """
        targets = [target(self.house, name) for name in names]
        tasks = {each.task for each in targets}
        if len(tasks) != 1:
            raise CallError(f"variants of one task are compared, not of {len(tasks)}: {', '.join(names)}")
        (task,) = tasks
        for model in options.models:
            if model not in self.house.project.balanced:
                self.house.gateway.model(model)  # that there is one
        cells = matrix(
            [each.variant for each in targets], partial(configuration, self.house, task),
            models=options.models, parameters=options.parameters,
        )  # fmt: skip
        dataset = self.dataset(data)
        plan = self._plan(task, dataset, options, cells)
        _fitting(self.house, plan)
        return plan

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

        `other` is asked as it is: models and parameters in place of the variants' own are those of the run alone.

        Raises:
            CallError: both are the same, or the metric is not there.
        """
        task = found.experiment.task
        rival = self.rival(task, a, found.experiment.variants.get(a), other)
        theirs = found
        if found.experiment.variants.get(rival.variant) != rival.sha256:
            as_it_is = replace(options, models=(), parameters={}, experiment=None, stop_early=False)
            theirs = self.evaluate([f"{task}@{rival.variant}"], data, as_it_is)
        metric = metric or self.gate_metric(found) or next(iter(found.experiment.metrics))
        margin = self.margin(task, metric) if not_worse_by is None else not_worse_by
        return found.compare(a, rival.variant, metric, not_worse_by=margin, other=theirs)

    def rival(self, task: str, a: str, sha256: str | None, other: str) -> Target:
        """What `a`, as it is configured, is compared with.

        Raises:
            CallError: it is none, of another task, or configured alike.
        """
        rival = target(self.house, other)
        if rival.task != task:
            raise CallError(f"{other!r} is another task than {task!r}")
        if rival.sha256 == sha256:
            raise CallError(f"{other} is {task}@{a} as it is configured now: there is nothing to compare")
        return rival

    def settled(self, found: Run, options: Options) -> Comparison | None:
        """The comparison that a run has ended early for."""
        if len(found.variants) < 2:
            return None
        metric = options.metric or self.gate_metric(found) or next(iter(found.experiment.metrics))
        margin = self.margin(found.experiment.task, metric) if options.not_worse_by is None else options.not_worse_by
        first, second = found.variants[:2]
        return found.compare(first, second, metric, not_worse_by=margin)

    def sight(self, names: Sequence[str], data: Data, options: Options, other: str | None = None) -> str:
        """What so many cases can show, in a sentence, before anything is asked."""
        plan = self.plan(names, data, options)
        cases = min(len(plan.examples), options.anchors or len(plan.examples))
        if not cases:
            return ""
        gate = self.house.project.gates.get(plan.task)
        if len(plan.cells) > 1 or other is not None or gate is not None:
            from hone.evals.statistics._designs import PairedRates
            from hone.evals.statistics._power import sight

            return f"{sight(PairedRates(rate=_USUAL_RATE), cases)}, of a rate near {_USUAL_RATE:.0%}"
        return f"with {cases:,} cases a rate is known to ± {100 * 1.96 * (0.25 / cases) ** 0.5:.2g} points, or better"

    def dataset(self, data: Data) -> Dataset:
        """A dataset by name (`refunds`, or `refunds@v2` as it was), or examples as they are handed over."""
        if isinstance(data, Dataset):
            return data
        if isinstance(data, str):
            return self.house.dataset(data)
        if isinstance(data, DatasetFile):
            return data.read()
        return dataset_of("inline", [_example(each) for each in data])

    @property
    def connection(self) -> "Connection | Near[Plane]":
        """Where its calls go."""
        return self._connection

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
        """What judges the answers of a task, made from names, objects and functions.

        Raises:
            ProjectError: a metric is declared as something else.
        """
        return self._panel(task).evaluators(asked)

    def choice(self, task: str, dataset: Dataset) -> Choice:
        """The evaluators that `auto` stands for, and why those."""
        project = self.house.project
        variants = project.tasks[task].variants.values()
        return choose(
            dataset.examples,
            schema=project.tasks[task].schema,
            has_judge=self._ask is not None or bool(project.judges),
            has_context=any(each.knowledge for each in variants),
            has_embed=self._embed is not None,
        )

    def _asked(self, task: str, dataset: Dataset, asked: Sequence[Asked]) -> Sequence[Asked]:
        if AUTO not in asked:
            return asked or chosen(dataset)
        others = [each for each in asked if each != AUTO]
        return [*others, *(each for each in self.choice(task, dataset).evaluators if each not in others)]

    def _panel(self, task: str) -> Panel:
        mark = self.house.project.tasks[task].privacy
        return Panel(
            self.house.project, task, judging(Given(ask=self._ask, embed=self._embed), self.judging, mark=mark)
        )

    def _plan(self, task: str, dataset: Dataset, options: Options, cells: tuple[Cell, ...]) -> Plan:
        panel = self._panel(task)
        return Plan(
            project=self.house.project.name,
            task=task,
            dataset=dataset,
            split=options.split,
            limit=options.limit,
            cells=cells,
            repeats=options.repeats,
            evaluators=panel.evaluators(self._asked(task, dataset, options.evaluators)),
            own=panel.own(dataset),
            lot=options.stop_early,
            by=options.by,
        )

    def _early(self, plan: Plan, options: Options) -> Early | None:
        if not options.stop_early:
            return None
        gate = self.house.project.gates.get(plan.task)
        usual = gate.metric if gate is not None and gate.metric in plan.metrics else next(iter(plan.metrics))
        metric = options.metric or usual
        margin = self.margin(plan.task, metric) if options.not_worse_by is None else options.not_worse_by
        return Early(plan, metric, margin)

    def _run(self, work: Callable[[Plan, Rig], Coroutine[Any, Any, Run]], plan: Plan, options: Options) -> Run:
        stopping, early = options.stopping or Stopping(), self._early(plan, options)
        with ExitStack() as stack:
            if isinstance(self._connection, Near):
                loop, call = self._connection.loop, near(self._connection.house, plan.task)
                scores = Scores(self.house, None)
            else:
                loop = Loop("hone-eval")
                stack.callback(loop.stop)
                threads = stack.enter_context(ThreadPoolExecutor(options.concurrency, "hone-eval"))
                call = far(self._connection, plan.task, threads)
                scores = Scores(self.house, None if self._own else partial(_each, threads, self._connection.score))
            rig = Rig(
                call=call,
                store=self.house.experiments,
                score=scores.record,
                clock=self.house.clock,
                concurrency=options.concurrency,
                retries=options.retries,
                max_cost=options.max_cost,
                early=early,
                progress=partial(_tell, options),
                on_result=options.on_result,
                stopping=stopping,
            )
            found = loop.run(work(plan, rig), interrupted=partial(stopping.ask, "it was interrupted"))
        self.house.settle()
        return found


def _fitting(house: Plane, plan: Plan) -> None:
    """
    Raises:
        CallError: examples that the task does not take; the call of each would fail.
    """
    task, wrong = house.project.tasks[plan.task], []
    for each in plan.examples:
        try:
            fits(task, each.input)
        except CallError as problem:
            wrong.append((each.id, problem))
    if wrong:
        example, first = wrong[0]
        raise CallError(
            f"{len(wrong):,} of {len(plan.examples):,} examples of {plan.dataset.name!r} do not fit the task, the "
            f"first is {example!r}: {first.message}",
            hint=first.hint,
        )


def _each(threads: ThreadPoolExecutor, send: Callable[[Mapping[str, Any]], Any], scores: Sequence[Score]) -> None:
    """Send scores to a hone elsewhere, several at a time."""
    said = [
        {
            "target": {each.target.kind: each.target.id},
            "name": each.name,
            "value": each.value,
            "by": each.by,
            "comment": each.comment,
            "id": each.id,
        }
        for each in scores
    ]
    for _ in threads.map(send, said):
        pass


def _tell(options: Options, at: Progress) -> None:
    if options.progress is not None:
        options.progress(at.done, at.total)
    if options.watch is not None:
        options.watch(at)


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
