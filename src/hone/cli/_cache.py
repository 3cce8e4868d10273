"""`hone cache`: answers that may be used again."""

import difflib
from pathlib import Path

import click
from rich.table import Table

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.core import utc
from hone.errors import CallError
from hone.local import House


@click.group("cache")
def command() -> None:
    """Answers that may be used again, for tasks with `cache` and callers who ask for it."""


@command.command("show")
@shared_options
def show(as_json: bool, folder: Path | None) -> None:
    """How many answers are kept, task by task. Which calls they answered, their spans say (`cache`)."""
    with opened(folder) as house:
        found = house.answers.occupied(house.clock())
    if as_json:
        print_json({"items": found, "next": None})
        return
    if not found:
        talk.print('nothing is kept: cache = "1h" in [tasks.NAME] keeps answers', markup=False)
        return
    table = Table(box=None)
    for column in ("task", "environment", "answers", "bytes", "oldest", "newest"):
        table.add_column(column, justify="right" if column in ("answers", "bytes") else "left")
    for each in found:
        times = (f"{utc(at):%m-%d %H:%M}" for at in (each.oldest, each.newest))
        table.add_row(each.task or "(model calls)", each.environment, f"{each.entries:,}", f"{each.bytes:,}", *times)
    out.print(table)


@command.command("clear")
@click.option("--task", help="Only the answers of this task.")
@shared_options
def clear(task: str | None, as_json: bool, folder: Path | None) -> None:
    """Forget what is kept. Running servers do so within a second."""
    with opened(folder) as house:
        if task is not None:
            _check(house, task)
        count = house.answers.clear(task, house.clock())
    if as_json:
        print_json({"cleared": count})
    else:
        talk.print(f"cleared: {count:,} answers", markup=False)


def _check(house: House, task: str) -> None:
    """
    Raises:
        CallError: the project has no such task, and keeps no answer of one.
    """
    known = {*house.project.tasks, *(each.task for each in house.answers.occupied(0))}
    if task not in known:
        near = difflib.get_close_matches(task, known, n=1)
        raise CallError(f"no task {task!r}", hint=f"did you mean `{near[0]}`?" if near else None)
