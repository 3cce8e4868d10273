"""Labelled answers: what people said of them, and perhaps what a judge said already. Calibration is made of these."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hone.datasets import Example
from hone.errors import CallError, DatasetError

Kind = Literal["boolean", "number", "category", "pairwise"]
Value = bool | float | str

NONE = "no verdict"
"""What counts as the verdict of a judge that gave none, where verdicts are words: it agrees with nobody."""

_FIRST, _SECOND, _TIE = "first", "second", "tie"
_PAIRS = {
    **dict.fromkeys(("1", "a", "first", "output_1", "response1", "win", "1.0"), _FIRST),
    **dict.fromkeys(("2", "b", "second", "output_2", "response2", "loss", "2.0"), _SECOND),
    **dict.fromkeys(("0", "tie", "equal", "both", "0.0"), _TIE),
}
_TRUE = frozenset({"true", "yes", "1", "1.0", "pass", "passed", "good", "y"})
_FALSE = frozenset({"false", "no", "0", "0.0", "fail", "failed", "bad", "n"})


class Columns(Struct, frozen=True, kw_only=True):
    """Under which names a row has what calibration needs, in its own fields or its metadata.

    `swapped` is the verdict on a pair with its answers in the other order; it names the answer, not the place.
    """

    output: str = "output"
    other: str = "other"
    labels: tuple[str, ...] = ("labels", "label")
    verdict: str = "verdict"
    swapped: str = "swapped"


class Labelled(Struct, frozen=True, kw_only=True):
    """One answer, or a pair of them, with the labels of one person or several; none where nobody has looked yet."""

    example: Example  # without the labels: a judge does not see them
    answer: str
    other: str | None = None
    labels: tuple[Any, ...] = ()
    verdict: Any = None
    swapped: Any = None


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines, JSON or CSV file; each of them perhaps compressed (`.gz`).

    Raises:
        DatasetError: it cannot be read; with file and line.
    """
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as problem:
        raise DatasetError(f"{path} cannot be read: {problem}") from None
    kind = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if kind == ".csv":
        return [dict(row) for row in csv.DictReader(io.StringIO(text))]
    if kind == ".json":
        found = _json(text, f"{path}")
        if not isinstance(found, list):
            raise DatasetError(f"{path} holds no list of objects")
        return [_row(each, f"{path}, item {number}") for number, each in enumerate(found, 1)]
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return [_row(_json(line, f"{path}:{number}"), f"{path}:{number}") for number, line in lines]


def labelled(rows: Iterable[Mapping[str, Any]], columns: Columns | None = None) -> list[Labelled]:
    """Rows as labelled answers. What a row says beside the fields of an example is its metadata.

    Raises:
        DatasetError: a row has no answer and no verdict, or is no example.
    """
    at = columns or Columns()
    made = [_labelled(dict(row), at, number) for number, row in enumerate(rows, 1)]
    if not made:
        raise DatasetError("there are no rows", hint="a labelled answer has `input`, `output` and `label`")
    return made


def normal(value: Any, kind: Kind) -> Value | None:
    """A label or verdict as the kind has it; None where it is none."""
    if value is None or value == "":
        return None
    if kind == "number":
        return _number(value)
    word = str(value).strip().lower()
    if kind == "pairwise":
        return _PAIRS.get(word, NONE)
    if kind == "boolean":
        return True if word in _TRUE else False if word in _FALSE else None
    return str(value).strip()


def consensus(labels: Iterable[Value], kind: Kind) -> Value | None:
    """What the people say together: the mean of numbers, else the label that more of them gave than any other; None
    where there is none."""
    known = list(labels)
    if not known:
        return None
    if kind == "number":
        return sum(float(each) for each in known) / len(known)
    (first, most), *rest = Counter(known).most_common(2)
    return None if rest and rest[0][1] == most else first


def preference(value: Value | None) -> float:
    """A verdict on a pair as a number: 1 for the first answer, 0 for the second, 0.5 for a tie or none."""
    return {_FIRST: 1.0, _SECOND: 0.0}.get(str(value), 0.5)


def _labelled(row: dict[str, Any], at: Columns, number: int) -> Labelled:
    row = {**(row.pop("metadata", None) or {}), **row}
    labels = [row.pop(name) for name in at.labels if name in row]
    given = tuple(each for value in labels for each in (value if isinstance(value, list) else [value]))
    answer, other = row.pop(at.output, None), row.pop(at.other, None)
    verdict, swapped = row.pop(at.verdict, None), row.pop(at.swapped, None)
    if answer is None and verdict is None and swapped is None:
        raise DatasetError(
            f"row {number} has neither an answer ({at.output!r}) nor a verdict ({at.verdict!r})",
            hint=f"it has: {', '.join(row) or 'nothing'}",
        )
    return Labelled(
        example=_example(row, other, number),
        answer="" if answer is None else str(answer),
        other=None if other is None else str(other),
        labels=tuple(each for each in given if each is not None and each != ""),
        verdict=verdict,
        swapped=swapped,
    )


def _example(row: dict[str, Any], other: Any, number: int) -> Example:
    fields = {name: row.pop(name) for name in Example.__struct_fields__ if name in row}
    fields = {name: value for name, value in fields.items() if value not in (None, "")}
    fields.setdefault("input", "")
    if other is not None:
        fields["previous"] = str(other)
    try:
        return msgspec.convert({**fields, "metadata": row}, Example)
    except msgspec.ValidationError as problem:
        raise DatasetError(f"row {number} is no example: {problem}") from None


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise DatasetError(f"{where} is no JSON: {problem}") from None


def _row(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DatasetError(f"{where} is no object")
    return value


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise CallError(f"a label is {value!r}, which is no number", hint="--kind category, if it is a word") from None
