"""`hone run TASK`: one call, in this process or on the server at HONE_URL."""

import sys
from pathlib import Path

import click

from hone.cli._near import connected
from hone.cli._say import dollars, print_json, shared_options, talk
from hone.client import run
from hone.core import from_json
from hone.errors import CallError


@click.command("run")
@click.argument("task")
@click.argument("text", required=False)
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    help="An input by name; JSON values are read as JSON.",
)
@click.option("--session", help="Calls of one session get the same variant.")
@click.option("--user", help="Whom the call is for.")
@click.option("--tag", "tags", multiple=True, help="May be given several times.")
@shared_options
def command(
    task: str,
    text: str | None,
    inputs: tuple[str, ...],
    session: str | None,
    user: str | None,
    tags: tuple[str, ...],
    as_json: bool,
    folder: Path | None,
) -> None:
    """Run TASK once. TEXT is the input of a task that takes one string; `-` reads it from standard input.

    \b
    hone run answer "Where is my parcel?"
    hone run answer@concise -i question="Where is my parcel?" --json
    """
    if text is not None and inputs:
        raise CallError("give the input as TEXT or with --input, not both")
    values = dict(_named(pair) for pair in inputs)
    with connected(folder):
        reply = run(task, (sys.stdin.read() if text == "-" else text) or values, session=session, user=user, tags=tags)
    if as_json:
        print_json(reply)
        return
    click.echo(reply.text)
    talk.print(
        f"{reply.variant or reply.model} · {dollars(reply.cost)} · trace {reply.trace_id}", style="dim", markup=False
    )


def _named(pair: str) -> tuple[str, object]:
    name, equals, value = pair.partition("=")
    if not equals or not name:
        raise CallError(f"{pair!r} is not NAME=VALUE")
    try:
        return name, from_json(value)
    except ValueError:
        return name, value
