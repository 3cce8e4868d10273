"""Examples as a table: one column for each part, so that importing the table gives the examples again.

Text columns hold text. Where a part is something else in some example, the column's name ends in `:json`, and every
value in it is JSON; an empty cell there is a part that is not there.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from hone.core import to_json
from hone.datasets._example import Example

_TEXTS = ("id", "split", "group", "reference", "previous", "trace", "origin")
_AFTER = ("expected", "context", "metadata", "evaluators", "tags", "probability")


def columns_of(examples: Sequence[Example]) -> dict[str, list[Any]]:
    """The columns by name; every value is text or None, but `probability` is a number."""
    plain = [msgspec.to_builtins(each) for each in examples]
    columns: dict[str, list[Any]] = {"id": [each.id for each in examples]}
    columns |= _inputs([each["input"] for each in plain])
    for name in ("expected", *_TEXTS[1:], *_AFTER[1:]):
        values = [each.get(name) for each in plain]
        if name == "tags":
            columns |= _tags(values)
        elif any(value is not None for value in values):
            columns |= {name: values} if name == "probability" else _column(name, values)
    return columns


def _inputs(values: list[Any]) -> dict[str, list[Any]]:
    """One column a name, where all inputs are by name; else one column for all."""
    if not all(isinstance(each, dict) for each in values):
        return _column("input", values)
    names = dict.fromkeys(name for each in values for name in each)
    if any("." in name or not _cell(name) or name.endswith(":json") for name in names):
        return _json("input", values)
    found: dict[str, list[Any]] = {}
    for name in names:
        if all(each.get(name) == "" or _cell(each.get(name)) for each in values):
            found[f"input.{name}"] = [each[name] for each in values]
        else:
            found[f"input.{name}:json"] = [to_json(each[name]) if name in each else None for each in values]
    return found


def _column(name: str, values: list[Any]) -> dict[str, list[Any]]:
    # An empty text and a missing one look alike in a cell.
    return {name: values} if all(value is None or _cell(value) for value in values) else _json(name, values)


def _cell(value: Any) -> bool:
    """Is it text that comes back from a cell as it was?"""
    if not isinstance(value, str) or not value or value != value.strip() or set(value) & {"\0", "\r"}:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _json(name: str, values: list[Any]) -> dict[str, list[Any]]:
    return {f"{name}:json": [None if value is None else to_json(value) for value in values]}


def _tags(values: list[Any]) -> dict[str, list[Any]]:
    if not any(values):
        return {}
    odd = any(not _cell(tag) or set(tag) & set(',;|["') for tags in values for tag in tags or ())
    return _json("tags", values) if odd else {"tags": [", ".join(tags) if tags else None for tags in values]}
