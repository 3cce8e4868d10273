"""Who is compared with whom in a run, and whether that can be done: told before anything is asked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from hone.errors import CallError

if TYPE_CHECKING:
    from hone.evals import Plan
    from hone.local._evaluate import Bench, Data, Options


class Contest(Struct, frozen=True):
    """What is run, and what its first target is compared with, if with anything."""

    targets: tuple[str, ...]
    other: str | None = None


def contest(bench: "Bench", targets: Sequence[str], data: "Data", options: "Options", other: str | None) -> Contest:
    """The targets, and among them what the first is compared with: so the two take turns, in one experiment.

    `other` is that one; where nobody says and the task has a gate, it is the variant that is released. With models or
    parameters it is left to be run by itself, as it is.

    Raises:
        CallError: it is the first target itself, there is no such metric, or a margin is given and nothing to compare;
            a run that ends early compares variants that are asked side by side, and cells with other models are none.
    """
    plan = bench.plan(targets, data, options)
    wanted = other or _released(bench, plan)
    metric(plan, options.metric)
    if wanted is None:
        if options.not_worse_by is not None and not (options.stop_early and len(plan.cells) > 1):
            raise CallError("a margin is given, and nothing to compare with", hint="--compare TASK@VARIANT")
        return Contest(tuple(targets))
    rival = bench.rival(plan.task, plan.cells[0].name, plan.cells[0].sha256, wanted)
    if options.models or options.parameters:
        if options.stop_early:
            raise CallError(
                f"a run with other models or parameters cannot end early for a comparison with {wanted}",
                hint="leave out --stop-early, or declare a variant with that model",
            )
        return Contest(tuple(targets), wanted)
    others = [each for each in targets[1:] if bench.target(each) != rival]
    return Contest((targets[0], wanted, *others), wanted)


def metric(plan: "Plan", name: str | None) -> None:
    """
    Raises:
        CallError: no evaluator of the run gives that metric.
    """
    if name is not None and name not in plan.metrics:
        raise CallError(f"no evaluator gives a {name!r}", hint=f"there are: {', '.join(plan.metrics)}")


def _released(bench: "Bench", plan: "Plan") -> str | None:
    """What a task's gate compares with when nobody says: the variant that is released, if it is another one."""
    project = bench.house.project
    gate = project.gates.get(plan.task)
    if gate is None or gate.metric not in plan.metrics:
        return None
    released = f"{plan.task}@{project.environment}"
    return released if bench.target(released).sha256 != plan.cells[0].sha256 else None
