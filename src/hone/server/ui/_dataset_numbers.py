"""A dataset in numbers: lengths and counts, what stands in it twice, what leaks, its versions, and who ran over it."""

from collections.abc import Callable

from msgspec import Struct

from hone.datasets import DatasetDiff, Duplicates, Leaks, Statistics, diff_datasets
from hone.errors import NotFound
from hone.local import House
from hone.server.ui._dataset import recorded
from hone.server.ui._dataset_checks import Checker, read
from hone.server.ui._dataset_list import runs_of
from hone.server.ui._face import Asked
from hone.store import DatasetVersion, Experiment

_MOST = 100  # groups of duplicates, leaks, examples of a difference


class NumbersPage(Struct, frozen=True, kw_only=True):
    """`version` is the one asked for; None is the file as it is now, whose number is `number`."""

    name: str
    version: str | None
    number: int
    statistics: Statistics
    duplicates: Duplicates
    leaks: Leaks


class VersionRow(Struct, frozen=True, kw_only=True):
    """`kept`: its examples can still be read. `before` is the version that it is compared with."""

    version: DatasetVersion
    kept: bool
    now: bool
    before: int | None


class VersionsPage(Struct, frozen=True, kw_only=True):
    name: str
    versions: list[VersionRow]
    runs: list[Experiment]


class DiffPage(Struct, frozen=True, kw_only=True):
    """At most a hundred examples of each kind are in `diff`; `added`, `removed` and `changed` count all of them."""

    name: str
    old: int
    new: int
    versions: list[int]  # those that can be read
    added: int
    removed: int
    changed: int
    diff: DatasetDiff


def numbers(house: House, checker: Checker) -> Callable[[Asked], NumbersPage]:
    def view(asked: Asked) -> NumbersPage:
        name, version = asked.path["name"], asked.query.get("version") or None
        data = checker.read(name, version)
        found = checker.of(data)
        return NumbersPage(
            name=name,
            version=version,
            number=recorded(house, data),
            statistics=found.statistics,
            duplicates=found.duplicates,
            leaks=found.leaks,
        )

    return view


def versions(house: House) -> Callable[[Asked], VersionsPage]:
    def view(asked: Asked) -> VersionsPage:
        name = asked.path["name"]
        now = read(house, name)
        recorded(house, now)
        known = house.versions.all(name)
        readable = {each.version for each in known if house.versions.kept(each)}
        rows = [
            VersionRow(
                version=each,
                kept=each.version in readable,
                now=each.sha256 == now.sha256,
                before=max((number for number in readable if number < each.version), default=None),
            )
            for each in known
        ]
        return VersionsPage(name=name, versions=rows, runs=runs_of(house, name))

    return view


def difference(house: House) -> Callable[[Asked], DiffPage]:
    """`?old=v1&new=v2`; by default the file as it is now against the version before it."""

    def view(asked: Asked) -> DiffPage:
        name = asked.path["name"]
        after = read(house, name, asked.query.get("new") or None)
        new = recorded(house, after)
        known = [each.version for each in house.versions.all(name) if house.versions.kept(each)]
        before = read(house, name, asked.query.get("old") or _before(name, new, known))
        found = diff_datasets(before, after, old_name=f"v{recorded(house, before)}", new_name=f"v{new}")
        return DiffPage(
            name=name,
            old=recorded(house, before),
            new=new,
            versions=known,
            added=len(found.added),
            removed=len(found.removed),
            changed=len(found.changed),
            diff=DatasetDiff(
                name=name, old=found.old, new=found.new, same=found.same,
                added=found.added[:_MOST], removed=found.removed[:_MOST], changed=found.changed[:_MOST],
            ),
        )  # fmt: skip

    return view


def _before(name: str, new: int, known: list[int]) -> str:
    earlier = [number for number in known if number < new] or [number for number in known if number != new]
    if not earlier:
        raise NotFound(f"the dataset {name!r} has one version, v{new}", hint="an edit makes the next one")
    return f"v{max(earlier)}"
