"""Finding a project and reading its hone.toml."""

import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import fields as fields_of
from msgspec.structs import replace

from hone.core import to_json
from hone.errors import ProjectError
from hone.project._check import check
from hone.project._lines import Keys
from hone.project._reader import Source
from hone.project._schemas import schema_of
from hone.project._secrets import refuse_secrets, resolve
from hone.project._shapes import Balanced, Gate, ModelConfig, Project, Rollback, Server, Settings, Task, Variant

FILE = "hone.toml"
BASELINE = "baseline"

_TYPES = {each.name: each.type for each in fields_of(Project)}
# Sections that are read as their types say; the others need more than that.
_PLAIN = ("metrics", "judges", "knowledge", "budgets", "retention", "server", "telemetry")
_SECTIONS = ("project", "webhooks", "models", "tasks", "releases", *_PLAIN)
_SETTINGS = [each.name for each in fields_of(Settings)]
_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def find(start: Path | str = ".") -> Path:
    """The folder at or above `start` that holds a hone.toml.

    Raises:
        ProjectError: there is none.
    """
    here = Path(start).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise ProjectError(f"no {FILE} in {here} or above it", hint="`hone init` makes a project here")


def load(folder: Path | str, env: Mapping[str, str] | None = None) -> Project:
    """The project in `folder`. `env` stands in for the environment variables of the process.

    Raises:
        ProjectError: hone.toml is missing or wrong; the message names the line, the hint what is near.
    """
    root = Path(folder).resolve()
    text = _text(root)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise _not_toml(problem, text) from None
    source = Source(FILE, text)
    project = _project(raw, source, root, os.environ if env is None else env)
    check(project, source)
    return replace(project, sha256=hashlib.sha256("\n".join([text, *_schemas(project)]).encode()).hexdigest())


def _schemas(project: Project) -> list[str]:
    """The texts of schemas that have a file of their own."""
    return [to_json(task.schema) for task in project.tasks.values() if isinstance(task.output, str)]


def _text(root: Path) -> str:
    path = root / FILE
    try:
        # Newlines are read as one kind; an editor's byte-order mark is no part of the text.
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise ProjectError(f"no {FILE} in {root}", hint="`hone init` makes a project here") from None
    except UnicodeDecodeError:
        raise ProjectError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from None
    except OSError as problem:
        raise ProjectError(f"{path} cannot be read: {problem.strerror}") from None


def _not_toml(problem: tomllib.TOMLDecodeError, text: str) -> ProjectError:
    what = str(problem)
    found = _LINE.search(what)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    what = _LINE.sub("", what)
    return ProjectError(f"{what[:1].lower()}{what[1:]} ({FILE}:{line})", hint="the syntax is TOML: https://toml.io")


def _project(raw: dict[str, Any], source: Source, root: Path, env: Mapping[str, str]) -> Project:
    for key in raw:
        if key not in _SECTIONS:
            raise source.unknown(f"unknown key `{key}`", (key,), key, _SECTIONS)
    refuse_secrets(raw, source)
    if "project" not in raw:
        raise source.error("the key `project` is missing", (), 'name the project: project = "support"')
    state = Path(env.get("HONE_HOME") or root / ".hone").resolve()
    return Project(
        name=source.read(raw["project"], str, ("project",)),
        root=root,
        environment=env.get("HONE_ENV") or "production",
        state=state,
        database_url=env.get("HONE_DATABASE_URL") or f"sqlite:///{state / 'hone.db'}",
        blobs_url=env.get("HONE_BLOBS_URL") or f"file://{state / 'blobs'}",
        webhooks=source.read(raw.get("webhooks", []), tuple[str, ...], ("webhooks",)),
        prompts=_prompts(root),
        **_models(raw.get("models", {}), source, env),
        tasks={
            name: _task(item, source, name, root)
            for name, item in source.table(raw.get("tasks", {}), ("tasks",)).items()
        },
        **_releases(raw.get("releases", {}), source),
        **{key: source.read(raw.get(key, {}), _TYPES[key], (key,)) for key in _PLAIN if key != "server"},
        server=_server(raw.get("server", {}), source, env),
    )


def _prompts(root: Path) -> dict[str, Path]:
    suffix = ".prompt.md"
    files = {path.name.removesuffix(suffix): path for path in (root / "prompts").glob(f"*{suffix}")}
    return dict(sorted(files.items()))


def _models(raw: Any, source: Source, env: Mapping[str, str]) -> dict[str, Any]:
    models: dict[str, ModelConfig] = {}
    balanced: dict[str, Balanced] = {}
    for alias, table in source.table(raw, ("models",)).items():
        path = ("models", alias)
        if "any" in source.table(table, path):
            balanced[alias] = source.read(table, Balanced, path, alias=alias)
        else:
            models[alias] = ModelConfig(alias=alias, **resolve(source.fields(table, ModelConfig, path), env))
    return {"models": models, "balanced": balanced}


def _task(raw: Any, source: Source, name: str, root: Path) -> Task:
    path = ("tasks", name)
    table = dict(source.table(raw, path))
    declared = source.table(table.pop("variants", {}), (*path, "variants"))
    fields = source.fields(table, Task, path)
    own = _switched_off({key: value for key, value in fields.items() if key in _SETTINGS})
    variants = {BASELINE: Variant(name=BASELINE, **own)}
    for variant, settings in declared.items():
        variants[variant] = _variant(settings, source, own, (*path, "variants", variant))
    schema = schema_of(fields.get("output"), root, source, (*path, "output"))
    return Task(name=name, **{**fields, **own}, schema=schema, variants=variants)


def _variant(raw: Any, source: Source, inherited: dict[str, Any], path: Keys) -> Variant:
    if path[-1] == BASELINE:
        raise source.error("the variant `baseline` is the task's own settings", path, "give it another name")
    set_here = source.fields(raw, Variant, path)
    # Each parameter is a setting of its own: a variant that changes one keeps the others.
    parameters = {**inherited.get("parameters", {}), **set_here.get("parameters", {})}
    return Variant(name=path[-1], **_switched_off({**inherited, **set_here, "parameters": parameters}))


def _switched_off(settings: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: `knowledge = ""` in a variant says that it does without."""
    return settings if settings.get("knowledge") != "" else {**settings, "knowledge": None}


def _releases(raw: Any, source: Source) -> dict[str, Any]:
    releases: dict[str, Any] = {}
    gates: dict[str, Gate] = {}
    rollbacks: dict[str, Rollback] = {}
    for task, table in source.table(raw, ("releases",)).items():
        path = ("releases", task)
        left = dict(source.table(table, path))
        if "gate" in left:
            gates[task] = source.read(left.pop("gate"), Gate, (*path, "gate"))
        if "rollback" in left:
            rollbacks[task] = source.read(left.pop("rollback"), Rollback, (*path, "rollback"))
        releases[task] = {name: _weights(item, source, (*path, name)) for name, item in left.items()}
    return {"releases": releases, "gates": gates, "rollbacks": rollbacks}


def _weights(raw: Any, source: Source, path: Keys) -> dict[str, float]:
    table = source.table(raw, path)
    return {name: source.read(weight, float, (*path, name)) for name, weight in table.items()}


def _server(raw: Any, source: Source, env: Mapping[str, str]) -> Server:
    table = dict(source.table(raw, ("server",)))
    port = env.get("HONE_PORT")
    if port and not (port.isdecimal() and int(port) <= 65_535):
        raise ProjectError(f"HONE_PORT is {port!r}, which is no port", hint="a number up to 65535")
    if port:
        table["port"] = int(port)
    server: Server = source.read(table, Server, ("server",))
    return server
