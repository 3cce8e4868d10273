"""Datasets as pages read them: what stands in one twice, and what of its held-out part is known from the rest, found
once for each state of it."""

from functools import partial

from msgspec import Struct

from hone.datasets import Dataset, Duplicates, Leaks, Statistics, find_duplicates, find_leaks, statistics_of
from hone.errors import DatasetError, NotFound
from hone.local import House
from hone.server.ui._kept import Kept

_STATES = 6


class Checks(Struct, frozen=True, kw_only=True):
    """`twins` are the other examples of an example's group of duplicates, by id; `known` the training examples that
    give a held-out one away."""

    statistics: Statistics
    duplicates: Duplicates
    leaks: Leaks
    twins: dict[str, list[str]]
    known: dict[str, str]

    def flags(self, id: str) -> list[str]:
        return [*(["duplicate"] if id in self.twins else []), *(["leak"] if id in self.known else [])]


class Checker:
    """Remembers the datasets that were looked at last, and what was found in them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._files: Kept[Dataset] = Kept(_STATES)
        self._checks: Kept[Checks] = Kept(_STATES)

    def read(self, name: str, version: str | None = None) -> Dataset:
        """As `read`; a file that has not changed is not read again.

        Raises:
            NotFound, DatasetError: as there.
        """
        if version is not None:
            return read(self._house, name, version)
        try:
            at = (self._house.datasets / f"{name}.jsonl").stat()
        except OSError:
            return read(self._house, name)
        key = (name, at.st_ino, at.st_mtime_ns, at.st_size)
        return self._files.of(key, partial(read, self._house, name))

    def of(self, data: Dataset) -> Checks:
        return self._checks.of((data.name, data.sha256), partial(_checked, data))


def read(house: House, name: str, version: str | None = None) -> Dataset:
    """A dataset as it is now, or was.

    Raises:
        NotFound: there is none, or no such version.
        DatasetError: a line of the file is wrong.
    """
    if version is None and not (house.datasets / f"{name}.jsonl").exists():
        raise NotFound(f"no dataset {name!r}", hint="hone datasets import NAME FILE makes one")
    try:
        return house.dataset(name) if version is None else house.versions.read(name, version)
    except DatasetError as problem:
        problem.status = 422  # the file is the user's to mend
        raise


def _checked(data: Dataset) -> Checks:
    duplicates = find_duplicates(data.name, data.examples)
    rest = [each for each in data if each.split != "held-out"]
    leaks = find_leaks(data.name, data.split("held-out"), rest, against="dev and train")
    return Checks(
        statistics=statistics_of(data),
        duplicates=duplicates,
        leaks=leaks,
        twins={one: [other for other in group.ids if other != one] for group in duplicates.groups for one in group.ids},
        known={each.test: each.train for each in leaks.leaks},
    )
