"""`hone evals import FILE`: a config of promptfoo or of OpenAI's evals, taken over into the project."""

from pathlib import Path

import click
from msgspec import Struct

from hone.cli._say import out, print_json, shared_options, talk
from hone.errors import ProjectError
from hone.project import find


class Taken(Struct, frozen=True, kw_only=True):
    """What was written, and what is to be added to hone.toml where the project has one."""

    task: str
    examples: int
    files: list[str]
    targets: tuple[str, ...]
    toml: str
    notes: tuple[str, ...]


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Of the task and the dataset; of a registry with several evals also which one.")
@click.option("--model", help="Answers where the config names no model, such as openai/gpt-5-mini.")
@click.option("--leave-out", is_flag=True, help="Leave out assertions that have no counterpart, such as JavaScript.")
@shared_options
def import_(
    file: Path, name: str | None, model: str | None, leave_out: bool, as_json: bool, folder: Path | None
) -> None:
    """Take over a promptfooconfig.yaml, or a registry file of OpenAI's evals.

    Prompts and the dataset are written, and nothing is overwritten. What belongs to hone.toml is printed; in a folder
    without a project that file is written too.

    \b
    hone evals import promptfooconfig.yaml --name support
    hone evals run support --data support
    """
    from hone.evals.interop import read, taken_over

    found = read(file, name=name, model=model, leave_out=leave_out)
    root = folder or _project(Path.cwd())
    fresh = not (root / "hone.toml").exists()
    files = [str(path.relative_to(root)) for path in taken_over(found, root)]
    taken = Taken(
        task=found.task, examples=len(found.examples), files=files, targets=found.targets, toml=found.toml(),
        notes=found.notes,
    )  # fmt: skip
    if as_json:
        print_json(taken)
        return
    for note in found.notes:
        talk.print(note, markup=False, style="yellow", soft_wrap=True)
    talk.print(f"{taken.examples} examples, {len(found.prompts)} prompts: {', '.join(files)}", markup=False)
    if not fresh:
        talk.print("add to hone.toml:")
        out.print(taken.toml, markup=False, soft_wrap=True)
    talk.print(f"then: hone evals run {' '.join(found.targets)} --data {found.task}", markup=False, soft_wrap=True)


def _project(here: Path) -> Path:
    """The project here or above; a folder without one becomes one."""
    try:
        return find(here)
    except ProjectError:
        return here
