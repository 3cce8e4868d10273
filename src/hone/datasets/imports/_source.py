"""A file or folder of others as rows, each with the place that an error about it names."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hone.datasets._example import Example
from hone.errors import DatasetError

Kind = Literal["examples", "table", "promptfoo", "openai-evals", "openai-finetune"]
"""What a row is: an example as hone writes it; columns with names of their own; or a shape that others defined."""

KINDS: tuple[Kind, ...] = ("examples", "table", "promptfoo", "openai-evals", "openai-finetune")

_LOOKED_AT = 100  # rows whose keys make the columns; keys that come later go into the metadata


class Place(Struct, frozen=True, array_like=True):
    """Where a row stands: a line of a text file, or a row of one that has no lines; both count from 1."""

    file: str
    number: int
    word: Literal["line", "row"] = "line"

    def __str__(self) -> str:
        return f"{self.file}:{self.number}" if self.word == "line" else f"{self.file}, row {self.number}"

    @property
    def short(self) -> str:
        """Within its file."""
        return f"{self.word} {self.number}"

    def error(self, what: str, hint: str | None) -> DatasetError:
        return DatasetError(f"{what} ({self})", hint=hint)


Row = tuple[Place, dict[str, Any]]


class Source(Struct, frozen=True, kw_only=True):
    """Rows of one kind. `rows` begins anew each time; it holds no more than a part of the file."""

    path: Path
    kind: Kind
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]


class Tests(Struct, frozen=True, kw_only=True):
    """Tests of another tool, read: as examples that know how they are judged."""

    examples: tuple[Example, ...]
    code: Mapping[str, str] = {}  # Python that judges them: path inside the project -> text
    notes: tuple[str, ...] = ()  # what was left out, and where it stood


def columns_of(rows: Iterator[Row]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The keys of the first rows in their order, and the first row."""
    names: dict[str, None] = {}
    first: dict[str, Any] = {}
    for position, (_, row) in enumerate(rows):
        first = first or row
        names.update(dict.fromkeys(row))
        if position + 1 >= _LOOKED_AT:
            break
    return tuple(names), first


def plain(value: Any) -> Any:
    """A value of Arrow or YAML as JSON has it: times as text, what is not a number as None."""
    value = msgspec.to_builtins(value, str_keys=True)
    return _numbers(value)


def _numbers(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None  # nan is not less either
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return value
