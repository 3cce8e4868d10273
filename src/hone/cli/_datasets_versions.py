"""`hone datasets versions|diff`: what a dataset has been, and what changed."""

from pathlib import Path

import click
from msgspec import Struct
from rich.table import Table
from rich.text import Text

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, short, talk
from hone.core import to_json, utc
from hone.datasets import Dataset, DatasetDiff, Example, FieldChange, diff_datasets
from hone.errors import NotFound
from hone.local import House


class VersionRow(Struct, frozen=True, kw_only=True):
    """A recorded state; `kept` says whether its examples are still there to be read, `now` that it is the file's."""

    version: int
    examples: int
    created: int
    by: str
    sha256: str
    kept: bool
    now: bool


@click.command("versions")
@click.argument("name")
@shared_options
def versions(name: str, as_json: bool, folder: Path | None) -> None:
    """What the dataset NAME has been, newest first. `NAME@v2` is taken wherever a dataset is."""
    with opened(folder) as house:
        data = house.dataset(name)
        house.versions.record(data, by="file")
        rows = [
            VersionRow(
                version=each.version, examples=each.examples, created=each.created, by=each.by, sha256=each.sha256,
                kept=house.versions.kept(each), now=each.sha256 == data.sha256,
            )
            for each in house.versions.all(name)
        ]  # fmt: skip
    if as_json:
        print_json({"items": rows, "next": None})
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("version", "examples", "first seen", "by", "sha256", ""):
        table.add_column(column, justify="right" if column == "examples" else "left")
    for row in rows:
        note = "now" if row.now else "" if row.kept else "content not kept"
        when = f"{utc(row.created):%Y-%m-%d %H:%M}"
        table.add_row(f"v{row.version}", f"{row.examples:,}", when, row.by, row.sha256[:12], note)
    out.print(table)


@click.command("diff")
@click.argument("name")
@click.argument("old", required=False, metavar="[OLD]")
@click.argument("new", required=False, metavar="[NEW]")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Examples shown of each kind.")
@shared_options
def diff_(name: str, old: str | None, new: str | None, limit: int, as_json: bool, folder: Path | None) -> None:
    """What changed between two versions of NAME: by id, word by word where it is text.

    Without NEW it is the file as it is now, without OLD the version before it.

    \b
    hone datasets diff refunds v2 v3
    """
    with opened(folder) as house:
        after = house.dataset(name) if new is None else house.versions.read(name, new)
        house.versions.record(after, by="file")
        before = house.versions.read(name, old or _before(house, name, after))
        labels = {each.sha256: f"v{each.version}" for each in reversed(house.versions.all(name))}
    found = diff_datasets(before, after, old_name=labels[before.sha256], new_name=labels[after.sha256])
    if as_json:
        print_json(found)
    else:
        _print(found, limit)


def _before(house: House, name: str, after: Dataset) -> int:
    known = house.versions.all(name)
    number = next(each.version for each in known if each.sha256 == after.sha256)
    earlier = [each.version for each in known if each.version < number and house.versions.kept(each)]
    if not earlier:
        # The file may be what it once was: then the newest other version is what it changed from.
        earlier = [each.version for each in known if each.version != number and house.versions.kept(each)]
    if not earlier:
        raise NotFound(f"no version of {name!r} before v{number}", hint=f"hone datasets versions {name}")
    return earlier[0]


def _print(found: DatasetDiff, limit: int) -> None:
    for sign, style, examples in (("+", "green", found.added), ("-", "red", found.removed)):
        for each in examples[:limit]:
            out.print(f"{sign} {each.id[:16]:<16} {_one_line(each)}", markup=False, soft_wrap=True, style=style)
        _more(sign, len(examples), limit)
    for change in found.changed[:limit]:
        out.print(f"~ {change.id}", markup=False, soft_wrap=True)
        for field in change.fields:
            out.print(_words(field), soft_wrap=True)
    _more("~", len(found.changed), limit)
    talk.print(
        f"{found.name} {found.old} -> {found.new}: {len(found.added):,} added, {len(found.removed):,} removed, "
        f"{len(found.changed):,} changed, {found.same:,} the same",
        markup=False,
        soft_wrap=True,
    )


def _words(field: FieldChange) -> Text:
    """Readable without colour: [-removed-] and {+added+}."""
    text = Text(f"    {field.field}: ")
    if not field.words:
        return text.append(f"[-{to_json(field.old)}-]", "red").append(f"{{+{to_json(field.new)}+}}", "green")
    for each in field.words:
        marks = {"removed": ("[-", "-]", "red"), "added": ("{+", "+}", "green"), "same": ("", "", "")}
        begin, end, style = marks[each.kind]
        text.append(f"{begin}{each.text}{end}", style)
    return text


def _more(sign: str, total: int, limit: int) -> None:
    if total > limit:
        out.print(f"{sign} ... {total - limit:,} more; --limit shows them", markup=False, style="dim")


def _one_line(example: Example) -> str:
    given = example.input if isinstance(example.input, str) else to_json(example.input)
    return short(given) + ("" if example.expected is None else f" -> {short(to_json(example.expected))}")
