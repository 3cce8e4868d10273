"""Pages of a list that grows: each goes on after the last row of the one before, whatever has been added meanwhile."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, select, tuple_

from hone.errors import NotFound


def page(
    connection: Connection,
    table: Table,
    mine: Sequence[ColumnElement[bool]],
    *,
    after: str | None = None,
    limit: int,
    oldest_first: bool = False,
) -> tuple[list[dict[str, Any]], bool]:
    """Rows after the one with the id `after`, newest first, and whether there are more.

    Raises:
        NotFound: no row of these has that id.
    """
    place = tuple_(table.c.created, table.c.id)
    query = select(table).where(*mine)
    if after is not None:
        at = connection.execute(select(table.c.created, table.c.id).where(*mine, table.c.id == after)).first()
        if at is None:
            raise NotFound(f"there is nothing with the id {after!r} to go on after")
        query = query.where(place > tuple(at) if oldest_first else place < tuple(at))
    columns = (table.c.created, table.c.id)
    ordered = query.order_by(*(columns if oldest_first else (each.desc() for each in columns)))
    rows = connection.execute(ordered.limit(limit + 1)).mappings().all()
    return [plain(row) for row in rows[:limit]], len(rows) > limit


def plain(row: RowMapping) -> dict[str, Any]:
    # A column's name is a string of SQLAlchemy's own kind, which msgspec does not take for one.
    return {str(name): value for name, value in row.items()}
