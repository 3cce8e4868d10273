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
    whole: bool = False,
    configurations: Mapping[str, str] | None = None,
) -> tuple[Run, Run] | None:
    """The newest finished experiments of the variants `a` and `b` over the same examples; often it is one.

    Those that asked all examples come first, then those of a part, the largest first; a run that ended early is
    compared within itself alone. `configurations` are SHA-256 by variant that the experiments must have had; `not_dev`
    leaves out the splits dev and train, `whole` those that were to ask a part (`--limit`, `--anchors`).
    """
    done = [
        each
        for each in store.latest(project, task=task, limit=_LOOKED_AT)
        if each.state == "done"
        and (metric is None or metric in each.metrics)
        and dataset in (None, each.dataset)
        and split in (None, each.split)
        and not (not_dev and each.split in ("dev", "train"))
        and not (whole and each.of is not None)
    ]
    pairs = sorted(_pairs(done, a, b, configurations or {}), key=_part)  # of one size the newest stays the first
    for ours, theirs in pairs[:1]:
        first = load(store, project, ours.id)
        return first, first if ours is theirs else load(store, project, theirs.id)
    return None


def _part(pair: tuple[Experiment, Experiment]) -> tuple[bool, int]:
    """Pairs over all examples are alike, however many those were: datasets grow and shrink."""
    part = any(each.of is not None for each in pair)
    return part, -min(each.examples for each in pair) if part else 0


def _pairs(
    done: list[Experiment], a: str, b: str, configurations: Mapping[str, str]
) -> Iterator[tuple[Experiment, Experiment]]:
    def has(experiment: Experiment, variant: str) -> bool:
        sha256 = experiment.variants.get(variant)
        return sha256 is not None and configurations.get(variant, sha256) == sha256

    for ours in (each for each in done if has(each, a)):
        for theirs in (ours, *done):
            same = theirs.dataset_sha256 == ours.dataset_sha256 and theirs.split == ours.split
            alone = ours is not theirs and (_ended_early(ours) or _ended_early(theirs))
            if same and has(theirs, b) and not alone:
                yield ours, theirs


def _ended_early(experiment: Experiment) -> bool:
    return experiment.state == "done" and experiment.early is not None
