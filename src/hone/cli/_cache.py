"""`hone cache`: answers that may be used again, and how far those of similar questions may be trusted."""

import difflib
from pathlib import Path

import click
from rich.table import Table

from hone.cli._near import benched, opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.core import utc
from hone.datasets import Split
from hone.errors import CallError
from hone.local import House, Options, likeness


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


@command.command("measure")
@click.argument("target", metavar="TASK[@VARIANT]")
@click.option("--data", required=True, help="The name of a dataset, of questions as they come.")
@click.option("--split", type=click.Choice(["train", "dev", "held-out"]), help="Only this split; by default all.")
@click.option("-e", "--evaluator", "asked", multiple=True, help="Says right or wrong, such as contains or exact.")
@click.option("--at", multiple=True, type=click.FloatRange(0, 1), help="A similarity; several may be given.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many examples.")
@shared_options
def measure(
    target: str,
    data: str,
    split: Split | None,
    asked: tuple[str, ...],
    at: tuple[float, ...],
    limit: int | None,
    as_json: bool,
    folder: Path | None,
) -> None:
    """What `cache_similarity` would do: how many questions it would answer, and how many of those wrongly.

    The variant answers every example itself, unless an experiment has kept its answers. Then the examples come by once
    more at a cache that begins empty.

    \b
    hone cache measure answer --data questions -e contains --at 0.9 --at 0.95
    """
    with benched(folder) as bench:
        found = likeness(bench, target, data, Options(evaluators=asked, split=split, limit=limit, by="cli"), at)
    if as_json:
        print_json(found)
        return
    table = Table(box=None)
    for column in ("similarity", "asked", "hits", "judged", "wrong", "spoilt", "wrong of hits", "95 % interval"):
        table.add_column(column, justify="right")
    for each in found.levels:
        share = "" if each.share is None else f"{each.share:.1%}"
        doubt = "" if each.low is None or each.high is None else f"{each.low:.1%} to {each.high:.1%}"
        counts = (each.asked, each.hits, each.judged, each.wrong, each.spoilt)
        table.add_row(f"{each.similarity:.2f}", *map(str, counts), share, doubt)
    out.print(table)
    for mistake in found.mistakes:
        line = f"{mistake.similarity:.3f}  {mistake.question}\n       was answered as: {mistake.answered_as}"
        out.print(line, markup=False, style="dim", soft_wrap=True)


def _check(house: House, task: str) -> None:
    """
    Raises:
        CallError: the project has no such task, and keeps no answer of one.
    """
    known = {*house.project.tasks, *(each.task for each in house.answers.occupied(0))}
    if task not in known:
        near = difflib.get_close_matches(task, known, n=1)
        raise CallError(f"no task {task!r}", hint=f"did you mean `{near[0]}`?" if near else None)
