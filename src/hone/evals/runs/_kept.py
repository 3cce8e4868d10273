"""Finding what was measured already."""

from collections.abc import Iterator, Mapping

from hone.evals.runs._report import Run
from hone.evals.runs._run import load
from hone.store import Experiment, Experiments

_LOOKED_AT = 200


def kept_pair(
    store: Experiments,
    project: str,
    task: str,
    a: str,
    b: str,
    *,
    metric: str | None = None,
    dataset: str | None = None,
    split: str | None = None,
    not_dev: bool = False,
    configurations: Mapping[str, str] | None = None,
) -> tuple[Run, Run] | None:
    """The newest finished experiments of the variants `a` and `b` over the same examples; often it is one.

    `configurations` are SHA-256 by variant that the experiments must have had; `not_dev` leaves out the splits dev
    and train.
    """
    done = [
        each
        for each in store.latest(project, task=task, limit=_LOOKED_AT)
        if each.state == "done"
        and (metric is None or metric in each.metrics)
        and dataset in (None, each.dataset)
        and split in (None, each.split)
        and not (not_dev and each.split in ("dev", "train"))
    ]
    for ours, theirs in _pairs(done, a, b, configurations or {}):
        first = load(store, project, ours.id)
        return first, first if ours is theirs else load(store, project, theirs.id)
    return None


def _pairs(
    done: list[Experiment], a: str, b: str, configurations: Mapping[str, str]
) -> Iterator[tuple[Experiment, Experiment]]:
    def has(experiment: Experiment, variant: str) -> bool:
        sha256 = experiment.variants.get(variant)
        return sha256 is not None and configurations.get(variant, sha256) == sha256

    for ours in (each for each in done if has(each, a)):
        for theirs in (ours, *done):
            same = theirs.dataset_sha256 == ours.dataset_sha256 and theirs.split == ours.split
            if same and has(theirs, b):
                yield ours, theirs
                break
