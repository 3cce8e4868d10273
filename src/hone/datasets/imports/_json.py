"""JSON Lines, and JSON files that hold a list."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from hone.datasets._lines import numbered, read_json
from hone.datasets.imports._opening import lines_of, opened
from hone.datasets.imports._source import Place, Row
from hone.errors import DatasetError

_LISTS = ("tests", "data", "examples", "rows", "questions", "samples", "items")


def line_rows(path: Path) -> Iterator[Row]:
    """One JSON object a line.

    Raises:
        DatasetError: a line is something else; with file and line.
    """
    shown = str(path)
    for number, line in numbered(lines_of(path)):
        value = read_json(line, shown, number)
        place = Place(shown, number)
        if not isinstance(value, dict):
            raise place.error(f"this is {_kind(value)}, not an object", 'one example a line: {"input": ...}')
        yield place, value


def document(path: Path) -> Any:
    """The one JSON value of a file.

    Raises:
        DatasetError: it is not JSON; with the line.
    """
    with opened(path) as file:
        content = file.read().removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return _slowly(content, path)


def list_rows(path: Path, value: Any) -> Iterator[Row]:
    """The objects of a list, or of the list that is the one thing of interest in an object.

    Raises:
        DatasetError: there is no list of objects.
    """
    for number, item in enumerate(_list(path, value), 1):
        place = Place(str(path), number, "row")
        if not isinstance(item, dict):
            raise place.error(f"this is {_kind(item)}, not an object", 'every item is an example: {"input": ...}')
        yield place, item


def _list(path: Path, value: Any) -> list[Any]:
    if isinstance(value, list):
        found = value
    else:
        keys = value if isinstance(value, dict) else {}
        name = next((each for each in _LISTS if isinstance(keys.get(each), list)), None)
        if name is None:
            has = ", ".join(map(str, keys)) or _kind(value)
            raise DatasetError(f"{path} holds no list of examples: {has}", hint='write [{"input": ...}, ...]')
        found = value[name]
    if not found:
        raise DatasetError(f"{path} holds an empty list", hint="a dataset has at least one example")
    return found


def _slowly(content: bytes, path: Path) -> Any:
    """Python's reader takes what msgspec does not, and says where it stopped."""
    for number, line in numbered(content.split(b"\n")):
        if b"\0" in line or not _utf8(line):
            read_json(line, str(path), number)  # raises, with the reason
    import json

    try:
        return json.loads(content)
    except RecursionError:
        raise DatasetError(f"{path} is nested too deep", hint="flatten it: no more than some 900 levels") from None
    except json.JSONDecodeError as problem:
        hint = "one object a line is JSON Lines: name the file .jsonl"
        raise DatasetError(f"this is not JSON: {problem.msg} ({path}:{problem.lineno})", hint=hint) from None


def _utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
