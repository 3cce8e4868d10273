"""`hone evals promptfoo FILE`: a config of promptfoo (or of OpenAI's evals) run as it stands."""

from pathlib import Path

import click

from hone.cli._evals import command as evals
from hone.cli._say import talk


@click.command("promptfoo", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--leave-out", is_flag=True, help="Leave out assertions that have no counterpart, such as JavaScript.")
@click.pass_context
def promptfoo(context: click.Context, file: Path, leave_out: bool) -> None:
    """Run a promptfooconfig.yaml: every prompt with every provider over every test.

    A project is made of it in .hone/imported beside the file, and brought up to date at each run; answers are kept
    there. Every option of `hone evals run` may follow.

    \b
    hone evals promptfoo promptfooconfig.yaml --limit 20 --html report.html
    """
    from hone.evals.interop import unfold

    made = unfold(file, leave_out=leave_out)
    for note in made.notes:
        talk.print(note, markup=False, style="yellow", soft_wrap=True)
    arguments = [*made.targets, "--data", made.dataset, "--project", str(made.folder), *context.args]
    if "--compare" in arguments and "--metric" not in arguments:
        arguments += ["--metric", "pass"]  # what a test comes to, rather than how long it took
    run = evals.commands["run"]
    with run.make_context("run", arguments, parent=context.parent) as inner:
        run.invoke(inner)
