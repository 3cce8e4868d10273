"""What a config of another tool is here: prompts, models, one task with its variants, and examples that know how they
are judged."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals.interop._prompts import Written
from hone.evals.interop._providers import Model

BASELINE = "baseline"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Pairing(Struct, frozen=True):
    """A prompt and the model that answers it: one variant. The first one is the task's `baseline`."""

    variant: str
    prompt: str
    model: str


class Imported(Struct, frozen=True, kw_only=True):
    """One config, read. `notes` say what was left out and where it stood."""

    task: str
    prompts: tuple[Written, ...]
    models: tuple[Model, ...]
    pairings: tuple[Pairing, ...]
    inputs: Mapping[str, str]  # field -> type
    examples: tuple[Example, ...]
    code: Mapping[str, str] = {}  # Python of the config: path inside the project -> text
    webhooks: tuple[str, ...] = ()  # the URLs that its tests ask, which hone.toml has to name
    notes: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """What to run: `support@baseline`, `support@concise-gpt-5` ..."""
        return tuple(f"{self.task}@{each.variant}" for each in self.pairings)

    def top(self) -> str:
        """What stands above the tables of hone.toml."""
        return f"webhooks = {_toml(self.webhooks)}\n" if self.webhooks else ""

    def toml(self) -> str:
        """The tables of hone.toml: models, the task, its variants."""
        lines = [line for model in self.models for line in _model(model)]
        first, *others = self.pairings
        inputs = ", ".join(f"{_key(name)} = {_toml(kind)}" for name, kind in self.inputs.items())
        lines += [f"[tasks.{_key(self.task)}]", f"input = {{ {inputs} }}", *_settings(first)]
        for each in others:
            lines += ["", f"[tasks.{_key(self.task)}.variants.{_key(each.variant)}]", *_settings(each)]
        return "\n".join(lines) + "\n"


def pairings(prompts: Iterable[Written], models: Iterable[Model]) -> tuple[Pairing, ...]:
    """Every prompt with every model that takes it."""
    found = [(prompt, model) for model in models for prompt in prompts if _takes(model, prompt)]
    several = len({prompt.name for prompt, _ in found}), len({model.alias for _, model in found})
    made = []
    for number, (prompt, model) in enumerate(found):
        parts = [name for name, many in ((prompt.name, several[0]), (model.alias, several[1])) if many > 1]
        made.append(Pairing(BASELINE if number == 0 else "-".join(parts), prompt.name, model.alias))
    return tuple(made)


def slug(name: str) -> str:
    """A name as tasks, prompts and models have it."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-").lower()[:60] or "imported"


def task_name(name: str | None, usual: str) -> str:
    """The task's name, which is its dataset's too.

    Raises:
        CallError: it cannot be the name of a file.
    """
    if name is not None and _NAME.fullmatch(name) is None:
        raise CallError(f"{name!r} cannot be the name of a task", hint="letters, digits and _ . -")
    return name or slug(usual)


def _takes(model: Model, prompt: Written) -> bool:
    """By label, by the prefix of a group, or with a star at the end."""
    if model.prompts is None:
        return True
    return any(
        prompt.label == each or prompt.label.startswith(f"{each.removesuffix('*').removesuffix(':')}:")
        or (each.endswith("*") and prompt.label.startswith(each[:-1]))
        for each in model.prompts
    )  # fmt: skip


def with_inputs(examples: list[Example], names: Iterable[str]) -> tuple[dict[str, str], tuple[Example, ...]]:
    """One type for each input, and examples that have all of them.

    A task takes the same inputs every time; a template of promptfoo's writes nothing for what a test leaves out.
    """
    fields = list(dict.fromkeys([*names, *(name for each in examples for name in each.input)]))
    if not fields:
        named = [replace(each, input={"case": each.metadata.get("description") or each.id}) for each in examples]
        return {"case": "string"}, tuple(named)
    kinds = {
        name: _kind([each.input.get(name) for each in examples if isinstance(each.input, dict)]) for name in fields
    }
    return kinds, tuple(replace(each, input=_all(each.input, kinds)) for each in examples)


def _all(values: Any, kinds: Mapping[str, str]) -> dict[str, Any]:
    empty: dict[str, Any] = {"string": "", "boolean": False, "number": 0, "integer": 0, "array": [], "object": {}}
    made = {}
    for name, kind in kinds.items():
        value = values.get(name)
        made[name] = empty[kind] if value is None else _text(value) if kind == "string" else value
    return made


def _kind(values: list[Any]) -> str:
    found = {_KINDS.get(type(value), "string") for value in values if value is not None}
    if found == {"integer", "number"}:
        return "number"
    if len(found) != 1 or (found & {"integer", "number"} and None in values):
        return "string"
    return found.pop()


_KINDS: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)


def _model(model: Model) -> list[str]:
    lines = [f"[models.{_key(model.alias)}]", f"use = {_toml(model.use)}"]
    for name, value in (("base_url", model.base_url), ("api_key", model.api_key)):
        lines += [] if value is None else [f"{name} = {_toml(value)}"]
    if model.parameters:
        lines.append(f"parameters = {_toml(dict(model.parameters))}")
    return [*lines, ""]


def _settings(pairing: Pairing) -> list[str]:
    return [f"models = [{_toml(pairing.model)}]", f"prompt = {_toml(pairing.prompt)}"]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: Any) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(str(key))} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
