"""`hone batches`: files of calls that are answered beside the others."""

import time
from pathlib import Path

import click
from rich.table import Table

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.store import Batch


@click.group("batches")
def command() -> None:
    """Batches of calls, as `/v1/batches` takes them: list, show, cancel."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="So many at most.")
@click.option("--after", help="Go on after the batch with this id.")
@shared_options
def list_batches(limit: int, after: str | None, as_json: bool, folder: Path | None) -> None:
    """Batches, newest first."""
    with opened(folder) as house:
        found, more = house.batches.latest(after=after, limit=limit)
    if as_json:
        print_json({"items": found, "next": found[-1].id if more else None})
        return
    if not found:
        talk.print("nothing yet: POST /v1/batches begins one")
        return
    table = Table(box=None)
    for column in ("batch", "of", "state", "endpoint", "begun"):
        table.add_column(column, no_wrap=column == "batch")
    for column in ("lines", "answered", "failed"):
        table.add_column(column, justify="right")
    for batch in found:
        counts = (f"{each:,}" for each in (batch.total, batch.completed, batch.failed))
        table.add_row(batch.id, batch.owner or "", batch.status, batch.endpoint, _when(batch.created), *counts)
    out.print(table)
    if more:
        talk.print(f"there are more: --after {found[-1].id}", markup=False)


@command.command("show")
@click.argument("batch")
@shared_options
def show(batch: str, as_json: bool, folder: Path | None) -> None:
    """One BATCH: how far it is, where its answers lie, what is wrong with its input."""
    with opened(folder) as house:
        found = house.batches.get(batch)
        files = {"input": found.input_file, "output": found.output_file, "errors": found.error_file}
        paths = {what: str(house.files.path(each)) for what, each in files.items() if each is not None}
    if as_json:
        print_json({"batch": found, "paths": paths})
        return
    _print(found)
    for what, path in paths.items():
        out.print(f"  {what}: {path}", markup=False, soft_wrap=True)
    for error in found.errors:
        where = "" if error.line is None else f"line {error.line}: "
        out.print(f"  {where}{error.message} ({error.code})", markup=False, soft_wrap=True)


@command.command("cancel")
@click.argument("batch")
@shared_options
def cancel(batch: str, as_json: bool, folder: Path | None) -> None:
    """Stop a BATCH. What is answered is kept; the server that works on it notices within seconds."""
    with opened(folder) as house:
        found = house.batches.cancel(batch)
    if as_json:
        print_json({"batch": found})
    else:
        _print(found)


def _print(batch: Batch) -> None:
    done = f"{batch.completed:,} of {batch.total:,} answered, {batch.failed:,} failed"
    out.print(f"{batch.id}: {batch.status}, {done}", markup=False, soft_wrap=True)
    models = f" · {', '.join(batch.models)}" if batch.models else ""
    by = f" · by the key {batch.owner}" if batch.owner else ""
    out.print(f"  {batch.endpoint}{models} · begun {_when(batch.created)}{by}", markup=False, soft_wrap=True)


def _when(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at / 1e9))
