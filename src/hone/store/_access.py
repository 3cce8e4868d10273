"""The keys that callers hold. A secret is never stored: its SHA-256 is, which is enough for what nobody can guess."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Engine, func, insert, or_, select, update

from hone.core import Clock, from_json, new_id, now_ns, to_json
from hone.store._catalog_text import storable, stored
from hone.store._database import reading, writing
from hone.store._schema import access_keys


class AccessKey(Struct, frozen=True, kw_only=True):
    """Times are nanoseconds since the epoch."""

    id: str
    name: str
    sha256: str
    ending: str
    settings: dict[str, Any]
    created: int
    by: str
    expires: int | None
    revoked: int | None

    def valid(self, now: int) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)


class AccessKeys:
    """One project's keys. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, project: str, clock: Clock = now_ns) -> None:
        self._engine = engine
        self._project = project
        self._clock = clock

    def add(
        self, name: str, sha256: str, ending: str, settings: dict[str, Any], *, by: str, expires: int | None = None
    ) -> AccessKey:
        """A new key; others of the same name stay as they are."""
        now = self._clock()
        row = {
            "id": new_id(), "name": storable(name), "sha256": sha256, "ending": ending, "settings": to_json(settings),
            "created": now, "by": storable(by), "expires": expires, "revoked": None,
        }  # fmt: skip
        with writing(self._engine) as connection:
            connection.execute(insert(access_keys).values(**row, project=self._project, changed=now))
        return _key(row)

    def end(self, name: str, *, at: int | None = None, but: str | None = None) -> int:
        """Revoke the valid keys of a name, but the one with the id `but`; with `at`, let them expire then.

        Returns how many there were.
        """
        now, table = self._clock(), access_keys
        values: dict[str, Any] = {"changed": now, **({"revoked": now} if at is None else {"expires": at})}
        still = or_(table.c.expires.is_(None), table.c.expires > (now if at is None else at))
        with writing(self._engine) as connection:
            named = (table.c.project == self._project, table.c.name == storable(name), table.c.id != (but or ""))
            ended = connection.execute(update(table).where(*named, table.c.revoked.is_(None), still).values(**values))
            return int(ended.rowcount)

    def all(self) -> list[AccessKey]:
        """Every key there is and was, newest first."""
        table = access_keys
        query = (
            select(table).where(table.c.project == self._project).order_by(table.c.created.desc(), table.c.id.desc())
        )
        with reading(self._engine) as connection:
            return [_key(dict(row)) for row in connection.execute(query).mappings()]

    def state(self) -> tuple[int, int]:
        """Differs from what it was when a key has been added or changed."""
        table = access_keys
        with reading(self._engine) as connection:
            query = select(func.count(), func.coalesce(func.max(table.c.changed), 0))
            count, changed = connection.execute(query.where(table.c.project == self._project)).one()
        return int(count), int(changed)


def _key(row: dict[str, Any]) -> AccessKey:
    known = {name: row[name] for name in AccessKey.__struct_fields__}
    texts = {"name": stored(row["name"]), "by": stored(row["by"]), "settings": from_json(row["settings"])}
    return AccessKey(**(known | texts))
