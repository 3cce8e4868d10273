"""CSV and TSV, with a line of names at the top. Every value is text."""

import csv
from collections.abc import Iterator
from pathlib import Path

from hone.datasets._lines import decoded
from hone.datasets.imports._opening import LONGEST, lines_of
from hone.datasets.imports._source import Place, Row
from hone.errors import DatasetError

_DELIMITERS = (",", ";", "\t", "|")


def csv_rows(path: Path) -> Iterator[Row]:
    """The rows below the header, by its names; empty lines are left out.

    Raises:
        DatasetError: the header names nothing or one column twice, a row has more or fewer values than the header, or
            a quote is not closed; with file and line.
    """
    shown = str(path)
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    lines = _texts(path)
    top = next(lines, "")
    reader = csv.reader(_again(top, lines), delimiter=_delimiter(top, path), strict=True)
    header: list[str] | None = None
    while True:
        place = Place(shown, reader.line_num + 1)
        try:
            values = next(reader, None)
        except csv.Error as problem:
            raise _broken(place, problem) from None
        if values is None:
            return
        if not any(value.strip() for value in values):
            continue
        if header is None:
            header = _header(values, place)
        elif len(values) != len(header):
            raise _ragged(place, values, header)
        else:
            yield place, dict(zip(header, values, strict=True))


def _texts(path: Path) -> Iterator[str]:
    for number, line in enumerate(lines_of(path), 1):
        yield decoded(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line, str(path), number)


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _delimiter(top: str, path: Path) -> str:
    """What parts the names at the top: the character that is most frequent there, outside of quotes."""
    if path.name.removesuffix(".gz").endswith(".tsv"):
        return "\t"
    bare = "".join(top.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)


def _header(values: list[str], place: Place) -> list[str]:
    names = [value.strip() for value in values]
    if "" in names:
        at = names.index("") + 1
        raise place.error(f"column {at} has no name", "the first line names the columns: question,answer")
    for name in names:
        if names.count(name) > 1:
            raise place.error(f"two columns are named {name!r}", "give each a name of its own")
    return names


def _ragged(place: Place, values: list[str], header: list[str]) -> DatasetError:
    what = f"{len(values)} values, and the header has {len(header)} columns: {', '.join(header)}"
    return place.error(what, 'put values that hold commas or line ends in "quotes"')


def _broken(place: Place, problem: csv.Error) -> DatasetError:
    if "field limit" in str(problem) or "unexpected end" in str(problem):
        return place.error("a quote that opens in this row is never closed", 'a quote within a value is written ""')
    return place.error(f"this row is no CSV: {problem}", 'a quote within a value is written ""')
