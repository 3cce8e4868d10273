"""`hone doctor`: the common faults of a project and a machine, each with a way out."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import click
from msgspec import Struct

from hone.cli._say import out, print_json, shared_options
from hone.errors import HoneError, MissingExtra, ProjectError
from hone.project import Project, find, load

_LEAST_FREE = 1_000_000_000


class Finding(Struct, frozen=True):
    """One thing looked at."""

    name: str
    state: Literal["ok", "warn", "fail"]
    said: str
    hint: str | None = None


@click.command("doctor")
@shared_options
def command(as_json: bool, folder: Path | None) -> None:
    """Look for the common faults. Exit status 1 when something is broken."""
    findings = list(_look(folder))
    if as_json:
        print_json({"items": findings, "next": None})
    else:
        for finding in findings:
            colour = {"ok": "green", "warn": "yellow", "fail": "red"}[finding.state]
            out.print(f"[{colour}]{finding.state:>4}[/{colour}]  {finding.name}: ", end="")
            out.print(finding.said + (f"\n      {finding.hint}" if finding.hint else ""), markup=False)
    if any(finding.state == "fail" for finding in findings):
        sys.exit(1)


def _look(folder: Path | None) -> Iterator[Finding]:
    yield _python()
    found: list[Project] = []
    yield _try("project", partial(_project, folder, found))
    for project in found:
        yield from _variables(project)
        yield _try("prompts", partial(_prompts, project))
        yield _disk(project.state)
        yield _try("database", partial(_database, project))
        yield _releases(project)
        yield _try("knowledge", partial(_knowledge, project))
        yield _meaning()
        yield _port(project)
        yield from _servers(project)
    yield _key()


def _try(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", look())
    except HoneError as error:
        return Finding(name, "fail", error.message, error.hint)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    extras = [
        name
        for name, module in (("postgres", "psycopg"), ("demo", "openai"), ("embed", "tokenizers"))
        if find_spec(module)
    ]
    return Finding("python", "ok", f"{version}; extras: {', '.join(extras) or 'none'}")


def _project(folder: Path | None, found: list[Project]) -> str:
    project = load(folder or find(Path.cwd()))
    found.append(project)
    return f"{project.name} in {project.root}: {len(project.tasks)} tasks, {len(project.models)} models"


def _variables(project: Project) -> Iterator[Finding]:
    for model in project.models.values():
        for variable in model.missing:
            hint = f"export {variable}=..."
            yield Finding(
                "environment", "warn", f"{variable} is not set, so the model {model.alias!r} cannot be called", hint
            )


def _prompts(project: Project) -> str:
    from hone.prompts import load_folder

    return f"{len(load_folder(project.root / 'prompts'))} prompts parse"


def _disk(state: Path) -> Finding:
    place = next(path for path in (state, *state.parents) if path.exists())
    if not os.access(place, os.W_OK):
        return Finding("disk", "fail", f"{place} cannot be written", "change its owner, or set HONE_HOME")
    free = shutil.disk_usage(place).free
    said = f"{free / 1e9:.1f} GB free at {place}"
    return (
        Finding("disk", "ok", said) if free > _LEAST_FREE else Finding("disk", "warn", said, "make room: spans need it")
    )


def _database(project: Project) -> str:
    from hone.store import open_database

    engine = open_database(project.database_url)
    said = f"{engine.dialect.name} opens, and its schema is current"
    engine.dispose()
    return said


def _releases(project: Project) -> Finding:
    from hone.local import House

    try:
        house = House(project)
    except HoneError:
        return Finding("releases", "warn", "not looked at, since the project does not open")
    waiting = house.waiting_releases()
    house.close()
    if not waiting:
        return Finding("releases", "ok", "as hone.toml says")
    said = f"hone.toml says something else than the catalog for {', '.join(waiting)}, and the catalog's history wins"
    return Finding("releases", "warn", said, f"to release what the file says: hone releases apply {waiting[0]}")


def _knowledge(project: Project) -> str:
    from hone.knowledge import documents

    counted = {
        name: sum(1 for _ in documents(config.sources, project.root)) for name, config in project.knowledge.items()
    }
    return ", ".join(f"{name}: {count} documents" for name, count in counted.items()) or "none declared"


def _meaning() -> Finding:
    """The model of semantic search: without it all is searched by words, and the extractive model reads words alone."""
    try:
        from hone.providers import embedders

        return Finding("embeddings", "ok", f"minilm, {embedders.load('minilm')().sha256[:12]}")
    except MissingExtra as missing:
        return Finding("embeddings", "ok", "none: search and the extractive model go by words alone", missing.hint)
    except ProjectError as wrong:
        return Finding("embeddings", "warn", wrong.message, wrong.hint)


def _port(project: Project) -> Finding:
    host, port = project.server.host, project.server.port
    if _answers(host, port):
        return Finding(
            "port", "warn", f"{host}:{port} answers already", "a hone that is up, or another program: see --port"
        )
    return Finding("port", "ok", f"{host}:{port} is free")


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _servers(project: Project) -> Iterator[Finding]:
    """Does something listen where the project's own model servers should be? Vendors on the internet are not called."""
    for model in project.models.values():
        url = urlsplit(model.base_url or "")
        if url.hostname not in ("localhost", "127.0.0.1", "::1"):
            continue
        up = _answers(url.hostname, url.port or 80)
        state: Literal["ok", "warn"] = "ok" if up else "warn"
        yield Finding(
            "model server", state, f"{model.alias} at {model.base_url} {'answers' if up else 'does not answer'}"
        )


def _key() -> Finding:
    said = "set: every request must carry it" if os.environ.get("HONE_API_KEY") else "not set: loopback only"
    return Finding("HONE_API_KEY", "ok", said)
