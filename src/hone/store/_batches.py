"""Batches as their callers see them: begun, looked at, listed, cancelled."""

from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import asdict
from sqlalchemy import ColumnElement, Engine, insert, select, update

from hone.core import Clock, from_json, now_ns, to_json
from hone.errors import CallError, NotFound
from hone.store._catalog_text import storable, stored
from hone.store._database import reading, writing
from hone.store._paging import page, plain
from hone.store._schema import batches

_AS_JSON = ("caller", "metadata", "errors", "models", "times", "usage")
_TEXTS = (*_AS_JSON, "owner")


class BatchCaller(Struct, frozen=True, kw_only=True):
    """Who asked for a batch, as every call of it will say."""

    user: str | None = None
    session: str | None = None
    tags: tuple[str, ...] = ()


class LineError(Struct, frozen=True, kw_only=True):
    """What is wrong with a line of the input, or with all of it."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None


class BatchUsage(Struct, frozen=True, kw_only=True):
    """Tokens of all the answers of a batch."""

    input: int = 0
    cached: int = 0  # of the input
    output: int = 0
    reasoning: int = 0  # of the output


class Batch(Struct, frozen=True, kw_only=True):
    """Calls that are made one after another, beside the others. Times are nanoseconds since the epoch."""

    id: str
    owner: str | None  # the name of the key that it runs by
    caller: BatchCaller = BatchCaller()
    endpoint: str
    input_file: str
    metadata: dict[str, str] | None = None
    output_seconds: int | None = None  # how long its files are kept
    status: str = "validating"
    errors: list[LineError] = field(default_factory=list)
    models: list[str] = field(default_factory=list)  # what its lines ask for
    total: int = 0
    completed: int = 0
    failed: int = 0
    usage: BatchUsage | None = None  # known when it is over
    output_file: str | None = None
    error_file: str | None = None
    created: int
    expires: int
    times: dict[str, int] = field(default_factory=dict)  # when it reached each status


class Batches:
    """One project's batches. An `owner` sees its own; None sees all. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, project: str, clock: Clock = now_ns) -> None:
        self._engine = engine
        self._project = project
        self._clock = clock

    def begin(self, batch: Batch) -> None:
        """Keep a new batch; whoever works on batches finds it."""
        with writing(self._engine) as connection:
            connection.execute(insert(batches).values(**columns_of(asdict(batch)), project=self._project))

    def get(self, id: str, owner: str | None = None) -> Batch:
        """
        Raises:
            NotFound: there is none, or it is another's.
        """
        with reading(self._engine) as connection:
            query = select(batches).where(*self._mine(owner), batches.c.id == storable(id))
            found = connection.execute(query).mappings().first()
        if found is None:
            raise NotFound(f"there is no batch {id!r}")
        return batch_of(plain(found))

    def latest(
        self, owner: str | None = None, *, after: str | None = None, limit: int = 20
    ) -> tuple[list[Batch], bool]:
        """Batches, newest first, and whether there are more.

        Raises:
            NotFound: there is no batch `after`.
        """
        with reading(self._engine) as connection:
            found, more = page(connection, batches, self._mine(owner), after=after, limit=limit)
        return [batch_of(row) for row in found], more

    def cancel(self, id: str, owner: str | None = None) -> Batch:
        """Whoever works on it will stop; what is done stays done.

        Raises:
            NotFound: there is none, or it is another's.
            CallError: it is over, or nearly so.
        """
        with writing(self._engine) as connection:
            query = select(batches).where(*self._mine(owner), batches.c.id == storable(id))
            row = connection.execute(query.with_for_update()).mappings().first()
            if row is None:
                raise NotFound(f"there is no batch {id!r}")
            batch = batch_of(plain(row))
            if batch.status not in ("validating", "in_progress", "cancelling"):
                error = CallError(f"the batch {id} is {batch.status}, and cannot be cancelled any more")
                error.status, error.code = 409, "conflict"
                raise error
            if batch.status != "cancelling":
                times = batch.times | {"cancelling": self._clock()}
                values = columns_of({"status": "cancelling", "times": times})
                connection.execute(update(batches).where(batches.c.id == id).values(**values))
        return self.get(id, owner)

    def _mine(self, owner: str | None) -> list[ColumnElement[bool]]:
        mine = [batches.c.project == self._project]
        return mine if owner is None else [*mine, batches.c.owner == storable(owner)]


def columns_of(values: dict[str, Any]) -> dict[str, Any]:
    """Fields of a batch as the table keeps them."""
    plain = {name: to_json(msgspec.to_builtins(each)) if name in _AS_JSON else each for name, each in values.items()}
    return {name: storable(each) if isinstance(each, str) else each for name, each in plain.items()}


def batch_of(row: dict[str, Any]) -> Batch:
    known = {name: row[name] for name in Batch.__struct_fields__}
    texts = {name: stored(known[name]) for name in _TEXTS if known[name] is not None}
    return msgspec.convert(known | texts | {name: from_json(texts[name]) for name in _AS_JSON}, Batch)
