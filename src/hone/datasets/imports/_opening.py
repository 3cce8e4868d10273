"""Files of others, opened as lines: compressed or not, and never a line that is no line."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hone.datasets._lines import error
from hone.errors import DatasetError

LONGEST = 2 * 1024 * 1024
"""Bytes of one line. What is longer is no case that people read; mostly it is a file without line ends."""

_BINARY = {
    b"PK\x03\x04": ("a zip archive, or an Excel file", "unpack it, or save the sheet as CSV"),
    b"\xd0\xcf\x11\xe0": ("an old Excel file", "save the sheet as CSV"),
    b"(\xb5/\xfd": ("compressed with zstd", "unpack it: zstd -d"),
    b"BZh": ("compressed with bzip2", "unpack it: bunzip2"),
    b"SQLite format 3": ("an SQLite database", "export the table as CSV"),
    b"%PDF": ("a PDF", "a dataset is JSON Lines, CSV, Parquet or a folder of them"),
}
_GZIP = b"\x1f\x8b"


def beginning(path: Path, size: int = 4096) -> bytes:
    """The first bytes of a file, unpacked.

    Raises:
        DatasetError: it cannot be read, is empty, or is of a kind that has no lines.
    """
    with opened(path) as file:
        try:
            first = file.read(size)
        except (OSError, EOFError, zlib.error) as problem:
            raise _cut(path, 1, problem) from None
    if not first.strip():
        raise DatasetError(f"{path} is empty", hint="a dataset has at least one example")
    for magic, (what, hint) in _BINARY.items():
        if first.startswith(magic):
            raise DatasetError(f"{path} is {what}", hint=hint)
    return first


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file for reading, unpacked while it is read.

    Raises:
        DatasetError: it cannot be opened.
    """
    try:
        with path.open("rb") as probe:
            packed = probe.read(2) == _GZIP
        file: IO[bytes] = gzip.open(path) if packed else path.open("rb")  # type: ignore[assignment]  # noqa: SIM115
    except OSError as problem:
        raise DatasetError(f"{path} cannot be read: {problem.strerror}") from None
    with file:
        yield file


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, one at a time.

    Raises:
        DatasetError: a line is longer than `LONGEST`, or the file ends within its compressed data.
    """
    number = 0
    with opened(path) as file:
        while True:
            number += 1
            try:
                line = file.readline(LONGEST + 1)
            except (OSError, EOFError, zlib.error) as problem:
                raise _cut(path, number, problem) from None
            if not line:
                return
            if len(line) > LONGEST:
                hint = "one example a line; long documents belong into [knowledge], or cut them"
                raise error(f"this line is longer than {LONGEST // 1024 // 1024} MB", str(path), number, hint)
            yield line


def _cut(path: Path, number: int, problem: Exception) -> DatasetError:
    return error(f"the compressed file ends or breaks here: {problem}", str(path), number, "fetch the file again")
