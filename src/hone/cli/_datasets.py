"""`hone datasets list|show|import|grow`: cases to measure with."""

import sys
from pathlib import Path

import click
from msgspec import Struct
from rich.table import Table

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.core import to_json, utc
from hone.datasets import DatasetFile, names
from hone.errors import CallError
from hone.local import House, grow, record
from hone.project import duration

_SHOWN = 100


class DatasetRow(Struct, frozen=True, kw_only=True):
    """A dataset as its file is now."""

    name: str
    examples: int
    dev: int
    held_out: int
    version: int
    sha256: str
    created: int  # ns, when these examples were first seen


@click.group("datasets")
def command() -> None:
    """Datasets: examples in datasets/NAME.jsonl, one a line."""


@command.command("list")
@shared_options
def list_(as_json: bool, folder: Path | None) -> None:
    """The datasets of the project. Exit status 1 when there are none."""
    with opened(folder) as house:
        rows = [_row(house, name) for name in names(_folder(house))]
    if as_json:
        print_json({"items": rows, "next": None})
    elif rows:
        table = Table(box=None, header_style="dim", pad_edge=False)
        for column in ("dataset", "examples", "dev", "held-out", "version", "since"):
            table.add_column(column, justify="left" if column in ("dataset", "since") else "right")
        for row in rows:
            counts = (str(row.examples), str(row.dev), str(row.held_out), f"v{row.version}")
            table.add_row(row.name, *counts, f"{utc(row.created):%Y-%m-%d %H:%M}")
        out.print(table)
    if not rows:
        talk.print("no datasets: hone datasets import NAME FILE, or hone datasets grow NAME")
        sys.exit(1)


@command.command("show")
@click.argument("name")
@click.option("--split", type=click.Choice(["dev", "held-out"]), help="Only this split.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@shared_options
def show(name: str, split: str | None, limit: int, as_json: bool, folder: Path | None) -> None:
    """The examples of a dataset, with the split that each belongs to."""
    with opened(folder) as house:
        row = _row(house, name)
        examples = DatasetFile(_folder(house), name).split(split)  # type: ignore[arg-type]  # one of the choices
    shown = examples[:limit]
    if as_json:
        print_json({"items": shown, "next": None, "dataset": row, "total": len(examples)})
        return
    for each in shown:
        given = each.input if isinstance(each.input, str) else to_json(each.input)
        expected = "" if each.expected is None else f" -> {_short(to_json(each.expected))}"
        out.print(f"{each.id[:12]:<12} {each.split:<8} {_short(given)}{expected}", markup=False, soft_wrap=True)
    if len(examples) > limit:
        talk.print(f"{limit} of {len(examples):,}; more with --limit", style="dim")


@command.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@shared_options
def import_(name: str, file: Path, as_json: bool, folder: Path | None) -> None:
    """Add the examples of FILE, a JSON Lines file, to the dataset NAME; inputs that are there already are left out."""
    with opened(folder) as house:
        data = DatasetFile(_folder(house), name)
        grown = data.add(data.given(file))
        record(house, data, by="cli")
    if as_json:
        print_json(grown)
    else:
        talk.print(_said(grown.added, grown.repeated, grown.examples, name), markup=False)


@command.command("grow")
@click.argument("name")
@click.option("--task", help="Only calls of this task.")
@click.option("--where", help="Only calls with a score: METRIC or METRIC:VALUE, such as helpful:false.")
@click.option("--since", help='Only calls since then: "7d", "2h".')
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--tag", "tags", multiple=True, help="May be given several times.")
@shared_options
def grow_(
    name: str,
    task: str | None,
    where: str | None,
    since: str | None,
    limit: int,
    tags: tuple[str, ...],
    as_json: bool,
    folder: Path | None,
) -> None:
    """Add live calls as examples, newest first. A text score named `correction` is the expected answer.

    \b
    hone datasets grow refunds --task answer --where helpful:false --since 7d
    """
    try:
        seconds = None if since is None else duration(since)
    except ValueError as problem:
        raise CallError(str(problem)) from None
    with opened(folder) as house:
        data = DatasetFile(_folder(house), name)
        grown = grow(house, data, where, task=task, since=seconds, limit=limit, tags=tags)
    if as_json:
        print_json(grown)
    else:
        talk.print(_said(grown.added, grown.repeated, grown.examples, name), markup=False)
        if not grown.added and not grown.repeated and where:
            talk.print(
                f"no answered call has the score {where}: hone traces list --score {where}",
                markup=False,
                soft_wrap=True,
            )
        elif grown.added:
            talk.print(f"what would have been right goes into `expected`, in {data.path}", markup=False, soft_wrap=True)
    if grown.added + grown.repeated == 0:
        sys.exit(1)


def _folder(house: House) -> Path:
    return house.project.root / "datasets"


def _row(house: House, name: str) -> DatasetRow:
    data = DatasetFile(_folder(house), name).read()
    known = house.experiments.record_dataset(house.project.name, name, data.sha256, len(data), by="file")
    dev = len(data.split("dev"))
    return DatasetRow(
        name=name,
        examples=len(data),
        dev=dev,
        held_out=len(data) - dev,
        version=known.version,
        sha256=data.sha256,
        created=known.created,
    )


def _said(added: int, repeated: int, total: int, name: str) -> str:
    return f"{name}: {added:,} added, {repeated:,} were there already, {total:,} in all"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
