"""`hone releases show|promote|canary|rollback|apply`: which variant gets which traffic."""

import getpass
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.core import utc
from hone.errors import CallError, GateClosed
from hone.releases import Live
from hone.store import Release

_environment = click.option("--environment", help="By default HONE_ENV, else production.")
_reason = click.option("--reason", help="Why; kept in the history.")


@click.group("releases")
def command() -> None:
    """Releases of tasks, with their history."""


@command.command("show")
@click.argument("task")
@click.option("--metric", help="How the variants do in live traffic: a metric, error_rate or latency.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Of the history.")
@_environment
@shared_options
def show(
    task: str, metric: str | None, limit: int, environment: str | None, as_json: bool, folder: Path | None
) -> None:
    """Who answers TASK now, what came before, and with --metric how it goes."""
    with opened(folder) as house:
        weights = house.releases.current(task, environment)
        history = house.releases.history(task, environment, limit=limit)
        live = house.releases.live(task, metric, environment) if metric else None
        decision = house.releases.should_roll_back(task, environment)
        where = environment or house.project.environment
    if as_json:
        about = {"task": task, "environment": where, "weights": weights, "live": live, "rollback": decision}
        print_json({**about, "items": history, "next": None})
        return
    out.print(f"{task} in {where}: {_shares(weights)}", markup=False)
    out.print(_table(history))
    if live is not None:
        _print_live(live)
    out.print(f"roll back: {'yes' if decision.roll_back else 'no'}; {decision.reason}", markup=False, style="dim")


@command.command("promote")
@click.argument("target", metavar="TASK@VARIANT")
@click.option("--force", is_flag=True, help="Past a closed gate; the history says so.")
@_environment
@_reason
@shared_options
def promote(
    target: str, force: bool, environment: str | None, reason: str | None, as_json: bool, folder: Path | None
) -> None:
    """Give a variant all of the traffic, if its gate is open. Exit status 1 when it is closed."""
    task, variant = _split(target)
    with opened(folder) as house:
        try:
            made = house.releases.promote(task, variant, environment, by=_who(), reason=reason, force=force)
        except GateClosed as closed:
            if as_json:
                print_json({"error": closed.message, "hint": closed.hint, "gate": closed.details["gate"]})
            raise
    _told(made, as_json)


@command.command("canary")
@click.argument("target", metavar="TASK@VARIANT")
@click.option("--share", type=float, default=0.05, show_default=True, help="Between 0 and 1.")
@_environment
@_reason
@shared_options
def canary(
    target: str, share: float, environment: str | None, reason: str | None, as_json: bool, folder: Path | None
) -> None:
    """Give a variant a share of the traffic."""
    task, variant = _split(target)
    with opened(folder) as house:
        made = house.releases.canary(task, variant, share, environment, by=_who(), reason=reason)
    _told(made, as_json)


@command.command("rollback")
@click.argument("task")
@_environment
@_reason
@shared_options
def rollback(task: str, environment: str | None, reason: str | None, as_json: bool, folder: Path | None) -> None:
    """Back to the release before. Done twice, it goes back by two."""
    with opened(folder) as house:
        made = house.releases.rollback(task, environment, by=_who(), reason=reason)
    _told(made, as_json)


@command.command("apply")
@click.argument("task")
@_environment
@_reason
@shared_options
def apply(task: str, environment: str | None, reason: str | None, as_json: bool, folder: Path | None) -> None:
    """Release the shares that stand in hone.toml."""
    with opened(folder) as house:
        made = house.releases.apply(task, environment, by=_who(), reason=reason)
    _told(made, as_json)


def _split(target: str) -> tuple[str, str]:
    task, at, variant = target.partition("@")
    if not at or not task or not variant:
        raise CallError(f"{target!r} names no variant", hint="write TASK@VARIANT, such as answer@concise")
    return task, variant


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "cli"  # a container may run as a user without a name


def _told(made: Release, as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        line = f"{made.action}: {made.task} in {made.environment} is now {_shares(made.weights)}"
        talk.print(line + (f" ({made.reason})" if made.reason else ""), markup=False, soft_wrap=True)


def _shares(weights: Any) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in weights.items())


def _table(history: list[Release]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("release", "when", "what", "shares", "by", "why"):
        table.add_column(column)
    for each in history:
        when = f"{utc(each.created):%Y-%m-%d %H:%M:%S}"
        table.add_row(str(each.id), when, each.action, _shares(each.weights), each.by, each.reason or "")
    return table


def _print_live(live: Live) -> None:
    if not any(each.n for each in live.variants):
        out.print(f"no call since this release has a score {live.metric!r}", markup=False)
        return
    for each in live.variants:
        doubt = "" if each.low is None else f", 95 % interval {each.low:.4g} to {each.high:.4g}"
        value = "no value" if each.mean is None else f"{each.mean:.4g}"
        out.print(f"{each.variant}: {each.metric} {value}, n = {each.n}{doubt}", markup=False)
    if live.comparison is not None:
        out.print(str(live.comparison), markup=False, soft_wrap=True)
