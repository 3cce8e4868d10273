"""Files of other tools, read with the line of every value, so that an error can say where."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from hone.errors import ProjectError

Keys = tuple[str, ...]
"""Where a value stands: keys and, as text, places in lists."""

_MOST = 300_000  # values of one file, those that aliases repeat counted each time


class _Core(yaml.SafeLoader):
    """YAML 1.2's core schema, which the tools in question read: to it `yes`, `on` and `12:30` are texts.

    Dates stay texts as well, for that is what a template shall write.
    """


_Core.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.nan",
        "-+.0123456789",
    ),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("merge", r"<<", "<"),
):
    _firsts = [*_first.replace("\0", ""), *([""] if "\0" in _first else [])]
    _Core.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _firsts)


def _integer(_: Any, node: yaml.ScalarNode) -> int:
    return int(node.value, 0) if re.match(r"0[ox]", node.value) else int(node.value)


def _float(_: Any, node: yaml.ScalarNode) -> float:
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


_Core.add_constructor("tag:yaml.org,2002:int", _integer)
_Core.add_constructor("tag:yaml.org,2002:float", _float)


class NoCounterpart(ProjectError):
    """Something of a config that is right there and has no place here: it may be left out, if somebody says so."""


class Document(Struct, frozen=True):
    """One file: what it says, and the line of each value."""

    path: Path
    shown: str  # how errors name it
    value: Any
    lines: Mapping[Keys, int] = {}
    folder: Path | None = None  # that files may come from; by default its own

    @property
    def within(self) -> Path:
        """The folder of the config: nothing outside of it is read."""
        return self.folder or self.path.parent

    def line(self, keys: Keys) -> int:
        """The line of a value, or of the nearest one around it."""
        known = keys
        while known and known not in self.lines:
            known = known[:-1]
        return self.lines.get(known, 1)

    def error(self, message: str, keys: Keys = (), hint: str | None = None) -> ProjectError:
        """The error, with `file:line, key.path` behind its message."""
        return ProjectError(f"{message} ({self._place(keys)})", hint=hint)

    def no_counterpart(self, message: str, keys: Keys, hint: str) -> NoCounterpart:
        """The same, for what might be left out."""
        return NoCounterpart(f"{message} ({self._place(keys)})", hint=hint)

    def _place(self, keys: Keys) -> str:
        return ", ".join(filter(None, (f"{self.shown}:{self.line(keys)}", ".".join(keys))))


def read_document(path: Path, shown: str | None = None, folder: Path | None = None) -> Document:
    """A YAML or JSON file; files that it names lie in `folder`, by default its own.

    Raises:
        ProjectError: it cannot be read, or is no YAML; with file and line.
    """
    name = shown or path.name
    text = text_of(path, name)
    loader = _Core(text)
    try:
        node = loader.get_single_node()
        lines: dict[Keys, int] = {}
        if node is not None:
            _note(node, (), lines, name)
        value = None if node is None else loader.construct_document(node)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        what = getattr(problem, "problem", None) or "it is no YAML"
        where = f"{name}:{mark.line + 1}" if mark else name
        raise ProjectError(f"this is no YAML: {what} ({where})", hint="mind the indentation and the quotes") from None
    except RecursionError:
        raise ProjectError(f"the values are nested too deeply ({name})", hint="flatten it") from None
    finally:
        loader.dispose()
    return Document(path, name, value, lines, folder)


def text_of(path: Path, shown: str) -> str:
    """The text of a file.

    Raises:
        ProjectError: it is not there, or no UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = path.read_bytes().count(b"\n", 0, problem.start) + 1
        raise ProjectError(f"this is not UTF-8 text ({shown}:{line})", hint="save the file as UTF-8") from None
    except OSError as problem:
        raise ProjectError(f"{shown} cannot be read: {problem.strerror}", hint="is the path right?") from None


def _note(node: yaml.Node, keys: Keys, lines: dict[Keys, int], name: str) -> None:
    lines.setdefault(keys, node.start_mark.line + 1)
    if len(lines) > _MOST:
        # A few aliases of aliases unfold into millions.
        raise ProjectError(f"the file holds more than {_MOST:,} values ({name})", hint="split it into several files")
    if isinstance(node, yaml.SequenceNode):
        for number, each in enumerate(node.value):
            _note(each, (*keys, str(number)), lines, name)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, each in node.value:
            if key.value == "<<":
                continue
            path = (*keys, str(key.value))
            if path[-1] in seen:
                where = f"{name}:{key.start_mark.line + 1}"
                raise ProjectError(f"the key `{path[-1]}` stands twice ({where})", hint="only one of them would count")
            seen.add(path[-1])
            lines[path] = key.start_mark.line + 1
            _note(each, path, lines, name)
