"""Running an experiment: variants x examples x evaluators, many calls at once, kept as they come."""

import hashlib
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from msgspec import Struct

from hone.core import Clock, new_id, now_ns, to_json
from hone.datasets import Dataset, Example, Split, digest_of
from hone.errors import (
    CallError,
    HoneError,
    MissingExtra,
    NotAllowed,
    NotFound,
    NotRecorded,
    ProjectError,
    UnknownModel,
)
from hone.evals._case import Answer, Evaluator
from hone.evals.runs._report import Run
from hone.store import Experiment, Experiments, Result

TAG = "eval"
"""The tag of every call that an experiment makes; the experiment's id is the second one."""

Call = Callable[[str, dict[str, Any] | str, tuple[str, ...]], Answer]
"""Runs `task@variant` with an input and tags. What it raises is the example's error."""

# With these, no call would go better than the first.
_OURS = (ProjectError, UnknownModel, NotAllowed, NotRecorded, MissingExtra)


class Plan(Struct, frozen=True, kw_only=True):
    """What to run. `variants` are those of `task`, each with the SHA-256 of its configuration."""

    project: str
    task: str
    dataset: Dataset
    split: Split | None = None
    limit: int | None = None  # the first so many examples
    variants: dict[str, str]
    evaluators: list[Evaluator]
    by: str = "sdk"

    @property
    def examples(self) -> tuple[Example, ...]:
        return self.dataset.split(self.split)[: self.limit]

    @property
    def key(self) -> str:
        """Equal for runs of the same examples, configurations and evaluators."""
        names = [each.name for each in self.evaluators]
        parts = (self.project, self.task, digest_of(self.examples), sorted(self.variants.items()), sorted(names))
        return hashlib.sha256(to_json(parts).encode()).hexdigest()

    def begin(self, now: int) -> Experiment:
        """The experiment as it starts.

        Raises:
            CallError: there is nothing to run.
        """
        if not self.examples:
            part = f" in the split {self.split!r}" if self.split else ""
            raise CallError(f"the dataset {self.dataset.name!r} has no examples{part}", hint="hone datasets import")
        return Experiment(
            id=new_id(),
            project=self.project,
            task=self.task,
            dataset=self.dataset.name,
            dataset_sha256=self.dataset.sha256,
            split=self.split,
            examples=len(self.examples),
            variants=self.variants,
            evaluators=[each.name for each in self.evaluators],
            metrics={measure.name: measure.metric for each in self.evaluators for measure in each.measures},
            key=self.key,
            created=now,
            by=self.by,
        )


class Rig(Struct, frozen=True, kw_only=True):
    """What a run is given by whoever puts the house together."""

    call: Call
    store: Experiments
    score: Callable[[Sequence[Result]], None]  # records the judgements of results as scores of their spans
    clock: Clock = now_ns
    concurrency: int = 8
    progress: Callable[[int, int], None] = lambda done, total: None  # noqa: ARG005


def run(plan: Plan, rig: Rig, *, fresh: bool = False, experiment: str | None = None) -> Run:
    """Run what is missing, and keep every result as it comes.

    The newest experiment over the same examples, configurations and evaluators is continued, or `experiment` by its id;
    `fresh` begins anew. Interrupted, it keeps what has come so far, and the next run goes on from there. A call that
    failed is a result too; it is not tried again.

    Raises:
        CallError: there is nothing to run, or `experiment` is of something else.
        ProjectError: the project is not set up for these calls.
    """
    begun = _begun(plan, rig, fresh, experiment)
    kept = {(each.variant, each.example) for each in rig.store.results(begun.id)}
    # Variants take turns, so that a slow hour of a vendor falls on all of them alike.
    todo = [
        (variant, example)
        for example in plan.examples
        for variant in plan.variants
        if (variant, example.id) not in kept
    ]
    total = len(plan.examples) * len(plan.variants)
    rig.progress(total - len(todo), total)
    state = "interrupted"
    try:
        if todo:
            rig.store.end(begun.id, "running")
            _work(plan, rig, begun.id, todo, total)
        state = "done"
    finally:
        rig.store.end(begun.id, state)
    return load(rig.store, plan.project, begun.id)


def load(store: Experiments, project: str, id: str) -> Run:
    """An experiment as it is kept.

    Raises:
        NotFound: there is none.
    """
    found = store.get(project, id)
    if found is None:
        raise _not_there(id)
    return Run(experiment=found, results=store.results(id))


def _not_there(id: str) -> NotFound:
    return NotFound(f"no experiment {id!r}", hint="hone evals list shows them")


def _begun(plan: Plan, rig: Rig, fresh: bool, id: str | None) -> Experiment:
    if id is not None:
        found = rig.store.get(plan.project, id)
        if found is None:
            raise _not_there(id)
        if found.key != plan.key:
            raise CallError(
                f"the experiment {id} ran other examples, variants or evaluators than these, or the project has "
                "changed since",
                hint="begin a new one: leave its id out",
            )
        return found
    made = plan.begin(rig.clock())
    known = None if fresh else rig.store.same(plan.project, made.key)
    if known is not None:
        return known
    rig.store.record_dataset(plan.project, plan.dataset.name, plan.dataset.sha256, len(plan.dataset), by=plan.by)
    rig.store.begin(made)
    return made


def _work(plan: Plan, rig: Rig, experiment: str, todo: list[tuple[str, Example]], total: int) -> None:
    done = total - len(todo)
    with ThreadPoolExecutor(rig.concurrency, thread_name_prefix="hone-eval") as threads:
        waiting = iter(todo)
        under_way: set[Future[Result]] = set()
        try:
            while True:
                for variant, example in itertools.islice(waiting, rig.concurrency - len(under_way)):
                    under_way.add(threads.submit(_one, plan, rig, experiment, variant, example))
                if not under_way:
                    return
                finished, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                done += _keep(rig, finished)
                rig.progress(done, total)
        except BaseException:
            # What was asked already is paid for: it is kept, and nothing more is asked.
            _keep(rig, {each for each in wait(under_way).done if each.exception() is None})
            raise


def _keep(rig: Rig, finished: set[Future[Result]]) -> int:
    """Keep what came, then raise what stopped the run, if anything did."""
    broken = [problem for each in finished if (problem := each.exception()) is not None]
    found = [each.result() for each in finished if each.exception() is None]
    rig.score([each for each in found if each.trace_id or each.span_id])
    rig.store.keep(found)
    if broken:
        raise broken[0]
    return len(found)


def _one(plan: Plan, rig: Rig, experiment: str, variant: str, example: Example) -> Result:
    answer = _ask(rig, f"{plan.task}@{variant}", example, (TAG, experiment))
    judgements = [said for each in plan.evaluators for said in each.judgements(example, answer)]
    return Result(
        experiment=experiment,
        variant=variant,
        example=example.id,
        input=to_json(example.input),
        output=answer.text,
        error=answer.error,
        judgements=judgements,
        trace_id=answer.trace_id,
        span_id=answer.span_id,
        seconds=answer.seconds,
        cost=answer.cost,
        created=rig.clock(),
    )


def _ask(rig: Rig, model: str, example: Example, tags: tuple[str, ...]) -> Answer:
    try:
        return rig.call(model, example.input, tags)
    except _OURS:
        raise
    except HoneError as problem:
        return Answer(error=f"{type(problem).__name__}: {problem.message}".replace("\n", " "))
