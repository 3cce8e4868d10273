"""`hone init`: a project that runs."""

import re
import shlex
from pathlib import Path

import click

from hone.cli._say import print_json, shared_options, talk
from hone.errors import ProjectError
from hone.project import scaffold


@click.command("init")
@click.argument("name", required=False)
@shared_options
def command(name: str | None, as_json: bool, folder: Path | None) -> None:
    """Start a project in the folder NAME, or in --project DIR, or right here. It takes the folder's name."""
    target = folder or Path(name or ".")
    try:
        made = scaffold(target, _name(target))
    except OSError as problem:
        raise ProjectError(f"cannot write to {target} ({problem.strerror})", hint="choose another folder") from None
    if as_json:
        print_json({"project": str(target.resolve()), "files": [str(path) for path in made]})
        return
    for path in made:
        talk.print(f"  wrote {path}", style="dim", markup=False)
    steps = [] if target.resolve() == Path.cwd() else [f"cd {shlex.quote(str(target))}"]
    steps += ['hone run answer "When does a parcel count as lost?"', "hone up"]
    for number, step in enumerate(steps):
        talk.print(f"{'next: ' if number == 0 else '      '}{step}", markup=False, soft_wrap=True)


def _name(folder: Path) -> str:
    """The folder's name, with what a project's name cannot hold replaced."""
    return re.sub(r"[^\w.-]+", "-", folder.resolve().name).strip("-.") or "project"
