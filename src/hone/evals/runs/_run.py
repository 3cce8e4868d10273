"""Running an experiment: what is missing is asked, many calls at once, and kept as it comes."""

import asyncio
from collections.abc import Mapping

from msgspec.structs import replace

from hone.errors import CallError, NotFound
from hone.evals.runs._figures import choose, figures
from hone.evals.runs._plan import Case, Keys, Place, Plan
from hone.evals.runs._report import Run
from hone.evals.runs._rig import Rig, record
from hone.evals.runs._work import Work
from hone.store import Experiment, Experiments, Result


def run(plan: Plan, rig: Rig, *, fresh: bool = False, experiment: str | None = None) -> Run:
    """`arun` for callers without an event loop."""
    return asyncio.run(arun(plan, rig, fresh=fresh, experiment=experiment))


async def arun(
    plan: Plan,
    rig: Rig,
    *,
    fresh: bool = False,
    experiment: str | None = None,
    kept: Run | None = None,
) -> Run:
    """Run what is missing, and keep every result as it comes.

    The newest experiment over the same examples, configurations and evaluators is continued, or `experiment` by its id;
    `fresh` begins anew. What an earlier experiment asked in the same words is not asked again but judged anew.
    Interrupted, a run keeps what has come so far, and the next one goes on from there. A call that failed, again and
    again where that might have helped, is a result too. `kept` is a run whose answers are all that is looked at:
    nothing is asked then, and a new experiment begins.

    Raises:
        CallError: there is nothing to run, or `experiment` is of something else.
        ProjectError: the project is not set up for these calls.
    """
    begun = _begun(plan, rig, fresh or kept is not None, experiment, kept)
    done = rig.store.results(begun.id)
    there = {each.place for each in done}
    todo = [case for case in plan.cases(begun.id) if case.place not in there]
    if kept is not None:
        answered = {each.place for each in kept.results}
        todo = [case for case in todo if case.place in answered]
    rig.stopping.begin()
    keys = Keys(plan)
    work = Work(plan, rig, begun, done, {} if fresh and kept is None else _known(plan, rig, todo, keys, kept), keys)
    if not todo and begun.state == "done":
        work.tell()
        return Run(experiment=begun, results=in_order(done))
    rig.store.end(begun.id, "running", note=begun.note)
    await asyncio.to_thread(record, rig, begun, done)  # a run that was killed may have kept answers and not scored them
    state, note = "interrupted", None
    found = None
    try:
        if rig.early is not None and done and (why := rig.early.decided(done)) is not None:
            rig.stopping.ask(why, decided=True)
            work.tell()
        elif todo:
            await work.run(todo)
        note = rig.stopping.why
        if note is None or rig.stopping.decided:
            work.results = await choose(plan, rig, begun, work.results)
            found = figures(plan, work.results)
            state = "done"
    finally:
        early = rig.early.ending if rig.early is not None and rig.stopping.decided else None
        why = kept.experiment.note if kept is not None and note is None else note
        rig.store.end(begun.id, state, note=why, figures=found, early=early)
    return load(rig.store, plan.project, begun.id, results=work.results)


def load(store: Experiments, project: str, id: str, *, results: list[Result] | None = None) -> Run:
    """An experiment as it is kept; with `results`, those are known to be all of its.

    Raises:
        NotFound: there is none.
    """
    found = store.get(project, id)
    if found is None:
        raise _not_there(id)
    return Run(experiment=found, results=in_order(store.results(id) if results is None else results))


def in_order(results: list[Result]) -> list[Result]:
    """The order in which results came; those of one moment by their names."""
    return sorted(results, key=lambda each: (each.created, each.example, each.variant, each.repeat))


def _not_there(id: str) -> NotFound:
    return NotFound(f"no experiment {id!r}", hint="hone evals list shows them")


def _known(plan: Plan, rig: Rig, todo: list[Case], names: Keys, kept: Run | None) -> Mapping[Place, Result]:
    """Answers that are there already, by where they go."""
    if kept is not None:
        return {each.place: each for each in kept.results}
    if not todo:
        return {}
    keys = {case.place: names.of(case) for case in todo}
    configured = {each.sha256 for each in plan.cells}
    known = rig.store.answered(plan.project, plan.task, configured, keys.values())
    return {place: known[key] for place, key in keys.items() if key in known}


def _begun(plan: Plan, rig: Rig, fresh: bool, id: str | None, kept: Run | None) -> Experiment:
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
    if kept is not None:
        made = replace(made, examples=kept.experiment.examples)  # that some were not asked is not forgotten
    known = None if fresh else rig.store.same(plan.project, made.key)
    if known is not None:
        return known
    rig.store.record_dataset(plan.project, plan.dataset.name, plan.dataset.sha256, len(plan.dataset), by=plan.by)
    rig.store.begin(made)
    return made
