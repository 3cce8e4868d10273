"""`hone prompts list|show|diff`: prompts, their versions, and what changed between two."""

import sys
from pathlib import Path

import click
from msgspec import Struct
from rich.table import Table
from rich.text import Text

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.core import utc
from hone.errors import CallError
from hone.local import House
from hone.prompts import diff
from hone.store import PromptVersion

_STYLES = {"same": "", "removed": "red strike", "added": "green underline"}


class PromptRow(Struct, frozen=True, kw_only=True):
    """A prompt as its file is now. `created` is when that text was first seen, in ns."""

    name: str
    version: int
    versions: int
    labels: dict[str, int]
    sha256: str
    description: str
    created: int


@click.group("prompts")
def command() -> None:
    """Prompts and their versions. A text that is new becomes a version when the project is opened."""


@command.command("list")
@shared_options
def list_(as_json: bool, folder: Path | None) -> None:
    """The prompts of the project. Exit status 1 when there are none."""
    with opened(folder) as house:
        rows = [_row(house, name) for name in house.prompts]
    if as_json:
        print_json({"items": rows, "next": None})
    elif rows:
        table = Table(box=None, header_style="dim", pad_edge=False)
        for column in ("prompt", "version", "labels", "since", "about"):
            table.add_column(column)
        for row in rows:
            labels = ", ".join(f"{label}=v{version}" for label, version in row.labels.items())
            table.add_row(row.name, f"v{row.version}", labels, f"{utc(row.created):%Y-%m-%d %H:%M}", row.description)
        out.print(table)
    if not rows:
        talk.print("no prompts: write prompts/NAME.prompt.md")
        sys.exit(1)


@command.command("show")
@click.argument("name")
@click.argument("version", required=False)
@shared_options
def show(name: str, version: str | None, as_json: bool, folder: Path | None) -> None:
    """The text of a prompt: as its file is now, or of VERSION (`v3`, or a label)."""
    with opened(folder) as house:
        found = _version(house, name, version)
    if as_json:
        print_json(found)
    else:
        click.echo(found.source, nl=False)


@command.command("diff")
@click.argument("name")
@click.argument("old", required=False)
@click.argument("new", required=False)
@shared_options
def diff_(name: str, old: str | None, new: str | None, as_json: bool, folder: Path | None) -> None:
    """What changed between two versions (`v3`, or a label), word by word.

    \b
    hone prompts diff answer            the version before, and the file as it is
    hone prompts diff answer v1 v3
    """
    with opened(folder) as house:
        after = _version(house, name, new)
        before = _version(house, name, old) if old else _before(house, after)
    found = diff(before.source, after.source)
    if as_json:
        print_json({"name": name, "old": before.version, "new": after.version, "changes": found.changes})
        return
    talk.print(f"{name}: v{before.version} to v{after.version}", style="dim", markup=False)
    if found.equal:
        talk.print("nothing changed")
        return
    text = Text()
    for change in found.changes:
        # Without colour the marks still tell what is what.
        marked = {"same": change.text, "removed": f"[-{change.text}-]", "added": f"{{+{change.text}+}}"}
        text.append(marked[change.kind], _STYLES[change.kind])
    out.print(text, soft_wrap=True)


def _row(house: House, name: str) -> PromptRow:
    now = _version(house, name, None)
    return PromptRow(
        name=name,
        version=now.version,
        versions=len(house.catalog.prompt_versions(house.project.name, name)),
        labels={label.label: label.version for label in house.catalog.labels(house.project.name, name)},
        sha256=now.sha256,
        description=house.prompts[name].description,
        created=now.created,
    )


def _version(house: House, name: str, wanted: str | None) -> PromptVersion:
    """The version that a person means; without a word, the one that the file is now."""
    known = house.catalog.prompt_versions(house.project.name, name)
    if not known:
        raise CallError(f"no prompt {name!r}", hint=f"there are: {', '.join(house.prompts) or 'none'}")
    if wanted is None:
        now = house.prompts[name].sha256 if name in house.prompts else known[0].sha256
        return next(each for each in known if each.sha256 == now)
    labels = {label.label: label.version for label in house.catalog.labels(house.project.name, name)}
    number = labels.get(wanted, int(wanted.removeprefix("v")) if wanted.removeprefix("v").isdecimal() else 0)
    for each in known:
        if each.version == number:
            return each
    there = [*labels, *(f"v{each.version}" for each in reversed(known))]
    raise CallError(f"the prompt {name!r} has no version or label {wanted!r}", hint=f"there are: {', '.join(there)}")


def _before(house: House, after: PromptVersion) -> PromptVersion:
    older = [
        each for each in house.catalog.prompt_versions(house.project.name, after.name) if each.version < after.version
    ]
    if not older:
        raise CallError(f"the prompt {after.name!r} has no version before v{after.version}")
    return older[0]
