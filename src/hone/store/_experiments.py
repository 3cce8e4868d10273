"""The catalog's second half: versions of datasets, experiments and their results."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Dialect, Engine, RowMapping, Select, bindparam, func, insert, select, update

from hone.core import Clock, from_json, now_ns, to_json
from hone.store._catalog import one_at_a_time
from hone.store._catalog_shapes import DatasetVersion, Details, Ending, Experiment, Judgement, Result
from hone.store._catalog_text import storable, stored
from hone.store._database import dialect_of, reading, writing
from hone.store._schema import dataset_versions, experiments, results

_AS_JSON = ("variants", "evaluators", "metrics", "cells", "figures", "early", "judgements", "details")
_LOOKED_AT = 200  # experiments, newest first, that may have asked the same

_decoder = msgspec.json.Decoder(list[Judgement])


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

    def end(
        self,
        experiment: str,
        state: str,
        *,
        note: str | None = None,
        figures: Sequence[Mapping[str, Any]] | None = None,
        early: Ending | None = None,
    ) -> None:
        """Say how far an experiment has come: running, done or interrupted, and why it went no further.

        Without `figures` those that are kept stay. `early` is kept with what is done.
        """
        values: dict[str, Any] = {"state": state, "note": None if note is None else storable(note)}
        if figures is not None:
            values["figures"] = storable(to_json(list(figures)))
        if state == "done":
            values["early"] = storable(to_json(msgspec.to_builtins(early)))
        with writing(self._engine) as connection:
            connection.execute(update(experiments).where(experiments.c.id == experiment).values(**values))

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
        """Keep results; one that is there already stays as it was."""
        if not found:
            return
        statement, names = _insert(self._engine.dialect)
        named = [_result_row(each) for each in found]
        rows: Any = named if names is None else [tuple(row[name] for name in names) for row in named]
        with writing(self._engine) as connection:
            # Handed to the driver as it is: SQLAlchemy's own way to it took as long as the database itself.
            connection.exec_driver_sql(statement, rows)

    def judge(self, found: Sequence[Result]) -> None:
        """Put the judgements of kept results in the place of those that they had."""
        if not found:
            return
        which = [results.c[name] == bindparam(f"its_{name}") for name in ("experiment", "variant", "example", "repeat")]
        rows = [
            {
                "its_experiment": each.experiment,
                "its_variant": storable(each.variant),
                "its_example": storable(each.example),
                "its_repeat": each.repeat,
                "said": storable(to_json(msgspec.to_builtins(each.judgements))),
            }
            for each in found
        ]
        with writing(self._engine) as connection:
            connection.execute(update(results).where(*which).values(judgements=bindparam("said")), rows)

    def answered(self, project: str, task: str, configured: Collection[str], keys: Iterable[str]) -> dict[str, Result]:
        """The newest answer of an earlier experiment to each of these keys, by key. Failed calls are no answers.

        `configured` are the SHA-256 of the variants that the keys were made of: only who ran one of them is looked at.
        """
        found: dict[str, Result] = {}
        missing = set(keys)
        for each in self.latest(project, task=task, limit=_LOOKED_AT):
            variants = [name for name, sha256 in each.variants.items() if sha256 in configured]
            if not missing or not variants:
                continue
            mine = (results.c.experiment == each.id) & results.c.variant.in_(map(storable, variants))
            for row in self._rows(select(results).where(mine, results.c.error.is_(None))):
                if row["key"] in missing:
                    missing.remove(row["key"])
                    found[row["key"]] = _result(row)
        return found

    def results(self, experiment: str) -> list[Result]:
        """Every result of an experiment, in the order in which they came."""
        query = select(results).where(results.c.experiment == experiment)
        ordered = query.order_by(results.c.created, results.c.example, results.c.variant, results.c.repeat)
        return [_result(row) for row in self._rows(ordered)]

    def _experiments(self, project: str, *where: Any, limit: int = 1) -> list[Experiment]:
        query = select(experiments).where(experiments.c.project == project, *where)
        newest = query.order_by(experiments.c.created.desc(), experiments.c.id.desc()).limit(limit)
        return [msgspec.convert(_plain(row), Experiment) for row in self._rows(newest)]

    def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        with reading(self._engine) as connection:
            return connection.execute(query).mappings().all()


@lru_cache
def _insert(dialect: Dialect) -> tuple[str, list[str] | None]:
    """An insert that leaves results alone that are there, in the words of the driver, and the order of its values.

    None where they have names.
    """
    into = dialect_of(dialect).insert(results).on_conflict_do_nothing()
    compiled = into.compile(dialect=dialect)
    return str(compiled), list(compiled.positiontup) if compiled.positional else None


def _row(item: Experiment) -> dict[str, Any]:
    values = msgspec.structs.asdict(item)
    for name in _AS_JSON:
        if name in values:
            values[name] = to_json(msgspec.to_builtins(values[name]))
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}


def _result_row(item: Result) -> dict[str, Any]:
    values = msgspec.structs.asdict(item)
    values["judgements"] = to_json(msgspec.to_builtins(item.judgements))
    values["tags"] = to_json(item.tags)
    values["details"] = None if item.details is None else to_json(msgspec.to_builtins(item.details))
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}


def _result(row: RowMapping) -> Result:
    values: dict[str, Any] = {
        str(name): stored(value) if isinstance(value, str) else value for name, value in row.items()
    }
    values["judgements"] = _judgements(values["judgements"])
    values["tags"] = tuple(from_json(values["tags"]))
    if values["details"] is not None:
        values["details"] = msgspec.convert(from_json(values["details"]), Details)
    return Result(**values)


def _judgements(text: str) -> list[Judgement]:
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):  # half a surrogate pair, which json alone reads
        return msgspec.convert(from_json(text), list[Judgement])


def _plain(row: RowMapping) -> dict[str, Any]:
    # A column's name is a string of SQLAlchemy's own kind, which msgspec does not take for one.
    texts = {str(name): stored(value) if isinstance(value, str) else value for name, value in row.items()}
    return {name: from_json(value) if name in _AS_JSON else value for name, value in texts.items()}
