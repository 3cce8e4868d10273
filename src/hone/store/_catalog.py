"""The catalog: versions and labels of prompts, releases, builds of knowledge. Every method is one short transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select, delete, func, insert, select

from hone.core import Clock, from_json, new_id, now_ns, to_json
from hone.errors import CallError
from hone.store._catalog_shapes import Build, PromptLabel, PromptVersion, Release
from hone.store._catalog_text import storable, stored
from hone.store._database import reading, writing
from hone.store._schema import chunks as chunk_rows
from hone.store._schema import knowledge_builds, prompt_labels, prompt_versions, releases

_BUILDS_KEPT = 3


class Catalog:
    """One database's catalog, for any number of projects. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, clock: Clock = now_ns) -> None:
        self._engine = engine
        self._clock = clock

    # -- prompts

    def record_prompt(
        self, project: str, name: str, sha256: str, source: str, *, by: str, time: int | None = None
    ) -> int:
        """The version number of this state of a prompt: the one it already has, or the next."""
        table = prompt_versions
        with writing(self._engine) as connection:
            one_at_a_time(connection, "prompt", project, name)
            mine = (table.c.project == project) & (table.c.name == name)
            known = connection.scalar(select(table.c.version).where(mine, table.c.sha256 == sha256))
            if known is not None:
                return int(known)
            version = int(connection.scalar(select(func.coalesce(func.max(table.c.version), 0)).where(mine)) or 0) + 1
            row = {"project": project, "name": name, "version": version, "sha256": sha256, "source": storable(source)}
            connection.execute(insert(table).values(**row, created=self._time(time), by=storable(by)))
            return version

    def prompt_version(self, project: str, name: str, version: int) -> PromptVersion | None:
        """The state of a prompt that has this number."""
        found = self._prompt_versions(project, name, prompt_versions.c.version == version)
        return found[0] if found else None

    def prompt_versions(self, project: str, name: str) -> list[PromptVersion]:
        """Every recorded state of a prompt, newest first."""
        return self._prompt_versions(project, name)

    def _prompt_versions(self, project: str, name: str, *where: Any) -> list[PromptVersion]:
        table = prompt_versions
        query = select(table).where(table.c.project == project, table.c.name == name, *where)
        return [PromptVersion(**_texts(row)) for row in self._rows(query.order_by(table.c.version.desc()))]

    def label_prompt(
        self, project: str, name: str, label: str, version: int, *, by: str, time: int | None = None
    ) -> None:
        """Let `label` point at `version`, wherever it pointed before.

        Raises:
            CallError: the prompt has no such version.
        """
        versions, table = prompt_versions, prompt_labels
        with writing(self._engine) as connection:
            one_at_a_time(connection, "prompt", project, name)
            mine = (versions.c.project == project) & (versions.c.name == name) & (versions.c.version == version)
            if connection.scalar(select(func.count()).where(mine)) == 0:
                raise CallError(f"the prompt {name!r} has no version {version}")
            key = {"project": project, "name": name, "label": label}
            connection.execute(delete(table).where(*(table.c[column] == value for column, value in key.items())))
            connection.execute(insert(table).values(**key, version=version, created=self._time(time), by=storable(by)))

    def labels(self, project: str, name: str) -> list[PromptLabel]:
        """The labels of a prompt, by name."""
        table = prompt_labels
        query = select(table).where(table.c.project == project, table.c.name == name)
        found = [PromptLabel(**_texts(row)) for row in self._rows(query)]
        return sorted(found, key=lambda each: each.label)  # databases sort by their locale, Python by code point

    # -- releases

    def current_release(self, project: str, environment: str, task: str) -> Release | None:
        """What was released last, or None before the first time."""
        found = self.release_history(project, environment, task, limit=1)
        return found[0] if found else None

    def release_history(self, project: str, environment: str, task: str, *, limit: int = 100) -> list[Release]:
        """The releases of a task in an environment, newest first."""
        return [_release(row) for row in self._rows(_history(project, environment, task).limit(limit))]

    def add_release(
        self,
        project: str,
        environment: str,
        task: str,
        weights: Mapping[str, float],
        *,
        action: str,
        by: str,
        reason: str | None = None,
        time: int | None = None,
        first_only: bool = False,
        after: int | None = None,
    ) -> Release:
        """Release `weights`; what is current afterwards. With `first_only`, a task that has a release keeps it.

        Raises:
            CallError: `after` is not the id of the current release: somebody else released meanwhile.
        """
        with writing(self._engine) as connection:
            one_at_a_time(connection, "release", project, environment, task)
            row = connection.execute(_history(project, environment, task).limit(1)).mappings().first()
            if first_only and row is not None:
                return _release(row)
            if after is not None and (row is None or row["id"] != after):
                raise CallError(
                    f"{task!r} was released in {environment!r} by somebody else meanwhile", hint="look, and try again"
                )
            values = {"project": project, "environment": environment, "task": task, "weights": to_json(dict(weights))}
            why = None if reason is None else storable(reason)
            added = insert(releases).values(
                **values, action=action, reason=why, created=self._time(time), by=storable(by)
            )
            return _release(connection.execute(added.returning(releases)).mappings().one())

    # -- knowledge

    def save_build(
        self, project: str, name: str, sha256: str, chunks: Sequence[tuple[str, str]], *, time: int | None = None
    ) -> str:
        """Keep a snapshot of (source, text) chunks; its id. Of each knowledge, the last three are kept.

        When the newest snapshot has the same `sha256`, that one is meant and nothing is written.
        """
        table = knowledge_builds
        with writing(self._engine) as connection:
            one_at_a_time(connection, "knowledge", project, name)
            newest = connection.execute(_builds(project, name)).mappings().first()
            if newest is not None and newest["sha256"] == sha256:
                return str(newest["id"])
            build = new_id()
            row = {"id": build, "project": project, "name": name, "sha256": sha256, "chunks": len(chunks)}
            connection.execute(insert(table).values(**row, created=self._time(time)))
            if chunks:
                connection.execute(insert(chunk_rows), _chunk_rows(build, chunks))
            old = connection.scalars(_builds(project, name).with_only_columns(table.c.id).offset(_BUILDS_KEPT)).all()
            connection.execute(delete(table).where(table.c.id.in_(old)))  # their chunks follow them
            return build

    def latest_build(self, project: str, name: str) -> Build | None:
        """The newest snapshot of a knowledge."""
        found = self._rows(_builds(project, name).limit(1))
        return Build(**found[0]) if found else None

    def chunks_of(self, build: str) -> list[tuple[str, str]]:
        """The (source, text) chunks of a snapshot, in the order they were given."""
        query = select(chunk_rows.c.source, chunk_rows.c.text).where(chunk_rows.c.build == build)
        return [
            (stored(row["source"]), stored(row["text"])) for row in self._rows(query.order_by(chunk_rows.c.position))
        ]

    # -- both

    def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        with reading(self._engine) as connection:
            return connection.execute(query).mappings().all()

    def _time(self, time: int | None) -> int:
        return self._clock() if time is None else time


def one_at_a_time(connection: Connection, *key: str) -> None:
    """Until the end of the transaction, no other one that reads and then writes the same thing comes in between.

    On SQLite every write transaction is already alone.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("\n".join(key), 0))))


def _history(project: str, environment: str, task: str) -> Select[Any]:
    mine = (releases.c.project == project) & (releases.c.environment == environment) & (releases.c.task == task)
    return select(releases).where(mine).order_by(releases.c.id.desc())


def _builds(project: str, name: str) -> Select[Any]:
    table = knowledge_builds
    query = select(table).where(table.c.project == project, table.c.name == name)
    return query.order_by(table.c.created.desc(), table.c.id.desc())


def _chunk_rows(build: str, chunks: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"build": build, "position": position, "source": storable(source), "text": storable(text)}
        for position, (source, text) in enumerate(chunks)
    ]


def _texts(row: RowMapping) -> dict[str, Any]:
    return {key: stored(value) if isinstance(value, str) else value for key, value in row.items()}


def _release(row: RowMapping) -> Release:
    return Release(**{**_texts(row), "weights": from_json(row["weights"])})
