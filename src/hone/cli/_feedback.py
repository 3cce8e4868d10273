"""`hone feedback add`: one score."""

from pathlib import Path

import click

from hone.cli._near import connected
from hone.cli._say import print_json, shared_options, talk
from hone.client import score
from hone.core import from_json
from hone.local import Hone


@click.group("feedback")
def command() -> None:
    """Scores of spans, traces and sessions."""


@command.command("add")
@click.argument("target")
@click.argument("name")
@click.argument("value")
@click.option(
    "--kind", type=click.Choice(["span", "trace", "session"]), help="What TARGET is; by default a trace or span id."
)
@click.option("--by", type=click.Choice(["human", "judge", "code", "user"]), default="human", show_default=True)
@click.option("--comment", help="Why.")
@click.option("--id", "score_id", help="The same id given twice is kept once.")
@shared_options
def add(
    target: str,
    name: str,
    value: str,
    kind: str | None,
    by: str,
    comment: str | None,
    score_id: str | None,
    as_json: bool,
    folder: Path | None,
) -> None:
    """Score TARGET. VALUE is true, false, a number or a word.

    TARGET may be the id of a trace as `hone traces list` shows it.

    \b
    hone feedback add 4bf92f3577 helpful true --comment "solved it"
    """
    with connected(folder) as to:
        aim = {kind: target} if kind else target
        made = score(aim, name, _value(value), by=by, comment=comment, id=score_id)
        if isinstance(to, Hone) and name not in (known := to.house.project.metrics):
            talk.print(f"note: hone.toml declares no metric {name!r}; it has: {', '.join(known)}", markup=False)
    if as_json:
        print_json({"id": made})
    else:
        talk.print(f"scored: {made}", markup=False)


def _value(text: str) -> bool | float | str:
    try:
        value = from_json(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text
