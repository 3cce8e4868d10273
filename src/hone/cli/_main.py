"""The command itself: its verbs, each loaded from a file of its own when it is used."""

import difflib
import os
import sys
from importlib import import_module
from typing import Any

import click

from hone import __version__
from hone.cli._say import complain
from hone.errors import HoneError

_VERBS = {
    "init": ("hone.cli._init", "Start a project in a folder: it runs at once, with no key."),
    "up": ("hone.cli._up", "Serve the project: gateway, API and telemetry on one port."),
    "run": ("hone.cli._run", "Run a task once and print the answer."),
    "traces": ("hone.cli._traces", "See what happened: list traces, show one."),
    "datasets": ("hone.cli._datasets", "Collect cases: import, grow, compare, check for leaks, export."),
    "evals": ("hone.cli._evals", "Measure variants over a dataset, and compare them."),
    "releases": ("hone.cli._releases", "Which variant gets which traffic: show, promote, canary, roll back."),
    "prompts": ("hone.cli._prompts", "Prompts and their versions: list, show, diff."),
    "feedback": ("hone.cli._feedback", "Add a score to a span, trace or session."),
    "keys": ("hone.cli._keys", "Who may call: create, list, rotate and revoke keys."),
    "budgets": ("hone.cli._budgets", "How limits on money, calls and tokens stand."),
    "batches": ("hone.cli._batches", "Files of calls that are answered beside the others: list, show, cancel."),
    "cache": ("hone.cli._cache", "Answers that may be used again: show, clear, measure."),
    "doctor": ("hone.cli._doctor", "Look for the common faults of a project and this machine."),
    "demo": ("hone.cli.demo", "The whole loop on real questions: serve, see, judge, release, and catch a bad change."),
}


class _Verbs(click.Group):
    """A group that knows its verbs by name and loads none before it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _VERBS:
            return None
        command: click.Command = import_module(_VERBS[name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _VERBS, n=1)
            ctx.fail(
                f"No such command {args[0]!r}: "
                + (f"did you mean `{near[0]}`?" if near else f"there are {', '.join(_VERBS)}")
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, about) for name, (_, about) in _VERBS.items()])


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "--version", message="hone %(version)s")
def cli() -> None:
    """The whole life of an LLM application on one machine: serve, see, listen, judge, adapt, release."""


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line. Exit status 0 is success, 1 a failed gate or nothing found, 2 a mistake in the call."""
    # Texts are embedded on a thread a core. Threads below each of those would only wait for each other, and busily:
    # measured on two cores, 1.6 times the CPU time, and 3 times for one small batch.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        cli.main(args=arguments, prog_name="hone")
    except HoneError as error:
        sys.exit(complain(error))
