"""What a benchmark is: how its file is read, how a model is asked, and by what it is judged."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from hone.core import from_json
from hone.datasets import Example
from hone.errors import DatasetError
from hone.evals._case import Evaluator, Given


class Settings(Struct, frozen=True, kw_only=True):
    """What a benchmark may need beside its questions."""

    reference: Path | None = None  # answers to judge by, in a file of their own
    judge: str | None = None  # the model that judges; None is the project's usual one


class Benchmark(Struct, frozen=True, kw_only=True):
    """A standard benchmark. `metric` is the one that it is known by."""

    name: str
    about: str
    source: str
    metric: str
    read: Callable[[Path, Settings], list[Example]]
    evaluators: Callable[[Given, Settings], Sequence[Evaluator]]


def lines_of(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of a JSONL file, or of a JSON file that holds a list, each with where it stands.

    Raises:
        DatasetError: it cannot be read, or holds something else; with file and line.
    """
    text = text_of(path)
    if text.lstrip().startswith("["):
        yield from _listed(text, path)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{path.name}:{number}"
            try:
                value = from_json(line)
            except (ValueError, RecursionError) as problem:
                raise DatasetError(f"this is not JSON: {problem} ({where})", hint="one question a line") from None
            yield _object(value, where), where


def _listed(text: str, path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    try:
        values = json.loads(text)
    except ValueError as problem:
        raise DatasetError(f"this is not JSON: {problem} ({path.name})") from None
    for number, value in enumerate(values, 1):
        where = f"{path.name}, item {number}"
        yield _object(value, where), where


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DatasetError(f"a question is an object, and this is a {type(value).__name__} ({where})")
    return value


def text_of(path: Path) -> str:
    """
    Raises:
        DatasetError: the file cannot be read, or is no UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = path.read_bytes().count(b"\n", 0, problem.start) + 1
        raise DatasetError(f"this is not UTF-8 text ({path.name}:{line})", hint="save the file as UTF-8") from None
    except OSError as problem:
        raise DatasetError(f"{path} cannot be read: {problem.strerror}", hint="--data names the file") from None


def field(item: dict[str, Any], name: str, kind: type | tuple[type, ...], where: str) -> Any:
    """One field of a question.

    Raises:
        DatasetError: it is missing, or of another kind.
    """
    value = item.get(name)
    if isinstance(value, kind) and value not in ("", []):
        return value
    known = ", ".join(item) or "none"
    raise DatasetError(f"the question has no usable `{name}` ({where})", hint=f"its fields are: {known}")
