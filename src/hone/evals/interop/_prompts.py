"""promptfoo's prompts as prompt files of hone: texts, files, and chats in JSON."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from hone.errors import PromptError
from hone.evals.interop._document import Document, Keys, text_of
from hone.evals.interop._files import found, is_file, kind, listed, mapping, refuse_code, shown
from hone.evals.interop._templates import escaped, jinja
from hone.prompts import parse

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_TEXTS = {".txt", ".md", ".j2", ".jinja", ".jinja2", ".json", ".yaml", ".yml", ".csv"}
_ELSEWHERE = ("langfuse://", "portkey://", "helicone://", "exec:", "python:", "ruby:", "golang:")


class Written(Struct, frozen=True):
    """One prompt, as the text of a prompt file. `label` is what providers choose it by."""

    name: str
    label: str
    source: str
    variables: tuple[str, ...]


def prompts(value: Any, at: Document, keys: Keys) -> list[Written]:
    """The prompts of a config. Without any it is `{{prompt}}`, as in promptfoo.

    Raises:
        ProjectError: one cannot be read; with file and line.
    """
    items = ["{{prompt}}"] if value is None else value if isinstance(value, list) else [value]
    made: list[Written] = []
    for number, each in enumerate(items):
        place = (*keys, str(number)) if isinstance(value, list) else keys
        for label, text, where in _texts(each, at, place):
            made.append(_written(label, text, where, at, place, len(made) + 1, {one.name for one in made}))
    return made


def _texts(item: Any, at: Document, keys: Keys) -> Iterator[tuple[str | None, str, str]]:
    """Label, text and place of each prompt that an entry means."""
    label = None
    if isinstance(item, dict):
        fields = mapping(item, at, keys, "a prompt")
        label = None if fields.get("label") is None else str(fields["label"])
        item = fields.get("raw", fields.get("id"))
    if not isinstance(item, str):
        raise at.error(f"a prompt is {kind(item)}, and should be a text or file://", keys)
    if item.startswith(_ELSEWHERE):
        raise at.error(f"the prompt {item!r} lives elsewhere", keys, "save its text in a file: file://prompt.txt")
    if not is_file(item) and not _is_path(item):
        yield label, item, f"{at.shown}:{at.line(keys)}"
        return
    paths = found(item, at, keys)
    for path in paths:
        refuse_code(path.name, at, keys)
        if path.suffix not in _TEXTS:
            raise at.error(f"the prompt {path.name!r} is a program", keys, "save what it writes as a text file")
        name = shown(path, at)
        many = list(_split(path, text_of(path, name), name))
        for n, (own, text) in enumerate(many, 1):
            stem = path.stem if len(many) == 1 else f"{path.stem}-{n}"
            yield own or (label if len(many) * len(paths) == 1 else None) or stem, text, name


def _is_path(text: str) -> bool:
    return "\n" not in text and "{{" not in text and Path(text).suffix in _TEXTS and " " not in text


def _split(path: Path, text: str, name: str) -> Iterator[tuple[str | None, str]]:
    if path.suffix == ".csv":
        for row in csv.DictReader(io.StringIO(text)):
            if row.get("prompt"):
                yield row.get("label") or None, str(row["prompt"])
    elif path.suffix in (".txt", ".md"):
        for part in re.split(r"(?m)^---\s*$", text):
            if part.strip():
                yield None, part.strip("\n")
    elif text.strip():
        yield None, text
    else:
        raise PromptError(f"the prompt is empty ({name}:1)")


def _written(
    label: str | None, text: str, where: str, at: Document, keys: Keys, number: int, taken: set[str]
) -> Written:
    chat = _chat(text)
    body = f"# user\n\n{escaped(jinja(text))}" if chat is None else _body(chat, at, keys, where)
    source = f"{body.strip()}\n"
    name = base = re.sub(r"[^A-Za-z0-9_-]+", "-", label or f"prompt-{number}").strip("-").lower()[:60] or "prompt"
    while name in taken:
        name = f"{base}-{number}"
        number += 1
    try:
        made = parse(source, f"prompts/{name}.prompt.md")
    except PromptError as problem:
        what = re.sub(r" \([^()]*\)$", "", problem.message)
        raise at.error(f"the prompt is no template: {what}", keys, problem.hint or f"it stands in {where}") from None
    return Written(name, label or name, source, made.variables)


def _chat(text: str) -> list[Any] | None:
    """The messages, when the text is a chat in JSON or YAML."""
    if not text.lstrip().startswith(("[", "- role")):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            return None
    chat = isinstance(value, list) and all(isinstance(each, dict) and "role" in each for each in value)
    return value if chat and value else None


def _body(chat: list[Any], at: Document, keys: Keys, where: str) -> str:
    parts = []
    for each in chat:
        role = _ROLES.get(str(each["role"]))
        if role is None:
            raise at.error(f"a prompt has no messages of the role {each['role']!r} ({where})", keys,
                           "system, user and assistant")  # fmt: skip
        parts.append(f"# {role}\n\n{escaped(jinja(_text(each.get('content'), at, keys, where)))}")
    return "\n\n".join(parts)


def _text(content: Any, at: Document, keys: Keys, where: str) -> str:
    if isinstance(content, str):
        return content
    texts = []
    for part in listed(content, at, keys, f"the content of a message ({where})"):
        if not isinstance(part, dict) or not isinstance(part.get("text"), str):
            raise at.error(f"a message holds more than text ({where})", keys, "prompt files are text alone")
        texts.append(part["text"])
    return "\n\n".join(texts)
