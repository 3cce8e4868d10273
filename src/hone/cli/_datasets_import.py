"""`hone datasets import`: files of other kinds; what their columns are taken for is said before anything is written."""

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import click
from msgspec import Struct
from rich.markup import escape
from rich.table import Table

from hone.cli._near import opened
from hone.cli._say import print_json, shared_options, short, talk
from hone.core import to_json
from hone.datasets import KINDS, Clash, Column, DatasetFile, Example, Imported, open_source, read_source, told_apart
from hone.evals import evaluators
from hone.local import record

_SHOWN = 5  # examples that were left out though they expect something else


class ImportReport(Struct, frozen=True, kw_only=True):
    """What an import did, or with `dry_run` would have done. `unknown` are evaluators that hone does not have,
    `notes` say what of promptfoo's tests was left out."""

    name: str
    kind: str
    added: int
    repeated: int
    examples: int
    columns: tuple[Column, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    dry_run: bool = False


@click.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--map", "said", multiple=True, metavar="PART=COLUMN", help="Such as input.question=Frage.")
@click.option("--drop", "dropped", multiple=True, metavar="COLUMN", help="Leave this column out.")
@click.option("--kind", type=click.Choice(KINDS), help="What the rows are; by default what they look like.")
@click.option("--tag", "tags", multiple=True, help="Add a tag to each; may be given several times.")
@click.option("--origin", type=click.Choice(["human", "traffic", "generated"]), help="By default human.")
@click.option("--dry-run", is_flag=True, help="Say what would be added, and write nothing.")
@click.option("--code", is_flag=True, help="Take over the Python of promptfoo's tests, which runs with every run.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask whether the columns were guessed right.")
@shared_options
def import_(
    name: str,
    file: Path,
    said: tuple[str, ...],
    dropped: tuple[str, ...],
    kind: str | None,
    tags: tuple[str, ...],
    origin: str | None,
    dry_run: bool,
    code: bool,
    yes: bool,
    as_json: bool,
    folder: Path | None,
) -> None:
    """Add the examples of FILE to the dataset NAME; inputs that are there already are left out.

    FILE is JSON Lines, JSON, CSV, Parquet, a folder of Hugging Face's `datasets`, promptfoo's tests, samples of
    OpenAI's evals or a fine-tuning file. Columns are guessed by name, and said before anything is written.

    \b
    hone datasets import refunds cases.csv --map input.question=Frage --map expected=Antwort
    """
    from hone.evals.interop import keep_code, promptfoo_tests

    clashes: tuple[Clash, ...] = ()
    with opened(folder) as house:
        data = DatasetFile(house.datasets, name)
        source = open_source(file, kind)  # type: ignore[arg-type]  # one of the choices
        found = read_source(
            source, said, dropped=dropped, tags=tags, origin=origin,  # type: ignore[arg-type]
            promptfoo=partial(promptfoo_tests, code=code),
        )  # fmt: skip
        if not as_json:
            _say_columns(found)
        guessed = found.mapped is not None and found.mapped.guessed
        if guessed and not yes and not dry_run and not as_json and sys.stdin.isatty():
            click.confirm("Add them so?", default=True, abort=True, err=True)
        if dry_run:
            report = _would(data, found)
        else:
            keep_code(found.code, house.project.root)
            grown = data.add(found.examples)
            clashes = grown.clashes
            record(house, data, by="cli")
            report = _report(name, found, grown.added, grown.repeated, grown.examples)
    if as_json:
        print_json(report)
        return
    for note in report.notes:
        talk.print(note, markup=False, style="yellow", soft_wrap=True)
    if report.unknown:
        line = f"hone has no evaluator named {', '.join(report.unknown)}: a run over these examples will say so"
        talk.print(line, markup=False, style="yellow", soft_wrap=True)
    would = "would be " if dry_run else ""
    line = f"{name}: {report.added:,} {would}added, {report.repeated:,} were there already, {report.examples:,} in all"
    talk.print(line, markup=False, soft_wrap=True)
    for clash in clashes[:_SHOWN]:
        hint = "give both an id of their own, to keep both"
        talk.print(f"left out: {clash} ({file}); {hint}", markup=False, style="yellow", soft_wrap=True)
    if len(clashes) > _SHOWN:
        talk.print(f"and {len(clashes) - _SHOWN:,} more like it", style="yellow")


def _would(data: DatasetFile, found: Imported) -> ImportReport:
    there = data.read() if data.path.exists() else None
    new, _ = told_apart(there or (), found.examples)
    total = (len(there) if there else 0) + len(new)
    return _report(data.name, found, len(new), len(found.examples) - len(new), total, dry_run=True)


def _report(
    name: str, found: Imported, added: int, repeated: int, examples: int, *, dry_run: bool = False
) -> ImportReport:
    return ImportReport(
        name=name,
        kind=found.kind,
        added=added,
        repeated=repeated,
        examples=examples,
        columns=found.mapped.columns if found.mapped else (),
        unknown=_unknown(found.examples),
        notes=found.notes,
        dry_run=dry_run,
    )


def _unknown(examples: Iterable[Example]) -> tuple[str, ...]:
    """The evaluators of single examples that hone does not have."""
    asked = {
        each.partition(":")[0] if isinstance(each, str) else str(each.get("type"))
        for example in examples
        for each in example.evaluators
    }
    known = set(evaluators.names()) if asked else set[str]()
    return tuple(sorted(each for each in asked if each not in known and each.removeprefix("not-") not in known))


def _say_columns(found: Imported) -> None:
    talk.print(f"read as {found.kind}: {len(found.examples):,} examples", markup=False)
    if found.mapped is None:
        return
    first = found.examples[0]
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("part", "column", "", "first"):
        table.add_column(column)
    for each in found.mapped.columns:
        table.add_row(each.target, each.column, "guessed" if each.guessed else "", _first(first, each.target))
    talk.print(table)


def _first(example: Example, target: str) -> str:
    field, dot, name = target.partition(".")
    value = getattr(example, field)
    value = value.get(name) if dot and isinstance(value, dict) else value
    return "" if value is None else escape(short(value if isinstance(value, str) else to_json(value), 50))
