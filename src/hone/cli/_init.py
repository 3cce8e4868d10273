"""`hone init`: a project that runs."""

from pathlib import Path

import click

from hone.cli._say import print_json, shared_options, talk
from hone.project import scaffold


@click.command("init")
@click.argument("name", required=False)
@shared_options
def command(name: str | None, as_json: bool, folder: Path | None) -> None:
    """Start a project in the folder NAME, or in --project DIR, or right here."""
    target = folder or Path(name or ".")
    made = scaffold(target, name or target.resolve().name)
    if as_json:
        print_json({"project": str(target.resolve()), "files": [str(path) for path in made]})
        return
    for path in made:
        talk.print(f"  wrote {path}", style="dim", markup=False)
    go = f"cd {target} && " if target.resolve() != Path.cwd() else ""
    talk.print(f'next: {go}hone run answer "Where is my parcel?", then {go}hone up', markup=False)
