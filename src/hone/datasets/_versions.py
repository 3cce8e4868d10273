"""Versions of datasets: numbered in the catalog, their content kept under its hash."""

import re
from collections.abc import Iterator

from hone.datasets._example import Dataset, dataset_of
from hone.datasets._lines import read_examples, write_line
from hone.errors import CallError, NotFound, StoreError
from hone.store import Contents, DatasetVersion, Experiments

_NUMBER = re.compile(r"v?(\d{1,9})")
_HASH = re.compile(r"[0-9a-f]{6,64}")


class Versions:
    """What the datasets of one project have been. Safe to use from many threads and processes."""

    def __init__(self, project: str, experiments: Experiments, contents: Contents) -> None:
        self._project = project
        self._experiments = experiments
        self._contents = contents

    def record(self, dataset: Dataset, *, by: str) -> DatasetVersion:
        """This state of a dataset: the version it already is, or the next. Its content is durable before its number."""
        self._contents.put(dataset.sha256, map(write_line, dataset.given))
        return self._experiments.record_dataset(
            self._project, dataset.name, dataset.sha256, len(dataset), by=by
        )  # fmt: skip

    def all(self, name: str) -> list[DatasetVersion]:
        """Every recorded state of a dataset, newest first."""
        return self._experiments.dataset_versions(self._project, name)

    def kept(self, version: DatasetVersion) -> bool:
        """Is its content there? A version that was only counted can be listed, not read."""
        return self._contents.has(version.sha256)

    def find(self, name: str, version: str | int) -> DatasetVersion:
        """A version by its number (`v2`, `2`) or the beginning of its SHA-256 (six digits or more).

        Raises:
            NotFound: there is none.
            CallError: several begin so.
        """
        known = self.all(name)
        found = list(_meant(known, str(version)))
        if len(found) > 1:
            raise CallError(f"{len(found)} versions of {name!r} begin with {version!r}", hint="give more of the hash")
        if not found:
            newest = f"the newest is v{known[0].version}" if known else "none is recorded yet"
            raise NotFound(
                f"no version {version!r} of the dataset {name!r}", hint=f"{newest}: hone datasets versions {name}"
            )
        return found[0]

    def read(self, name: str, version: str | int) -> Dataset:
        """A dataset as it was.

        Raises:
            NotFound: there is no such version, or its content was not kept.
            CallError: several versions are meant.
            StoreError: what was kept is damaged.
        """
        meant = self.find(name, version)
        lines = self._contents.get(meant.sha256)
        if lines is None:
            hint = "bring it back with git, and it is kept from then on: hone datasets show " + name
            raise NotFound(f"the content of {name} v{meant.version} was not kept", hint=hint)
        dataset = dataset_of(name, read_examples(lines, f"{name}@v{meant.version}")[0])
        if dataset.sha256 != meant.sha256:
            raise StoreError(
                f"what is kept as {name} v{meant.version} is not what was recorded: {dataset.sha256[:12]} instead of "
                f"{meant.sha256[:12]}",
                hint="remove it from the blobs, or bring it back from a backup",
            )
        return dataset


def _meant(known: list[DatasetVersion], text: str) -> Iterator[DatasetVersion]:
    number = _NUMBER.fullmatch(text)
    if number is not None:
        for each in known:
            if each.version == int(number[1]):
                yield each
                return
    if _HASH.fullmatch(text):
        yield from (each for each in known if each.sha256.startswith(text))
