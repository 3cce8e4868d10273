"""The catalog's second half: versions of datasets, experiments and their results."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Engine, RowMapping, Select, func, insert, select, update

from hone.core import Clock, from_json, now_ns, to_json
from hone.store._catalog import one_at_a_time
from hone.store._catalog_shapes import DatasetVersion, Experiment, Result
from hone.store._catalog_text import storable, stored
from hone.store._database import reading, writing
from hone.store._schema import dataset_versions, experiments, results

_AS_JSON = ("variants", "evaluators", "metrics", "judgements")


class Experiments:
    """What was measured, for any number of projects. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, clock: Clock = now_ns) -> None:
        self._engine = engine
        self._clock = clock

    def record_dataset(self, project: str, name: str, sha256: str, examples: int, *, by: str) -> DatasetVersion:
        """This state of a dataset: the version it already is, or the next."""
        table = dataset_versions
        with writing(self._engine) as connection:
            one_at_a_time(connection, "dataset", project, name)
            mine = (table.c.project == project) & (table.c.name == name)
            known = connection.execute(select(table).where(mine, table.c.sha256 == sha256)).mappings().first()
            if known is not None:
                return DatasetVersion(**_plain(known))
            last = connection.scalar(select(func.coalesce(func.max(table.c.version), 0)).where(mine)) or 0
            row = {"project": project, "name": name, "version": int(last) + 1, "sha256": sha256, "examples": examples}
            made = insert(table).values(**row, created=self._clock(), by=storable(by)).returning(table)
            return DatasetVersion(**_plain(connection.execute(made).mappings().one()))

    def dataset_versions(self, project: str, name: str) -> list[DatasetVersion]:
        """Every recorded state of a dataset, newest first."""
        table = dataset_versions
        query = select(table).where(table.c.project == project, table.c.name == name)
        return [DatasetVersion(**_plain(row)) for row in self._rows(query.order_by(table.c.version.desc()))]

    def begin(self, experiment: Experiment) -> None:
        """Keep a new experiment."""
        with writing(self._engine) as connection:
            connection.execute(insert(experiments).values(**_row(experiment)))

    def end(self, experiment: str, state: str) -> None:
        """Say how far an experiment has come: running, done or interrupted."""
        with writing(self._engine) as connection:
            connection.execute(update(experiments).where(experiments.c.id == experiment).values(state=state))

    def get(self, project: str, id: str) -> Experiment | None:
        """One experiment by its id."""
        found = self._experiments(project, experiments.c.id == id)
        return found[0] if found else None

    def same(self, project: str, key: str) -> Experiment | None:
        """The newest experiment that ran the same variants, examples and evaluators."""
        found = self._experiments(project, experiments.c.key == key, limit=1)
        return found[0] if found else None

    def latest(self, project: str, *, task: str | None = None, limit: int = 50) -> list[Experiment]:
        """Experiments, newest first."""
        return self._experiments(project, *([] if task is None else [experiments.c.task == task]), limit=limit)

    def keep(self, found: Sequence[Result]) -> None:
        """Keep results of one experiment; one that is there already stays as it was."""
        if not found:
            return
        with writing(self._engine) as connection:
            one_at_a_time(connection, "results", found[0].experiment)
            rows = {(row["variant"], row["example"]): row for row in map(_row, found)}
            here = results.c.example.in_({example for _, example in rows})
            mine = select(results.c.variant, results.c.example).where(results.c.experiment == found[0].experiment, here)
            known = {(row.variant, row.example) for row in connection.execute(mine)}
            new = [row for key, row in rows.items() if key not in known]
            if new:
                connection.execute(insert(results), new)

    def results(self, experiment: str) -> list[Result]:
        """Every result of an experiment, in the order in which they came."""
        query = select(results).where(results.c.experiment == experiment)
        ordered = query.order_by(results.c.created, results.c.example, results.c.variant)
        return [msgspec.convert(_plain(row), Result) for row in self._rows(ordered)]

    def _experiments(self, project: str, *where: Any, limit: int = 1) -> list[Experiment]:
        query = select(experiments).where(experiments.c.project == project, *where)
        newest = query.order_by(experiments.c.created.desc(), experiments.c.id.desc()).limit(limit)
        return [msgspec.convert(_plain(row), Experiment) for row in self._rows(newest)]

    def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        with reading(self._engine) as connection:
            return connection.execute(query).mappings().all()


def _row(item: Experiment | Result) -> dict[str, Any]:
    values = msgspec.structs.asdict(item)
    for name in _AS_JSON:
        if name in values:
            values[name] = to_json(msgspec.to_builtins(values[name]))
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}


def _plain(row: RowMapping) -> dict[str, Any]:
    # A column's name is a string of SQLAlchemy's own kind, which msgspec does not take for one.
    texts = {str(name): stored(value) if isinstance(value, str) else value for name, value in row.items()}
    return {name: from_json(value) if name in _AS_JSON else value for name, value in texts.items()}
