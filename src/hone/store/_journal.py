"""The journal and the manifest: the only SQL of the telemetry store.

A row of `journal` is one group of records, committed and not yet sealed; a row of `segments` is one sealed file.
Whoever changes either holds the telemetry lock to the end of the transaction, so ids become visible in their order.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from hone.errors import StoreError
from hone.store._database import writing
from hone.store._schema import journal, manifest, segments
from hone.store._segments import Entry

_LOCK = 0x686F6E6502  # "hone", 2: whoever changes telemetry on PostgreSQL; SQLite has one write lock anyway
_CHUNK = 500  # parameters of one statement


class Unsealed(Struct, frozen=True):
    """One row of the journal without its batch."""

    id: int
    kind: str
    rows: int
    created: int


class Snapshot(Struct, frozen=True):
    """Journal and manifest at one moment."""

    journal: dict[int, Unsealed]
    segments: dict[str, Entry]


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """A write transaction that is alone in changing telemetry, in this and every other process."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        yield connection


def snapshot(connection: Connection) -> Snapshot:
    """Both tables, inside `reading` or `changing`, where nobody moves a row from one to the other in between."""
    columns = [segments.c[name] for name in Entry.__struct_fields__]
    sealed = connection.execute(select(*columns))
    return Snapshot(
        {row.id: row for row in tail(connection, 0)},
        {row[0]: Entry(*row) for row in sealed},
    )


def version(connection: Connection) -> int:
    """A number that grows with every change of the manifest; journal rows go only then."""
    return connection.execute(select(manifest.c.version)).scalar() or 0


def tail(connection: Connection, seen: int) -> list[Unsealed]:
    """The journal rows after `seen`."""
    columns = select(journal.c.id, journal.c.kind, journal.c.rows, journal.c.created)
    return [Unsealed(*row) for row in connection.execute(columns.where(journal.c.id > seen).order_by(journal.c.id))]


def batches(connection: Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """The Arrow streams of some journal rows."""
    found: dict[int, bytes] = {}
    for chunk in _chunks(ids):
        rows = connection.execute(select(journal.c.id, journal.c.batch).where(journal.c.id.in_(chunk)))
        found.update({row[0]: bytes(row[1]) for row in rows})
    return found


def append(connection: Connection, kind: str, rows: int, batch: bytes, created: int) -> int:
    """One new journal row; its id."""
    values = {"kind": kind, "rows": rows, "batch": batch, "created": created}
    key = connection.execute(insert(journal).values(values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def replace_journal(engine: Engine, ids: Sequence[int], entry: Entry, created: int) -> None:
    """Sealing's one transaction: the segment counts from now on, its journal rows are gone.

    Raises:
        StoreError: somebody else sealed some of the rows; nothing was changed.
    """
    with changing(engine) as connection:
        _forget_plainly(connection)
        _count_change(connection)
        _insert(connection, entry, created)
        gone = sum(
            connection.execute(delete(journal).where(journal.c.id.in_(chunk))).rowcount for chunk in _chunks(ids)
        )
        if gone != len(ids):
            raise StoreError(f"of {len(ids)} journal rows to seal only {gone} were still there")


def replace_segments(engine: Engine, old: Sequence[Entry], new: Entry | None, created: int) -> None:
    """The one transaction of compaction and retention: the new segment, if any, stands for the old ones.

    Raises:
        StoreError: somebody else replaced some of them; nothing was changed.
    """
    with changing(engine) as connection:
        _count_change(connection)
        if new is not None:
            _insert(connection, new, created)
        ids = [entry.id for entry in old]
        gone = sum(
            connection.execute(delete(segments).where(segments.c.id.in_(chunk))).rowcount for chunk in _chunks(ids)
        )
        if gone != len(ids):
            raise StoreError(f"of {len(ids)} segments to replace only {gone} were still there")


def checkpoint(engine: Engine) -> None:
    """Move SQLite's write-ahead log into the database, off the commit path as far as readers allow."""
    if engine.dialect.name == "sqlite":
        with engine.execution_options(hone_begin=None).connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")


def _forget_plainly(connection: Connection) -> None:
    # Debian's SQLite overwrites what it deletes with zeros: 14 MB through the log for every sealing, and for nothing,
    # since the same rows now stand in the segment. FAST overwrites only where that costs no writes.
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = FAST")


def _count_change(connection: Connection) -> None:
    if connection.execute(update(manifest).values(version=manifest.c.version + 1)).rowcount == 0:
        connection.execute(insert(manifest).values(id=1, version=1))


def _insert(connection: Connection, entry: Entry, created: int) -> None:
    values = {name: getattr(entry, name) for name in Entry.__struct_fields__}
    connection.execute(insert(segments).values(values | {"created": created}))


def _chunks(ids: Sequence[object]) -> Iterator[Sequence[object]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
