"""The command: where the project lives, which model answers, and what is said at the end."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from hone.cli._say import dollars, out, print_json, talk
from hone.cli.demo._loop import Loop
from hone.cli.demo._model import Chosen, chosen, offered
from hone.cli.demo._page import as_json, save
from hone.cli.demo._project import BY_MEANING, BY_WORDS, TASK, Ideas, write
from hone.cli.demo._story import Measured, Story
from hone.errors import MissingExtra, ProjectError
from hone.evals import sentence
from hone.local import House
from hone.project import load
from hone.providers import embedders
from hone.server import Server

_LOOK_EVERY = 1.0  # seconds; a demonstration has less patience than a server
_BAR = 40  # characters that stand for all answers right


@click.command("demo")
@click.option("--json", "as_json_", is_flag=True, help="Print one JSON object.")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Leave the project in this folder, to look around."
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path),
    help="Where the HTML report goes; by default hone-demo.html, in --keep or here.",
)  # fmt: skip
@click.option("--serve", is_flag=True, help="Leave the server up at the end, until ctrl-c.")
@click.option("--port", type=click.IntRange(0, 65535), help="With --serve: by default HONE_PORT, else 4700.")
@click.option("--model", help="A generative model, such as openai/gpt-5-mini; `auto` takes what is found here.")
@click.option("--base-url", help="Where an OpenAI-compatible server has it, such as http://127.0.0.1:8000/v1.")
@click.option("--api-key-env", "key", help="The environment variable that holds the key for it.")
@click.option("--limit", type=click.IntRange(10), help="Only the first so many questions of each split.")
def command(
    as_json_: bool, keep: Path | None, report: Path | None, serve: bool, port: int | None, limit: int | None,
    model: str | None, base_url: str | None, key: str | None,
) -> None:  # fmt: skip
    """The whole loop, on real questions about Python's standard library: serve, see, listen, collect, judge, release.

    A first version answers through the gateway; its failures lead to a second one, which is judged on held-out
    questions, released through a gate, tried live; a bad one is caught. Needs no key and no network. Exit status 0
    whatever the verdict.
    """
    answering = chosen(model, base_url, key)
    talk.print(_first_line(answering), soft_wrap=True)
    target = (report or (keep or Path.cwd()) / "hone-demo.html").absolute()
    ideas = _ideas()
    with _folder(keep) as folder:
        write(folder, answering, ideas)
        _check_writable(target)
        house = House(load(folder, _environment()))
        try:
            with Server(house, "127.0.0.1", _port(house, serve, port), look_every=_LOOK_EVERY) as server:
                story = Loop(house, server, answering, ideas, limit=limit).run()
                save(story, target)
                if as_json_:
                    print_json(as_json(story, target, keep))
                else:
                    _print(story, target, keep)
                if serve:
                    _serve(server.url)
        finally:
            house.close()


def _first_line(model: Chosen) -> str:
    if model.generative:
        return f"[bold]hone demo[/bold] · the model is [bold]{escape(model.use)}[/bold]"
    line = "[bold]hone demo[/bold] · the model is [bold]extractive[/bold]: it picks sentences, it does not write them"
    other = offered()
    return f"{line} [dim](--model {escape(other)} would)[/dim]" if other else line


def _ideas() -> Ideas:
    """What is tried: search by meaning, where its model is installed."""
    try:
        embedders.load("minilm")()
    except MissingExtra as missing:
        talk.print(f"search by meaning is not installed, so words alone are tried: {missing.hint}", markup=False)
        return BY_WORDS
    return BY_MEANING


def _environment() -> dict[str, str]:
    """Without what points at the user's own hone: the demonstration keeps to its folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HONE_") or name == "HONE_PORT"}


def _check_writable(target: Path) -> None:
    """Before minutes of work, not after them."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as problem:
        raise ProjectError(
            f"cannot write to {target.parent} ({problem.strerror})", hint="name another file with --report"
        ) from None


def _port(house: House, serve: bool, port: int | None) -> int:
    """The usual one for people who want to look; a free one while nobody does."""
    if port is not None:
        return port
    return house.project.server.port if serve else 0


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        with suppress(FileExistsError):
            keep.mkdir(parents=True)
        yield keep
        return
    made = Path(tempfile.mkdtemp(prefix="hone-demo-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _serve(url: str) -> None:
    """Stay up until ctrl-c or SIGTERM."""
    over = threading.Event()
    before = {number: signal.signal(number, lambda *_: over.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    for path, what in (
        ("/", "overview"), ("/ask", "be the user"), ("/traces", "every call"), ("/experiments", "what was judged"),
        (f"/releases/{TASK}", "who answers, and why"),
    ):  # fmt: skip
        talk.print(f"  {url}{path:<18} {what}", markup=False)
    talk.print("still serving; ctrl-c stops")
    over.wait()
    for number, handler in before.items():
        signal.signal(number, handler)


def _print(story: Story, report: Path, keep: Path | None) -> None:
    first, second = story.turns
    out.print(f"\n[bold]held-out questions, answered right[/bold] [dim](n = {first.comparison.n})[/dim]")
    table = Table(box=None, show_header=False, pad_edge=False)
    for _ in range(4):
        table.add_column()
    for one in story.variants:
        table.add_row(
            one.name, _bar(one), f"[bold]{one.mean:.1%}[/bold]", f"[dim]{one.low:.1%} to {one.high:.1%}[/dim]"
        )
    out.print(table)
    for turn, which in ((first, "first turn: "), (second, "second turn:")):
        out.print(f"{which} {sentence(turn.comparison)}", markup=False, soft_wrap=True)
    out.print(f"released:    {story.released or 'nothing: the gate stayed closed'}", markup=False)
    back = f"{story.rolled_back}, after {story.canary.calls} calls of its own" if story.rolled_back else "nothing"
    out.print(f"rolled back: {back}", markup=False)
    out.print(f"cost:        {dollars(story.cost)}, {story.seconds:.0f} seconds", markup=False)
    out.print(f"report:      {report}", markup=False, soft_wrap=True)
    if keep is not None:
        out.print(f"project:     {keep}: cd there, then `hone traces list` or `hone up`", markup=False, soft_wrap=True)


def _bar(one: Measured) -> Any:
    """The mean as a bar, the interval as its frayed end."""
    low, mean, high = (round(value * _BAR) for value in (one.low, one.mean, one.high))
    return "█" * low + "▓" * (mean - low) + "░" * (high - mean)
