"""Judging again what was answered before, without a call to any model that is measured."""

from hone.errors import CallError
from hone.evals.runs._cells import Cell
from hone.evals.runs._judging import input_of
from hone.evals.runs._plan import Plan
from hone.evals.runs._report import Run
from hone.evals.runs._rig import Rig
from hone.evals.runs._run import arun
from hone.store import Experiment


def cells_of(experiment: Experiment) -> tuple[Cell, ...]:
    """The cells of an experiment as they were when it ran."""
    return tuple(
        Cell(**{"name": name, "variant": name, **experiment.cells.get(name, {}), "sha256": sha256})
        for name, sha256 in experiment.variants.items()
    )


async def rescore(plan: Plan, rig: Rig, run: Run) -> Run:
    """A new experiment with the answers of `run`, judged by the evaluators of `plan`. Nothing is asked.

    `plan` has the cells and repeats of the run (`cells_of`).

    Raises:
        CallError: an example was not answered there, as it reads now.
    """
    answered = {each.place for each in run.results}
    missing = [case for case in plan.cases() if case.place not in answered]
    if missing:
        raise CallError(
            f"{len(missing)} answers are not in the experiment {run.experiment.id}, such as that of "
            f"{missing[0].cell.name} to {missing[0].example.id}",
            hint="go on with it first: hone evals run, with the same variants and data",
        )
    inputs = {each.example: each.input for each in run.results}
    changed = [each.id for each in plan.examples if inputs[each.id] != input_of(each)]
    if changed:
        raise CallError(
            f"{len(changed)} examples were changed since, the first is {changed[0]}: what was answered is another "
            "question",
            hint="hone evals run asks what has changed, and that alone",
        )
    return await arun(plan, rig, kept=run.results)
