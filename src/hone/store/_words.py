"""The word index of a segment: SQLite FTS5 without the texts, one row per span, numbered as in the Parquet file.

Contentless and `detail=none` it costs about a tenth of the text. It answers which rows hold all the words of a
question; the rows themselves are read from the segment. Words are what FTS5's `unicode61` says: runs of letters and
digits, without case and accents.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from hone.core import text_in

_CREATE = (
    "CREATE VIRTUAL TABLE words USING fts5"
    "(body, content='', detail=none, columnsize=0, tokenize='unicode61 remove_diacritics 2')"
)


class Part(NamedTuple):
    """The rows of one project: they stand together, by time."""

    project: str
    first: int
    last: int


def body(name: str, input: str | None, output: str | None, error: str | None) -> str:
    """What is searchable of a span. NULs are spaces, because SQLite ends a text at the first."""
    return "\n".join((name, text_in(input), text_in(output), error or "")).replace("\0", " ")


class WordWriter:
    """Builds one index file; the caller makes it durable."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("page_size=8192", "journal_mode=OFF", "synchronous=OFF", "cache_size=-32768"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute("CREATE TABLE parts (project TEXT, first INTEGER, last INTEGER)")
        self._db.execute(_CREATE)
        # One large in-memory hash and one flush is twice as fast as many small ones that must be merged.
        self._db.execute("INSERT INTO words(words, rank) VALUES ('hashsize', 33554432)")
        self._db.execute("BEGIN")

    def add(self, first: int, bodies: Iterable[str]) -> None:
        """Index the rows from number `first` on."""
        # A lone surrogate that a JSON escape hid is no UTF-8, and no word either.
        rows = ((first + index, text.encode(errors="replace").decode()) for index, text in enumerate(bodies))
        self._db.executemany("INSERT INTO words(rowid, body) VALUES (?, ?)", rows)

    def finish(self, parts: Sequence[Part]) -> None:
        self._db.executemany("INSERT INTO parts VALUES (?, ?, ?)", parts)
        self._db.execute("COMMIT")
        self._db.close()

    def abandon(self) -> None:
        self._db.close()


def terms(question: str) -> list[str]:
    """The words of a question, cut and folded exactly as the index does it."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(_CREATE)
        db.execute("CREATE VIRTUAL TABLE terms USING fts5vocab('words', 'row')")
        text = question.replace("\0", " ").encode(errors="replace").decode()
        db.execute("INSERT INTO words(rowid, body) VALUES (1, ?)", (text,))
        return [term for (term,) in db.execute("SELECT term FROM terms")]


def holding(bodies: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Which of some texts hold all the words, by the same rules, without an index."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute(_CREATE)
        rows = ((index, text.encode(errors="replace").decode()) for index, text in enumerate(bodies))
        db.execute("BEGIN")
        db.executemany("INSERT INTO words(rowid, body) VALUES (?, ?)", rows)
        return [row for (row,) in db.execute("SELECT rowid FROM words WHERE words MATCH ?", (_match(wanted),))]


def search(path: Path, wanted: Sequence[str], project: str | None) -> Iterator[int]:
    """The rows of a segment that hold all the words, highest first: within a project that is newest first.

    Raises:
        FileNotFoundError: the segment was replaced meanwhile.
    """
    try:
        yield from _rows(path, wanted, project)
    except sqlite3.OperationalError as error:
        if path.exists():
            raise
        raise FileNotFoundError(path) from error


def _rows(path: Path, wanted: Sequence[str], project: str | None) -> Iterator[int]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        low, high = _bounds(db, project)
        sql = "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC"
        for (row,) in db.execute(sql, (_match(wanted), low, high)):
            yield row


def _bounds(db: sqlite3.Connection, project: str | None) -> tuple[int, int]:
    sql = "SELECT min(first), max(last) FROM parts WHERE ? IS NULL OR project = ?"
    low, high = db.execute(sql, (project, project)).fetchone()
    return (0, -1) if low is None else (low, high)


def _match(wanted: Sequence[str]) -> str:
    return " AND ".join(f'"{term}"' for term in wanted)


def bodies_of(batch: Any) -> list[str]:
    """The searchable texts of an Arrow batch of spans."""
    columns = (batch.column(name).to_pylist() for name in ("name", "input", "output", "error"))
    return [body(*values) for values in zip(*columns, strict=True)]
