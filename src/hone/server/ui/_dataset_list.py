"""Datasets: every file in datasets/, what it holds now, and what was last measured with it."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from hone.datasets import Split, names
from hone.errors import HoneError
from hone.local import House
from hone.server.ui._face import Asked
from hone.store import Experiment

SPLITS: tuple[Split, ...] = ("train", "dev", "held-out")
_LOOKED_AT = 500  # experiments, newest first


class DatasetRow(Struct, frozen=True, kw_only=True):
    """A dataset as its file is now. `version` is None where this state was never recorded; `problem` says why it
    cannot be read."""

    name: str
    examples: int = 0
    splits: dict[str, int] = {}
    version: int | None = None
    versions: int = 0
    changed: int | None = None  # ns, when the newest version was first seen
    ran: Experiment | None = None
    problem: str | None = None


class DatasetList(Struct, frozen=True):
    items: list[DatasetRow]


def dataset_list(house: House) -> Callable[[Asked], DatasetList]:
    def view(_: Asked) -> DatasetList:
        ran = house.experiments.latest(house.project.name, limit=_LOOKED_AT)
        return DatasetList([_row(house, name, ran) for name in names(house.datasets)])

    return view


def runs_of(house: House, name: str, ran: Sequence[Experiment] | None = None) -> list[Experiment]:
    """The experiments over a dataset, newest first."""
    known = house.experiments.latest(house.project.name, limit=_LOOKED_AT) if ran is None else ran
    return [each for each in known if each.dataset == name]


def _row(house: House, name: str, ran: Sequence[Experiment]) -> DatasetRow:
    last = next(iter(runs_of(house, name, ran)), None)
    try:
        data = house.dataset(name)
    except HoneError as problem:
        return DatasetRow(name=name, ran=last, problem=problem.message)
    known = house.versions.all(name)
    return DatasetRow(
        name=name,
        examples=len(data),
        splits={split: len(data.split(split)) for split in SPLITS},
        version=next((each.version for each in known if each.sha256 == data.sha256), None),
        versions=len(known),
        changed=known[0].created if known else None,
        ran=last,
    )
