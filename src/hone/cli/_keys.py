"""`hone keys`: who may call, what each may ask for, and how much of it."""

import getpass
import time
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.table import Table

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.errors import CallError
from hone.gateway import Key, Listed
from hone.project import duration
from hone.store import AccessKey


@click.group("keys")
def command() -> None:
    """Keys for applications and people: made, listed, rotated, revoked."""


@command.command("create")
@click.argument("name")
@click.option("--task", "tasks", multiple=True, help="A task it may ask for; `*` stands for anything.")
@click.option("--model", "models", multiple=True, help="A model it may ask for directly, the same way.")
@click.option("--environment", help="Its calls are routed by the releases of this environment, and of no other.")
@click.option("--tag", "tags", multiple=True, help="On every call of it, such as tier:trial.")
@click.option("--spend", help='At most so many dollars: "5 USD / day".')
@click.option("--rate", help='At most so many calls: "20 / minute".')
@click.option("--tokens", help='At most so many tokens: "100000 / minute".')
@click.option("--expires", help="After so long: 90d.")
@shared_options
def create(name: str, expires: str | None, as_json: bool, folder: Path | None, **settings: Any) -> None:
    """Make a key called NAME. Its secret is shown this once; what is kept is a hash.

    \b
    hone keys create web-shop --task answer --spend "5 USD / day" --rate "60 / minute"
    """
    until = None if expires is None else time.time_ns() + int(_seconds(expires) * 1e9)
    with opened(folder) as house:
        row, secret = house.keys.create(msgspec.convert({"name": name, **settings}, Key), by=_me(), expires=until)
    _show_secret(row, secret, as_json)


@command.command("rotate")
@click.argument("name")
@click.option(
    "--overlap", default="1d", show_default=True, help="How long the old secret stays valid; `0` ends it now."
)
@shared_options
def rotate(name: str, overlap: str, as_json: bool, folder: Path | None) -> None:
    """A new secret for the key NAME, with the same rights."""
    seconds = 0.0 if overlap == "0" else _seconds(overlap)
    with opened(folder) as house:
        row, secret = house.keys.rotate(name, by=_me(), overlap=seconds)
    _show_secret(row, secret, as_json)


@command.command("revoke")
@click.argument("name")
@shared_options
def revoke(name: str, as_json: bool, folder: Path | None) -> None:
    """End the key NAME. Running servers refuse it within a second."""
    with opened(folder) as house:
        house.keys.revoke(name)
    if as_json:
        print_json({"name": name, "revoked": True})
    else:
        talk.print(f"revoked: {name}", markup=False)


@command.command("list")
@shared_options
def list_keys(as_json: bool, folder: Path | None) -> None:
    """Every key there is and was. Secrets are kept nowhere."""
    with opened(folder) as house:
        found = house.keys.listed()
    if as_json:
        print_json({"items": [_told(key) for key in found], "next": None})
        return
    if not found:
        talk.print("nothing yet: hone keys create NAME")
        return
    table = Table(box=None)
    for column in ("key", "ends in", "state", "tasks", "models", "environment", "tags", "limits", "created", "by"):
        table.add_column(column)
    for key in found:
        limits = ", ".join(
            filter(None, (key.spend, key.rate and f"{key.rate} calls", key.tokens and f"{key.tokens} tokens"))
        )
        anything = "" if key.tasks or key.models else "any"
        table.add_row(
            key.name, f"...{key.ending}", key.state, ", ".join(key.tasks) or anything,
            ", ".join(key.models) or anything, key.environment or "any", ", ".join(key.tags), limits,
            time.strftime("%Y-%m-%d", time.localtime(key.created / 1e9)), key.by,
        )  # fmt: skip
    out.print(table)


def _show_secret(row: AccessKey, secret: str, as_json: bool) -> None:
    if as_json:
        print_json({"id": row.id, "name": row.name, "secret": secret, "expires": row.expires})
        return
    talk.print(f"the key {row.name!r}; this is the only time that its secret is shown:", markup=False)
    out.print(secret, markup=False, soft_wrap=True)


def _told(key: Listed) -> dict[str, Any]:
    """Only a server knows when a key was used."""
    return {name: value for name, value in msgspec.to_builtins(key).items() if name != "used"}


def _seconds(text: str) -> float:
    try:
        return duration(text)
    except ValueError as problem:
        raise CallError(str(problem)) from None


def _me() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
