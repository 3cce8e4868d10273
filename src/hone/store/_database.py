"""The database: one engine for SQLite or PostgreSQL, brought to the newest schema when it is opened.

Every access is one of two kinds: `writing(engine)` is a transaction that holds the write lock from its first moment,
`reading(engine)` is one snapshot.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from hone.errors import MissingExtra, StoreError
from hone.store._trouble import told

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every schema this hone knows, oldest first: compared with the database without importing alembic, which is slow."""

_BUSY_SECONDS = 10
_FROZEN_SECONDS = 20  # a transaction waits for nobody: its next statement follows at once
_MIGRATION_LOCK = 0x686F6E65  # "hone": the advisory lock that two starting processes meet at on PostgreSQL


def open_database(url: str) -> Engine:
    """The database behind `url` (`sqlite:///path` or `postgresql://...`), with its schema up to date.

    Raises:
        StoreError: it cannot be reached, read or migrated, or a newer hone wrote it.
        MissingExtra: it is a PostgreSQL and the driver is not installed.
    """
    parsed = _parse(url)
    with told(parsed):
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
        try:
            _bring_up_to_date(engine)
        except BaseException:
            engine.dispose()
            raise
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end, rolled back when an error leaves the block.

    On SQLite it takes the write lock at once (BEGIN IMMEDIATE). One that read first and wrote later would fail
    with "database is locked" without waiting whenever another writer came in between.

    Raises:
        StoreBusy: another writer held the lock for too long.
        StoreError: the database failed.
    """
    with told(engine.url), engine.execution_options(hone_begin="BEGIN IMMEDIATE").begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot: every statement in the block sees the database as it was at the first one.

    Raises:
        StoreError: the database failed.
    """
    with told(engine.url), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


def dialect_of(dialect: Dialect) -> Any:
    """The module of SQLAlchemy with what this database alone can say, such as `insert ... on conflict`."""
    # Imported by name: that of PostgreSQL is large, and who works on SQLite does without.
    return import_module(f"sqlalchemy.dialects.{dialect.name}")


def _parse(url: str) -> URL:
    hint = "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The text is not repeated: it may hold a password.
        raise StoreError("the database URL cannot be read", hint=hint) from None
    if parsed.drivername == "sqlite":
        if not parsed.database or parsed.database.startswith((":memory:", "file:")):
            raise StoreError("a SQLite database must be a file, so that every process sees it", hint=hint)
        return parsed
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(f"there is no support for {parsed.drivername!r} databases", hint=hint)


def _postgresql(url: URL) -> Engine:
    try:
        # A server that restarted must not fail the first call after it: connections are tried before use.
        engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": _BUSY_SECONDS})
    except ModuleNotFoundError:
        raise MissingExtra("PostgreSQL", "postgres") from None

    # A process that is frozen in the middle of a transaction would hold its locks, and so everybody else, for ever.
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute(f"SET idle_in_transaction_session_timeout = '{_FROZEN_SECONDS}s'")
        connection.autocommit = False

    return engine


def _sqlite(url: URL) -> Engine:
    _file(url).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    # The driver would begin transactions late and end them before DDL; from here on every BEGIN is ours.
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # an acknowledged commit survives a power cut

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if statement := connection.get_execution_options().get("hone_begin", "BEGIN"):
            connection.exec_driver_sql(statement)

    return engine


def _file(url: URL) -> Path:
    return Path(str(url.database))


def _bring_up_to_date(engine: Engine) -> None:
    with reading(engine) as connection:
        behind = _is_behind(connection)
    if not behind:
        return
    if engine.dialect.name == "postgresql":
        with writing(engine) as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            _migrate(connection)
        return
    with _only_one_process(_file(engine.url)):
        _use_wal(engine)
        with writing(engine) as connection:
            _migrate(connection)


def _is_behind(connection: Connection) -> bool:
    """
    Raises:
        StoreError: a newer hone has been here.
    """
    found = _revision(connection)
    if found is not None and found not in REVISIONS:
        raise StoreError(
            f"the database has the schema {found!r}; this hone knows {REVISIONS[-1]!r} and older",
            hint='a newer hone wrote it: upgrade this one (pip install --upgrade "hone") or name another database',
        )
    return found != REVISIONS[-1]


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _migrate(connection: Connection) -> None:
    """Run the missing migrations inside the transaction of `connection`: all of them happen, or none."""
    if not _is_behind(connection):
        return  # another process was faster
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _only_one_process(database: Path) -> Iterator[None]:
    # Switching to WAL does not wait for other connections, it fails; so the first opening is serialised by a file.
    with database.with_name(database.name + ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _use_wal(engine: Engine) -> None:
    with engine.execution_options(hone_begin=None).connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar()
    if mode != "wal":
        raise StoreError(
            f"the file system of {engine.url.database} does not let SQLite share memory between processes",
            hint="put the project's state on a local disk (HONE_HOME), or use PostgreSQL (HONE_DATABASE_URL)",
        )
