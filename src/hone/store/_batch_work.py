"""Batches as a worker sees them: taken over, held, answered line by line, finished.

A process works on a batch while it holds it, and says so again every few seconds. Every write of a worker asks in the
same transaction whether it still holds the batch, so one that was stopped for too long cannot spoil what another does.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from hone.core import Clock, now_ns
from hone.errors import StoreError
from hone.store._batches import Batch, batch_of, columns_of
from hone.store._database import reading, writing
from hone.store._files import LIVE, File, add_row
from hone.store._paging import plain
from hone.store._schema import batch_lines, batches

_AT_ONCE = 200  # answers that are read together: they may be long


class NotHeld(StoreError):
    """Another process works on the batch now."""


class Answered(Struct, frozen=True, kw_only=True):
    """One line of a batch and its answer, as the line of the output that it will be."""

    line: int
    succeeded: bool
    answer: bytes


class BatchWork:
    """What one process has to do for a project's batches. Safe to use from many threads."""

    def __init__(self, engine: Engine, project: str, process: str, clock: Clock = now_ns) -> None:
        self._engine = engine
        self._project = project
        self._process = process
        self._clock = clock

    def take(self, most: int, seconds: float) -> list[Batch]:
        """Up to so many batches that nobody works on, oldest first, held for so many seconds."""
        free = or_(batches.c.worker.is_(None), batches.c.worker_until < self._clock())
        live = (batches.c.project == self._project, batches.c.status.in_(LIVE), free)
        query = select(batches.c.id).where(*live).order_by(batches.c.created, batches.c.id).limit(most)
        with reading(self._engine) as connection:
            waiting = list(connection.scalars(query))
        return [batch for each in waiting if (batch := self._take(each, free, seconds)) is not None]

    def renew(self, ids: Sequence[str], seconds: float) -> dict[str, str]:
        """Hold these for so many seconds from now on. The status of each that is still held."""
        held = (batches.c.id.in_(ids), batches.c.worker == self._process)
        with writing(self._engine) as connection:
            until = update(batches).where(*held).values(worker_until=self._until(seconds))
            return {row.id: row.status for row in connection.execute(until.returning(batches.c.id, batches.c.status))}

    def release(self, id: str) -> None:
        """Let others take it at once."""
        with writing(self._engine) as connection:
            held = (batches.c.id == id, batches.c.worker == self._process)
            connection.execute(update(batches).where(*held).values(worker=None, worker_until=None))

    def move(self, id: str, before: str, after: str, **values: Any) -> bool:
        """From one status to the next, with what is known by then. False where it is in another one: cancelled.

        Raises:
            NotHeld: another process works on it now.
        """
        with writing(self._engine) as connection:
            batch = self._held(connection, id)
            if batch.status != before:
                return False
            self._become(connection, batch, after, values)
            return True

    def keep(self, id: str, found: Sequence[Answered]) -> None:
        """Keep answers, durably, and count them; a line that has one keeps it.

        Raises:
            NotHeld: another process works on it now.
        """
        with writing(self._engine) as connection:
            batch = self._held(connection, id)
            asked = (batch_lines.c.batch == id, batch_lines.c.line.in_([each.line for each in found]))
            known = set(connection.scalars(select(batch_lines.c.line).where(*asked)))
            fresh = [each for each in found if each.line not in known]
            if not fresh:
                return
            good = sum(each.succeeded for each in fresh)
            counts = {"completed": batch.completed + good, "failed": batch.failed + len(fresh) - good}
            connection.execute(update(batches).where(batches.c.id == id).values(**counts))
            connection.execute(insert(batch_lines), [{"batch": id, **asdict(each)} for each in fresh])

    def answered(self, id: str) -> set[int]:
        """The lines that have their answer."""
        with reading(self._engine) as connection:
            return set(connection.scalars(select(batch_lines.c.line).where(batch_lines.c.batch == id)))

    def answers(self, id: str) -> Iterator[Answered]:
        """Every answer, in the order of the lines."""
        line = 0
        while True:
            mine = (batch_lines.c.batch == id, batch_lines.c.line > line)
            query = select(batch_lines).where(*mine).order_by(batch_lines.c.line).limit(_AT_ONCE)
            with reading(self._engine) as connection:
                rows = connection.execute(query).all()
            for row in rows:
                yield Answered(line=row.line, succeeded=row.succeeded, answer=bytes(row.answer))
            if len(rows) < _AT_ONCE:
                return
            line = rows[-1].line

    def finish(
        self, id: str, status: str, output: File | None, error: File | None, late: int = 0, **values: Any
    ) -> None:
        """The batch is over, and its files are there: both or neither. `late` lines failed without having been asked.

        Raises:
            NotHeld: another process works on it now.
        """
        with writing(self._engine) as connection:
            batch = self._held(connection, id)
            for file in (output, error):
                if file is not None:
                    add_row(connection, self._project, file)
            made = {"output_file": output and output.id, "error_file": error and error.id}
            over = {"failed": batch.failed + late, "worker": None, "worker_until": None}
            self._become(connection, batch, status, {**values, **made, **over})
            connection.execute(delete(batch_lines).where(batch_lines.c.batch == id))

    def _take(self, id: str, free: Any, seconds: float) -> Batch | None:
        with writing(self._engine) as connection:
            mine = {"worker": self._process, "worker_until": self._until(seconds)}
            taken = update(batches).where(batches.c.id == id, batches.c.status.in_(LIVE), free).values(**mine)
            row = connection.execute(taken.returning(batches)).mappings().first()
            return None if row is None else batch_of(plain(row))

    def _held(self, connection: Connection, id: str) -> Batch:
        """The batch, which nobody else changes until the end of the transaction."""
        query = select(batches).where(batches.c.id == id, batches.c.worker == self._process).with_for_update()
        row = connection.execute(query).mappings().first()
        if row is None:
            raise NotHeld(f"another process works on the batch {id} now")
        return batch_of(plain(row))

    def _become(self, connection: Connection, batch: Batch, status: str, values: dict[str, Any]) -> None:
        times = batch.times | {status: self._clock()}
        found = columns_of({**values, "status": status, "times": times})
        connection.execute(update(batches).where(batches.c.id == batch.id).values(**found))

    def _until(self, seconds: float) -> int:
        return self._clock() + int(seconds * 1_000_000_000)
