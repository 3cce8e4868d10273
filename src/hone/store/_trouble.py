"""What a database's errors mean to the person who runs it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hone.errors import StoreBusy, StoreError

_HINTS = {
    "SQLITE_NOTADB": "the file is something else; name another one, or move it away",
    "SQLITE_CORRUPT": "restore it from a backup, or rescue what can be read with `sqlite3 FILE .recover`",
    "SQLITE_READONLY": "give this user the right to write to the file and its folder",
    "SQLITE_CANTOPEN": "give this user the right to write to the file and its folder",
    "SQLITE_FULL": "make room on the disk",
    "42501": "let this user create tables in the database",
    "42P07": "the database holds tables of something else: name an empty one",
}
# A refused connection has no code, only words.
_WORDS = {
    "authentication failed": "check the user and the password",
    "does not exist": "create the database first: hone makes tables, not databases",
    "refused": "is the server running, and is this its host and port?",
}
# Someone else is in the way for the moment. PostgreSQL: no free connection, lock, deadlock, serialisation, shutdown.
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "53300", "55P03", "40P01", "40001", "57P")


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Say the database's errors as StoreError. A broken constraint passes: it is the caller's to understand."""
    try:
        yield
    except IntegrityError:
        raise
    except PoolTimeout:
        raise StoreBusy(f"every connection to {_name(url)} is in use") from None
    except DBAPIError as error:
        raise _store_error(error, url) from error
    except OSError as error:
        raise StoreError(f"{_name(url)} cannot be used: {error}") from error


def _store_error(error: DBAPIError, url: URL) -> StoreError:
    # Only the driver's own words: SQLAlchemy's contain the statement and its values.
    words = " ".join(str(error.orig).split())
    if url.password:
        words = words.replace(str(url.password), "***")
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or ""
    if code.startswith(_BUSY):
        return StoreBusy(f"{_name(url)} is busy: {words}", hint="try again")
    if code:  # SQLite's grow suffixes: SQLITE_READONLY_DIRECTORY
        hint = next((hint for prefix, hint in _HINTS.items() if code.startswith(prefix)), None)
    else:
        hint = next((hint for part, hint in _WORDS.items() if part in words), None)
    return StoreError(f"{_name(url)} failed: {words}", hint=hint)


def _name(url: URL) -> str:
    """The database without user, password or options."""
    if url.get_backend_name() == "sqlite":
        return f"the database {url.database}"
    return f"the PostgreSQL database {url.database!r} at {url.host or url.query.get('host') or 'the local socket'}"
