"""How the command speaks: JSON or tables on stdout, everything else on stderr."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console

from hone.core import to_json
from hone.errors import CallError, HoneError, MissingExtra, NotFound, ProjectError

F = TypeVar("F", bound=Callable[..., Any])

out = Console(highlight=False)
talk = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON object on stdout. Structs become objects."""
    # Half a surrogate pair, which traces and datasets may hold, is written as an escape.
    click.echo(msgspec.json.format(to_json(msgspec.to_builtins(value)), indent=2))


def complain(error: HoneError) -> int:
    """Say what happened and the way out; the exit status that goes with it."""
    print(f"error: {error.message}", file=sys.stderr)  # noqa: T201 - plain, so that nothing in it is read as markup
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)  # noqa: T201
    if isinstance(error, NotFound):
        return 1
    return 2 if isinstance(error, ProjectError | CallError | MissingExtra) else 1


def shared_options(function: F) -> F:
    """`--json` and `--project DIR`, which every verb takes."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.option(
        "--project",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        default=None,
        help="The project's folder; by default the nearest one with a hone.toml, upwards from here.",
    )
    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapped  # type: ignore[return-value]


def short(text: str, most: int = 100) -> str:
    """A text as one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def dollars(cost: float | None) -> str:
    """A cost as people read it; unknown is not nothing."""
    if cost is None:
        return "cost unknown"
    return "free" if cost == 0 else f"${cost:.6f}"
