"""`hone datasets card|stats`: a dataset described."""

from pathlib import Path

import click
from msgspec import Struct
from rich.table import Table

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.datasets import (
    CARD_SUFFIX,
    Counted,
    Dataset,
    Statistics,
    card_of,
    find_duplicates,
    find_leaks,
    histogram,
    replace_file,
    statistics_of,
)
from hone.local import House


class CardReport(Struct, frozen=True, kw_only=True):
    """A card, and where it was written; `path` is None when it was only shown."""

    name: str
    path: str | None
    markdown: str


@click.command("card")
@click.argument("name")
@click.option("--write", is_flag=True, help="Write it to datasets/NAME.card.md; what people wrote there stays.")
@shared_options
def card(name: str, write: bool, as_json: bool, folder: Path | None) -> None:
    """Describe NAME in Markdown: counts, lengths, duplicates, leaks, versions.

    The front matter of datasets/NAME.card.md says what cannot be counted: licence, source, languages, contact.
    """
    with opened(folder) as house:
        path = house.datasets / f"{name}{CARD_SUFFIX}"
        counted = _counted(house, house.dataset(name))
        old = path.read_text("utf-8", "replace") if path.exists() else ""
        markdown = card_of(counted, old, f"datasets/{path.name}")
        if write:
            replace_file(path, [markdown.encode("utf-8", "replace")])
    if as_json:
        print_json(CardReport(name=name, path=str(path) if write else None, markdown=markdown))
    elif write:
        talk.print(f"written: {path}", markup=False, soft_wrap=True)
    else:
        out.print(markdown, markup=False, soft_wrap=True, end="")


@click.command("stats")
@click.argument("name", metavar="NAME[@VERSION]")
@shared_options
def stats(name: str, as_json: bool, folder: Path | None) -> None:
    """Count what is in NAME: splits, origins, tags, groups, and lengths as histograms."""
    with opened(folder) as house:
        found = statistics_of(house.dataset(name))
    if as_json:
        print_json(found)
    else:
        _print(found)


def _counted(house: House, data: Dataset) -> Counted:
    house.versions.record(data, by="file")
    test, train = data.split("held-out"), [each for each in data if each.split in ("dev", "train")]
    return Counted(
        name=data.name,
        sha256=data.sha256,
        statistics=statistics_of(data),
        duplicates=find_duplicates(data.name, data.examples),
        leaks=find_leaks(data.name, test, train, against="dev and train"),
        versions=house.versions.all(data.name),
    )


def _print(found: Statistics) -> None:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("")
    table.add_column("examples", justify="right")
    for what, values in (
        ("split", found.splits), ("origin", found.origins), ("tag", found.tags), ("input", found.fields),
        ("evaluator", found.evaluators),
    ):  # fmt: skip
        for name, count in values.items():
            table.add_row(f"{what} {name}".rstrip(), f"{count:,}")
    table.add_row("with an expected answer", f"{found.expected:,}")
    if found.groups.groups:
        table.add_row(f"in {found.groups.groups:,} groups", f"{found.examples - found.groups.alone:,}")
    out.print(table)
    for title, lengths in (("input", found.input), ("expected", found.expected_length)):
        if lengths.n:
            out.print(f"\n{title}, characters (n = {lengths.n:,}, median {lengths.p50:,})", markup=False)
            out.print("\n".join(histogram(lengths)), markup=False)
