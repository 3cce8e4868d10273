"""`hone budgets`: what of each limit is used."""

from pathlib import Path

import click
from rich.table import Table

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.gateway import Standing


@click.group("budgets")
def command() -> None:
    """Limits on money, calls and tokens, of hone.toml and of keys."""


@command.command("list")
@shared_options
def list_budgets(as_json: bool, folder: Path | None) -> None:
    """How every budget stands: used, held by calls that are going on, and left."""
    with opened(folder) as house:
        found = house.budgets()
    if as_json:
        print_json({"items": found, "next": None})
        return
    if not found:
        talk.print("nothing yet: add [budgets.NAME] to hone.toml, or hone keys create NAME --spend ...", markup=False)
        return
    table = Table(box=None)
    for column in ("budget", "of", "limit"):
        table.add_column(column)
    for column in ("used", "held", "left"):
        table.add_column(column, justify="right")
    for each in found:
        table.add_row(each.budget, each.who, f"{_said(each, each.limit)} / {each.per}", *(
            _said(each, amount) for amount in (each.used, each.held, each.left)
        ))  # fmt: skip
    out.print(table)


def _said(each: Standing, amount: float) -> str:
    return f"${amount:,.4g}" if each.measure == "spend" else f"{amount:,.0f} {each.measure}"
