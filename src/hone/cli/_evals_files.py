"""`--html`, `--junit` and `--github`: what a run leaves behind for people and for CI."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import Struct

from hone.cli._say import talk
from hone.core import from_json
from hone.evals import Comparison, Run

F = TypeVar("F", bound=Callable[..., Any])


class Files(Struct, frozen=True, kw_only=True):
    """Which reports were asked for."""

    html: Path | None = None
    junit: Path | None = None
    github: bool = False

    def write(self, run: Run, comparison: Comparison | None, root: Path) -> None:
        """Write them. `root` is the project's folder."""
        if self == Files():
            return
        from hone.evals.reports import write

        data = root / "datasets" / f"{run.experiment.dataset}.jsonl"
        commands = write(
            run, comparison, html=self.html, junit_file=self.junit, github=self.github,
            file=_from_here(data) if data.exists() else None, lines=_lines(data) if self.github else None,
        )  # fmt: skip
        # GitHub reads its commands from both streams; stdout is for data.
        for line in commands:
            click.echo(line, err=True)
        for path in (self.html, self.junit):
            if path is not None:
                talk.print(f"written: {path}", markup=False, soft_wrap=True)


def files_options(function: F) -> F:
    """The options, handed over as one `files`."""

    @click.option(
        "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page that needs nothing else."
    )
    @click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML, for CI.")
    @click.option("--github", is_flag=True, help="Annotations, and the job's summary where GitHub has one.")
    @functools.wraps(function)
    def wrapped(*args: Any, html: Path | None, junit: Path | None, github: bool, **kwargs: Any) -> Any:
        return function(*args, files=Files(html=html, junit=junit, github=github), **kwargs)

    return wrapped  # type: ignore[return-value]


def _from_here(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _lines(path: Path) -> dict[str, int]:
    """Where each example that has an id stands; one without is not found."""
    found: dict[str, int] = {}
    if path.exists():
        for number, line in enumerate(path.read_text("utf-8-sig", "replace").splitlines(), 1):
            try:
                value = from_json(line)
            except ValueError:
                continue
            if isinstance(value, dict) and value.get("id"):
                found[str(value["id"])] = number
    return found
