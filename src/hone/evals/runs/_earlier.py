"""What earlier runs over the same examples know: which few stand for all, and what those few say of all."""

from collections.abc import Sequence

from msgspec import Struct

from hone.datasets import Dataset, Split
from hone.errors import CallError
from hone.evals.runs._report import Run
from hone.evals.runs._run import load
from hone.store import Experiments

_LOOKED_AT = 200
_MOST = 3  # each one more takes ten cases to learn from


class Overall(Struct, frozen=True, kw_only=True):
    """A metric's mean over all examples, reckoned from the few that were asked and from `runs` that asked all."""

    variant: str
    metric: str
    examples: int  # in all
    asked: int
    runs: int
    mean: float
    low: float | None
    high: float | None


def earlier(
    store: Experiments, project: str, task: str, dataset: Dataset, split: Split | None, metric: str
) -> list[dict[str, float]]:
    """The values of the newest variants that answered every example of this version of the dataset, by example."""
    wanted = {each.id for each in dataset.split(split)}
    found: dict[str, dict[str, float]] = {}
    for each in store.latest(project, task=task, limit=_LOOKED_AT):
        same = each.dataset_sha256 == dataset.sha256 and each.split == split and metric in each.metrics
        if not same or each.state != "done" or each.examples != len(wanted):
            continue
        run = load(store, project, each.id)
        for variant, sha256 in each.variants.items():
            values = {name: float(value) for name, value in run.values(variant, metric).items()}
            if values.keys() == wanted:
                found.setdefault(sha256, values)
        if len(found) >= _MOST:
            break
    return list(found.values())[:_MOST]


def anchored(known: Sequence[dict[str, float]], count: int, metric: str) -> tuple[str, ...]:
    """The ids of `count` examples that stand for all.

    Raises:
        CallError: no earlier run has asked all of them, there are not so many, or so few say nothing of the rest.
    """
    from hone.evals.statistics._anchors import anchors, fewest, fitting

    if not known:
        raise CallError(
            f"no finished experiment has a {metric} for every example of this version",
            hint="run another variant over all of them first: what stands for all is learned from that",
        )
    if not fitting(count):
        raise CallError(f"{count} examples say nothing of the others", hint=f"--anchors {fewest(1)} or more")
    return tuple(anchors(known, count))


def overall(found: Run, metric: str, known: Sequence[dict[str, float]]) -> list[Overall]:
    """What each variant would score over all examples, by the newest of the earlier runs, as many as its cases bear.

    Raises:
        CallError: too few were asked to learn from one, or the run ended early.
    """
    from hone.evals.statistics._anchors import by_earlier_runs, fitting

    if found.ended_early:
        raise CallError("a run that ended early says nothing of the examples that it did not ask")
    what, made = found.experiment.metrics[metric], []
    ends = (0.0, 1.0) if what.kind == "boolean" else what.within
    for variant in found.variants:
        values = {name: float(value) for name, value in found.values(variant, metric).items()}
        used = known[: max(1, fitting(len(values)))]
        at = by_earlier_runs(values, used, groups=found.groups, ends=ends)
        made.append(
            Overall(
                variant=variant, metric=metric, examples=len(known[0]), asked=len(values), runs=len(used),
                mean=at.mean, low=at.low, high=at.high,
            )
        )  # fmt: skip
    return made
