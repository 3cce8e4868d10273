"""Which column becomes which part of an example: as it was said, else guessed by name."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hone.core import from_json, to_json
from hone.datasets._example import Example
from hone.datasets._lines import FIELDS, lower
from hone.datasets.imports._guess import JSON, Column, guesses
from hone.datasets.imports._source import Place, Source
from hone.errors import CallError, DatasetError

_SPLITS = {
    "train": "train", "training": "train", "dev": "dev", "development": "dev", "validation": "dev", "valid": "dev",
    "val": "dev", "test": "held-out", "testing": "held-out", "held-out": "held-out", "held_out": "held-out",
    "heldout": "held-out",
}  # fmt: skip
_EMPTY = (None, "")
_ABSENT = object()


class Mapped(Struct, frozen=True, kw_only=True):
    """How rows become examples. Columns of later rows that nobody knew of go into the metadata."""

    columns: tuple[Column, ...]
    dropped: frozenset[str] = frozenset()

    @property
    def guessed(self) -> bool:
        return any(each.guessed for each in self.columns)


def mapped(source: Source, said: Iterable[str] = (), dropped: Iterable[str] = ()) -> Mapped:
    """The mapping of a table: what was said (`input.question=Frage`), and guesses for the rest.

    Raises:
        CallError: what was said names no part of an example, or no column.
        DatasetError: no column could be the input.
    """
    out = frozenset(dropped)
    for name in out:
        _known(name, source.columns)
    columns = [_said(text, source.columns) for text in said]
    targets = [each.target for each in columns]
    for target in targets:
        if targets.count(target) > 1:
            raise CallError(f"{target!r} is given twice", hint="one column for each part of an example")
    if "input" in targets and any(target.startswith("input.") for target in targets):
        raise CallError("the input is given as one text and by name", hint="either input=, or input.NAME= for each")
    columns += guesses(columns, [name for name in source.columns if name not in out])
    if not any(each.target.partition(".")[0] == "input" for each in columns):
        hint = f"--map input.question={source.columns[0] if source.columns else 'COLUMN'}"
        raise DatasetError(f"no column of {source.path} looks like an input: {', '.join(source.columns)}", hint=hint)
    return Mapped(columns=tuple(columns), dropped=out)


def example_of(row: Mapping[str, Any], how: Mapped, place: Place) -> Example:
    """One row as an example.

    Raises:
        DatasetError: its input is empty, or a value cannot be what it is mapped to.
    """
    values: dict[str, Any] = {"input": None}
    more: dict[str, Any] = {}
    used: set[str] = set()
    for each in how.columns:
        used.add(each.column if each.column in row else each.column.partition(".")[0])
        value = _value(row, each.column, place)
        field, dot, name = each.target.partition(".")
        if value is _ABSENT or (value == "" and field != "input" and not each.column.endswith(JSON)):
            continue
        if field == "metadata" and dot:
            more[name] = value
        elif dot:
            values[field] = {**(values[field] or {}), name: value}
        else:
            values[field] = _converted(field, value, place)
    rest = {name: value for name, value in row.items() if name not in used and name not in how.dropped}
    more |= {name: value for name, value in rest.items() if value not in _EMPTY}
    if more:
        values["metadata"] = {**values.get("metadata", {}), **more}
    return _example(values, how, place)


def _example(values: dict[str, Any], how: Mapped, place: Place) -> Example:
    given = values["input"]
    if given in _EMPTY or (isinstance(given, dict) and all(each in _EMPTY for each in given.values())):
        columns = [each.column for each in how.columns if each.target.partition(".")[0] == "input"]
        raise place.error(f"the input is empty: {', '.join(columns)}", "fill it in, or leave the row out")
    try:
        return msgspec.convert(values, Example)
    except msgspec.ValidationError as problem:
        raise place.error(lower(str(problem)), f"an example has: {', '.join(FIELDS)}") from None


def _converted(field: str, value: Any, place: Place) -> Any:
    convert = _CONVERT.get(field)
    try:
        return convert(value) if convert else value
    except (ValueError, RecursionError):
        raise place.error(f"{to_json(value)[:80]} cannot be the {field}", _WANTED.get(field)) from None


def _value(row: Mapping[str, Any], column: str, place: Place) -> Any:
    """What stands in a column; nothing and null are `_ABSENT`, but for a null that is written as JSON."""
    if column in row:
        value = row[column]
    else:
        value = row
        for part in column.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if value is None or not column.endswith(JSON) or not isinstance(value, str):
        return _ABSENT if value is None else value
    try:
        return from_json(value) if value else _ABSENT
    except (ValueError, RecursionError):
        raise place.error(f"{column} is not JSON: {value[:80]!r}", "quote text as JSON does") from None


def _said(text: str, columns: Sequence[str]) -> Column:
    target, equals, column = (part.strip() for part in text.partition("="))
    if not equals or not target or not column:
        raise CallError(f"{text!r} is not PART=COLUMN", hint="--map input.question=Frage --map expected=Antwort")
    field, dot, name = target.partition(".")
    if field not in FIELDS:
        near = difflib.get_close_matches(field, FIELDS, n=1)
        raise CallError(
            f"an example has no {field!r}",
            hint=f"did you mean `{near[0]}`?" if near else f"it has: {', '.join(FIELDS)}",
        )
    if dot and (field not in ("input", "metadata") or not name):
        raise CallError(f"{target!r} is no part of an example", hint="input.NAME and metadata.NAME have names within")
    _known(column, columns)
    return Column(target=target, column=column, guessed=False)


def _known(column: str, columns: Sequence[str]) -> None:
    if column in columns or column.partition(".")[0] in columns:
        return
    near = difflib.get_close_matches(column, columns, n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(columns)}"
    raise CallError(f"there is no column {column!r}", hint=hint)


def _tags(value: Any) -> list[str]:
    if isinstance(value, str):
        value = from_json(value) if value.startswith("[") else [part.strip() for part in re.split(r"[,;|]", value)]
    return [_text(each) for each in (value if isinstance(value, list) else [value]) if each not in _EMPTY]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)


def _split(value: Any) -> str:
    name = str(value).strip().lower()
    if name not in _SPLITS:
        raise ValueError(name)
    return _SPLITS[name]


def _evaluators(value: Any) -> Any:
    if isinstance(value, str):
        return from_json(value) if value.startswith("[") else [value]
    return value


def _metadata(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise ValueError(found)
    return found


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "input": lambda value: value if isinstance(value, str | dict) else to_json(value),
    "id": lambda value: _text(value).strip(),
    "reference": _text,
    "previous": _text,
    "tags": _tags,
    "split": _split,
    "group": _text,
    "probability": float,
    "trace": _text,
    "evaluators": _evaluators,
    "metadata": _metadata,
}
_WANTED = {
    "split": f"one of {', '.join(_SPLITS)}; or leave it out: --drop split",
    "probability": "a number above 0, at most 1",
    "tags": "texts, parted by commas",
    "evaluators": "names of evaluators",
    "metadata": "an object",
}
