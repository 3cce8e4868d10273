"""One at a time: sealing, compaction and sweeping are done by one thread of one process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, select

_LOCK = 0x686F6E6503  # "hone", 3: whoever seals


@contextmanager
def turn(engine: Engine, folder: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the sealing lock; yields False when somebody else has it and `wait` is False. A killed holder frees it."""
    if engine.dialect.name == "postgresql":
        # Processes on several machines share the server, but perhaps no file system with working locks.
        with _advisory(engine, wait=wait) as mine:
            yield mine
        return
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _advisory(engine: Engine, *, wait: bool) -> Iterator[bool]:
    # Outside any transaction: one that stayed open for the length of a compaction would hold back vacuum.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        take = func.pg_advisory_lock(_LOCK) if wait else func.pg_try_advisory_lock(_LOCK)
        mine = connection.execute(select(take)).scalar() is not False
        try:
            yield mine
        finally:
            if mine:
                connection.execute(select(func.pg_advisory_unlock(_LOCK)))
