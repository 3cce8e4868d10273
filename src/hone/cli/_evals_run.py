"""`hone evals run`: what it takes, and how it shows where it is."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from hone.cli._say import talk
from hone.core import to_json
from hone.evals import Progress
from hone.store import Result

if TYPE_CHECKING:
    from hone.local import Bench


def parameters_of(_context: click.Context, _option: click.Parameter, given: Sequence[str]) -> Mapping[str, list[Any]]:
    """`temperature=0,1` as {"temperature": [0, 1]}; what is no JSON is text."""
    found: dict[str, list[Any]] = {}
    for each in given:
        name, equals, values = each.partition("=")
        if not (name and equals and values):
            raise click.BadParameter(f"{each!r} is not NAME=VALUE,VALUE...")
        found.setdefault(name, []).extend(map(_value, values.split(",")))
    return found


def evaluators_of(_context: click.Context, _option: click.Parameter, given: Sequence[str]) -> tuple[Any, ...]:
    """Names as they are, and objects from JSON: `{"type": "llm-rubric", "value": "polite", "model": "fast"}`."""
    return tuple(_object(each) if each.lstrip().startswith("{") else each for each in given)


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise click.BadParameter(f"this is no JSON: {problem}: {text}") from None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def result_line(result: Result) -> None:
    """One result as a line of JSON on stdout."""
    click.echo(to_json({"result": msgspec.to_builtins(result)}))


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A bar with what is left, the calls a second and the money, where somebody watches."""
    if quiet or not talk.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bars(*columns, console=talk, transient=True) as bars:
        bar = bars.add_task("", total=None)
        yield lambda at: bars.update(bar, completed=at.done, total=at.total, description=said(at))


@contextmanager
def telling(watch: Callable[[Progress], None]) -> Iterator[Callable[[Progress], None]]:
    """Watch a run, and say what is kept of it where ctrl-c ends it. Exit status 1 then."""
    last: list[Progress] = []

    def seen(at: Progress) -> None:
        last[:] = [at]
        watch(at)

    try:
        yield seen
    except KeyboardInterrupt:
        kept = f"{last[0].done:,} of {last[0].total:,} answers are kept" if last else "nothing was asked"
        talk.print(f"interrupted: {kept}; the same command goes on from there", markup=False, soft_wrap=True)
        sys.exit(1)


def said(at: Progress) -> str:
    """The numbers beside the bar."""
    parts = [] if at.left is None or at.rate == 0 else [f"{_time(at.left)} left", f"{at.rate:.3g} calls/s"]
    if at.kept:
        parts.append(f"{at.kept:,} kept")
    if at.failed:
        parts.append(f"{at.failed:,} failed")
    if at.cost:
        parts.append(f"${at.cost:.4g}")
    return " · ".join(parts)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def changes(bench: "Bench", data: str) -> Iterator[None]:
    """Once now, and then whenever hone.toml, a prompt or the dataset is another one."""
    root = bench.house.project.root
    seen = None
    while True:
        now = _stamps(root, data)
        if now != seen:
            seen = now
            yield
        else:
            time.sleep(_LOOK_SECONDS)


_LOOK_SECONDS = 0.5


def _stamps(root: Path, data: str) -> list[tuple[str, int, int]]:
    files = [
        root / "hone.toml",
        *sorted((root / "prompts").rglob("*.md")),
        *sorted((root / "datasets").glob(f"{data}.*")),
    ]
    return [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.exists()]
