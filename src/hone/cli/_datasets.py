"""`hone datasets list|show|grow`: cases to measure with. The other verbs have files of their own."""

import sys
from pathlib import Path

import click
from msgspec import Struct
from rich.table import Table

from hone.cli._datasets_card import card, stats
from hone.cli._datasets_checks import duplicates, leaks
from hone.cli._datasets_export import export_
from hone.cli._datasets_import import import_
from hone.cli._datasets_split import split_
from hone.cli._datasets_versions import diff_, versions
from hone.cli._near import opened
from hone.cli._say import complain, out, print_json, shared_options, short, talk
from hone.core import to_json, utc
from hone.datasets import Dataset, DatasetFile, names
from hone.errors import CallError, DatasetError
from hone.local import House, grow
from hone.project import duration


class DatasetRow(Struct, frozen=True, kw_only=True):
    """A dataset as its file is now."""

    name: str
    examples: int
    dev: int
    held_out: int
    version: int
    sha256: str
    created: int  # ns, when these examples were first seen
    train: int = 0


@click.group("datasets")
def command() -> None:
    """Datasets: examples in datasets/NAME.jsonl, one a line."""


@command.command("list")
@shared_options
def list_(as_json: bool, folder: Path | None) -> None:
    """The datasets of the project. Exit status 1 when there are none, or one cannot be read."""
    rows, broken = list[DatasetRow](), list[DatasetError]()
    with opened(folder) as house:
        for name in names(house.datasets):
            try:
                rows.append(_row(house, house.dataset(name)))
            except DatasetError as problem:
                broken.append(problem)
    if as_json:
        print_json({"items": rows, "next": None})
    elif rows:
        table = Table(box=None, header_style="dim", pad_edge=False)
        for column in ("dataset", "examples", "train", "dev", "held-out", "version", "since"):
            table.add_column(column, justify="left" if column in ("dataset", "since") else "right")
        for row in rows:
            counts = (str(row.examples), str(row.train), str(row.dev), str(row.held_out), f"v{row.version}")
            table.add_row(row.name, *counts, f"{utc(row.created):%Y-%m-%d %H:%M}")
        out.print(table)
    for each in broken:
        complain(each)
    if broken:
        sys.exit(1)
    if not rows:
        talk.print("no datasets: hone datasets import NAME FILE, or hone datasets grow NAME")
        sys.exit(1)


@command.command("show")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--split", type=click.Choice(["train", "dev", "held-out"]), help="Only this split.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@shared_options
def show(name: str, split: str | None, limit: int, as_json: bool, folder: Path | None) -> None:
    """The examples of a dataset, with the split that each belongs to; `refunds@v2` as it was."""
    with opened(folder) as house:
        data = house.dataset(name)
        row = _row(house, data)
        examples = data.split(split)  # type: ignore[arg-type]  # one of the choices
    shown = examples[:limit]
    if as_json:
        print_json({"items": shown, "next": None, "dataset": row, "total": len(examples)})
        return
    for each in shown:
        given = each.input if isinstance(each.input, str) else to_json(each.input)
        expected = "" if each.expected is None else f" -> {short(to_json(each.expected))}"
        out.print(f"{each.id[:12]:<12} {each.split:<8} {short(given)}{expected}", markup=False, soft_wrap=True)
    if len(examples) > limit:
        talk.print(f"{limit} of {len(examples):,}; more with --limit", style="dim")


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
        data = DatasetFile(house.datasets, name)
        grown = grow(house, data, where, task=task, since=seconds, limit=limit, tags=tags)
    if as_json:
        print_json(grown)
    else:
        talk.print(grown.said, markup=False)
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


for _verb in (import_, versions, diff_, split_, duplicates, leaks, stats, card, export_):
    command.add_command(_verb)


def _row(house: House, data: Dataset) -> DatasetRow:
    known = house.versions.record(data, by="file")
    return DatasetRow(
        name=data.name,
        examples=len(data),
        train=len(data.split("train")),
        dev=len(data.split("dev")),
        held_out=len(data.split("held-out")),
        version=known.version,
        sha256=data.sha256,
        created=known.created,
    )
