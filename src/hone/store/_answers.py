"""Answers that may be used again, shared by every process on the database. Losing one costs a call, nothing else."""

import zlib
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Engine, delete, func, insert, select

from hone.store._catalog_text import storable, stored
from hone.store._database import dialect_of, reading, writing
from hone.store._schema import cache_clears, cached_answers

EVERY_TASK = "*"
"""Stands for every task where answers are cleared."""

_LEVEL = 1  # of zlib: answers are text, and the first level does most of what there is to do
_AT_ONCE = 1000  # rows of one sweep: others want to write too
_OF_A_SCOPE = 10_000  # questions, the newest


class CachedAnswer(Struct, frozen=True, kw_only=True):
    """One answer and where it stands. Times are nanoseconds; `trace_id` is of the call that was answered so.

    `scope`, `question` and `vector` are there where a question that is alike may have the same answer.
    """

    address: str
    environment: str
    task: str  # empty for a plain model call
    body: bytes
    trace_id: str
    created: int
    expires: int
    scope: str | None = None
    question: str | None = None
    vector: bytes | None = None


class AskedBefore(Struct, frozen=True):
    """A question whose answer is kept at `address`."""

    address: str
    question: str
    vector: bytes
    created: int
    expires: int


class Occupied(Struct, frozen=True, kw_only=True):
    """What the answers of one task take up. `bytes` are as stored, which is compressed."""

    task: str
    environment: str
    entries: int
    bytes: int
    oldest: int
    newest: int


class CachedAnswers:
    """One project's answers. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._project = project

    def get(self, address: str) -> CachedAnswer | None:
        """The answer at an address, though it may have expired."""
        table = cached_answers
        query = select(table).where(table.c.address == address, table.c.project == self._project)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _answer(row)

    def asked(self, scope: str, since: int) -> list[AskedBefore]:
        """The questions of a scope that were answered after `since`, newest first."""
        table = cached_answers
        columns = (table.c.address, table.c.question, table.c.vector, table.c.created, table.c.expires)
        mine = (table.c.scope == scope, table.c.project == self._project, table.c.created > since)
        query = select(*columns).where(*mine).order_by(table.c.created.desc()).limit(_OF_A_SCOPE)
        with reading(self._engine) as connection:
            return [
                AskedBefore(row.address, stored(row.question), bytes(row.vector), row.created, row.expires)
                for row in connection.execute(query)
            ]

    def put(self, answers: Sequence[CachedAnswer]) -> None:
        """Keep these, in the place of what was there; but for what has been cleared since."""
        with writing(self._engine) as connection:
            cleared = self._cleared(connection)
            dialect = dialect_of(connection.dialect)
            # In one order, so that two processes never wait for each other in a circle.
            for answer in sorted(answers, key=lambda each: each.address):
                if answer.created > max(cleared.get(EVERY_TASK, 0), cleared.get(answer.task, 0)):
                    row = self._row(answer)
                    made = dialect.insert(cached_answers).values(**row)
                    connection.execute(made.on_conflict_do_update(index_elements=["address"], set_=row))

    def sweep(self, now: int) -> int:
        """Delete answers that have expired, so many at once that others need not wait; how many there were."""
        table = cached_answers
        old = select(table.c.address).where(table.c.expires <= now).limit(_AT_ONCE)
        with writing(self._engine) as connection:
            return int(connection.execute(delete(table).where(table.c.address.in_(old))).rowcount)

    def clear(self, task: str | None, now: int) -> int:
        """Forget every answer, or those of one task; how many there were."""
        table, name = cached_answers, storable(task or EVERY_TASK)
        mine = [table.c.project == self._project, *([table.c.task == name] if task else [])]
        named = (cache_clears.c.project == self._project, cache_clears.c.task == name)
        with writing(self._engine) as connection:
            connection.execute(delete(cache_clears).where(*named))
            connection.execute(insert(cache_clears).values(project=self._project, task=name, time=now))
            return int(connection.execute(delete(table).where(*mine)).rowcount)

    def cleared(self) -> dict[str, int]:
        """When the answers of a task were last cleared; those of all under `EVERY_TASK`."""
        with reading(self._engine) as connection:
            return self._cleared(connection)

    def occupied(self, now: int) -> list[Occupied]:
        """What each task's answers take up, those that have expired left out."""
        table = cached_answers
        query = (
            select(
                table.c.task, table.c.environment, func.count().label("entries"),
                func.sum(func.length(table.c.body)).label("bytes"), func.min(table.c.created).label("oldest"),
                func.max(table.c.created).label("newest"),
            )
            .where(table.c.project == self._project, table.c.expires > now)
            .group_by(table.c.task, table.c.environment)
            .order_by(table.c.task, table.c.environment)
        )  # fmt: skip
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [
            Occupied(**{**row, "task": stored(row["task"]), "environment": stored(row["environment"])})
            for row in rows
        ]  # fmt: skip

    def _cleared(self, connection: Connection) -> dict[str, int]:
        table = cache_clears
        query = select(table.c.task, table.c.time).where(table.c.project == self._project)
        return {stored(row.task): int(row.time) for row in connection.execute(query)}

    def _row(self, answer: CachedAnswer) -> dict[str, Any]:
        return {
            "address": answer.address,
            "project": self._project,
            "environment": storable(answer.environment),
            "task": storable(answer.task),
            "body": zlib.compress(answer.body, _LEVEL),
            "trace_id": answer.trace_id,
            "scope": answer.scope,
            "question": None if answer.question is None else storable(answer.question),
            "vector": answer.vector,
            "created": answer.created,
            "expires": answer.expires,
        }


def _answer(row: Any) -> CachedAnswer:
    return CachedAnswer(
        address=row["address"],
        environment=stored(row["environment"]),
        task=stored(row["task"]),
        body=zlib.decompress(row["body"]),
        trace_id=row["trace_id"],
        created=row["created"],
        expires=row["expires"],
        scope=row["scope"],
        question=None if row["question"] is None else stored(row["question"]),
        vector=None if row["vector"] is None else bytes(row["vector"]),
    )
