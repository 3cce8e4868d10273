"""Prompts: their files, and every text they have had."""

from collections.abc import Callable

from msgspec import Struct

from hone.errors import NotFound
from hone.local import House
from hone.server.ui._face import Asked
from hone.store import PromptVersion


class PromptRow(Struct, frozen=True, kw_only=True):
    name: str
    version: int | None
    tasks: list[str]


class PromptList(Struct, frozen=True):
    items: list[PromptRow]


class PromptPage(Struct, frozen=True, kw_only=True):
    name: str
    version: int
    versions: list[PromptVersion]
    source: str
    sha256: str


def prompt_list(house: House) -> Callable[[Asked], PromptList]:
    def view(_: Asked) -> PromptList:
        return PromptList([_row(house, name) for name in sorted(house.prompts)])

    return view


def prompt(house: House) -> Callable[[Asked], PromptPage]:
    def view(asked: Asked) -> PromptPage:
        name = asked.path["name"]
        versions = house.catalog.prompt_versions(house.project.name, name)
        if not versions:
            raise NotFound(f"no prompt {name!r}", hint="prompts/NAME.prompt.md makes one")
        number = asked.number("version", versions[0].version)
        found = next((one for one in versions if one.version == number), None)
        if found is None:
            raise NotFound(f"the prompt {name!r} has no version {number}", hint=f"there are 1 to {versions[0].version}")
        return PromptPage(name=name, version=number, versions=versions, source=found.source, sha256=found.sha256)

    return view


def _row(house: House, name: str) -> PromptRow:
    sha256 = house.prompts[name].sha256
    versions = house.catalog.prompt_versions(house.project.name, name)
    return PromptRow(
        name=name,
        version=next((one.version for one in versions if one.sha256 == sha256), None),
        tasks=sorted(
            f"{task.name}@{variant.name}"
            for task in house.project.tasks.values()
            for variant in task.variants.values()
            if variant.prompt == name
        ),
    )
