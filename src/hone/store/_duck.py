"""DuckDB over segments and unsealed rows: one database in memory, a cursor for every question.

It may read the telemetry folder and nothing else, and never fetches an extension. Values are bound, never written
into SQL; what is written into SQL are names from our own schemas.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from hone.store._rows import Kind
from hone.store._segments import Segment

_SETTINGS: dict[str, str | int | float | list[str]] = {"threads": 2, "memory_limit": "1GB"}


class Duck:
    """Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._connection = duckdb.connect(config=_SETTINGS)
        for name in ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions"):
            self._connection.execute(f"SET {name} = false")
        # Segments never change under a name, so a footer once read stays right.
        self._connection.execute("SET parquet_metadata_cache = true")
        self._connection.execute("SET TimeZone = 'UTC'")
        spill = folder / ".duckdb"
        self._connection.execute(f"SET temp_directory = {_quoted(spill)}")
        # The path is checked twice: as it is asked for, as a pattern, and as it is opened.
        self._connection.execute(f"SET allowed_directories = [{_quoted(folder)}, {_quoted(_literal(folder))}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def ask(
        self,
        select: str,
        kind: Kind,
        segments: Sequence[Segment],
        hot: pa.Table | None,
        conditions: Sequence[str],
        tail: str,
        parameters: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """SELECT `select` FROM segments and hot rows WHERE all conditions, then `tail`, as dicts.

        Without `hot`, the relation is of segments alone and has the column `file_row_number`.

        Raises:
            FileNotFoundError: a segment was replaced and deleted meanwhile; ask again of a newer view.
        """
        source = _sealed(kind, place=True) if hot is None else _both(kind, bool(segments))
        where = " AND ".join(["true", *conditions])
        sql = f"SELECT {select} FROM ({source}) WHERE {where} {tail}"  # noqa: S608 (all of it is ours, values are bound)
        bound = {**parameters, "files": [_literal(segment.path) for segment in segments]}
        # DuckDB refuses parameters that the statement does not mention.
        return self._rows(sql, {name: value for name, value in bound.items() if f"${name}" in sql}, hot)

    def _rows(self, sql: str, parameters: dict[str, Any], hot: pa.Table | None) -> list[dict[str, Any]]:
        with self._connection.cursor() as cursor:
            if hot is not None:
                cursor.register("hot", hot)
            try:
                cursor.execute(sql, parameters)
                names = [column[0] for column in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            except duckdb.IOException as error:
                raise FileNotFoundError(str(error)) from error

    def close(self) -> None:
        self._connection.close()


def _columns(kind: Kind) -> str:
    return ", ".join(f'"{name}"' for name in kind.columns)


def _sealed(kind: Kind, *, place: bool) -> str:
    columns, option = (", file_row_number", ", file_row_number = true") if place else ("", "")
    return f"SELECT {_columns(kind)}{columns} FROM read_parquet($files{option})"  # noqa: S608 (names from our schema)


def _both(kind: Kind, sealed: bool) -> str:
    hot = "SELECT * FROM hot"
    return f"{_sealed(kind, place=False)} UNION ALL BY NAME {hot}" if sealed else hot


def _literal(path: Path) -> str:
    """The path as DuckDB wants it: it would take `[`, `*` and `?` in a folder's name for a pattern."""
    return "".join(f"[{char}]" if char in "[*?" else char for char in str(path))


def _quoted(path: Path | str) -> str:
    return "'" + str(path).replace("'", "''") + "'"
