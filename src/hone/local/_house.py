"""The rooms of one project, opened, introduced to each other, and closed again."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from hone.core import Clock, Target, new_id, now_ns, valid_span_id, valid_trace_id
from hone.datasets import Dataset, DatasetFile, Versions
from hone.feedback import score_from
from hone.gateway import Standing, standings
from hone.local._configuration import configuration
from hone.local._edition import files_of
from hone.local._monitor import Monitor
from hone.local._plane import Plane, cassette_of
from hone.project import Project, load
from hone.providers import Provider
from hone.releases import Releases
from hone.store import Batches, BatchWork, Contents, Experiments, StoredFiles, Telemetry, open_database
from hone.traces import Recorder, TraceFilter, Traces

_COMMIT_SECONDS = 30.0


class Added(Struct, frozen=True):
    """A score that is durable. `fresh` is false when its id was there already."""

    id: str
    fresh: bool


class House(Plane):
    """Everything of one project in this process. Any thread may use it; `gateway` belongs to one event loop."""

    def __init__(
        self,
        project: Project,
        *,
        providers: Mapping[str, Provider] | None = None,
        cassette: str | None = None,
        clock: Clock = now_ns,
    ) -> None:
        """`cassette` is `record:PATH` or `replay:PATH`; without it, what HONE_CASSETTE says."""
        # What can be wrong in a file is found before a file or a thread is opened.
        tape, files = cassette_of(cassette), files_of(project)
        engine = open_database(project.database_url)
        self.telemetry = Telemetry(
            engine, project.blobs_url, spool=project.state / "spool", durable=project.telemetry.durable
        )
        # What a killed process left in its spool is there before the first question.
        self.telemetry.flush()
        super().__init__(files, engine, self.telemetry, providers=providers, cassette=tape, clock=clock)
        self.recorder = Recorder(self.telemetry, price=self._price_of, clock=clock)
        self.traces = Traces(self.telemetry, project.name)
        self.experiments = Experiments(engine)
        self.versions = Versions(project.name, self.experiments, Contents(project.blobs_url, "datasets"))
        self.releases = Releases(
            self._project, self.catalog, self.experiments, self.telemetry, record=self.recorder.spool,
            configuration=partial(configuration, self), changed=self.shares.changed, clock=clock,
        )  # fmt: skip
        self.files = StoredFiles(engine, project.name, project.blobs_url, clock)
        self.batches = Batches(engine, project.name, clock)
        self.batch_work = BatchWork(engine, project.name, new_id(), clock)
        self.monitor = Monitor(self)

    @classmethod
    def open(cls, folder: Path, **options: Any) -> Self:
        """Read the project in `folder` and open its rooms.

        Raises:
            ProjectError: a file of the project is wrong.
            StoreError: the place of record cannot be opened.
        """
        return cls(load(folder), **options)

    def close(self) -> None:
        """Make durable what was recorded, and release the files."""
        self.telemetry.close()
        super().close()

    def check(self) -> None:
        """
        Raises:
            StoreError: a place of record does not answer.
        """
        self.catalog.prompt_versions(self.project.name, "")
        self.traces.latest(TraceFilter(limit=1))

    def score(
        self,
        target: str | Mapping[str, str],
        name: str,
        value: Any,
        by: str = "user",
        comment: str | None = None,
        id: str | None = None,
    ) -> Added:
        """Add a score; returns when it is durable.

        A target without a kind is a span's or a trace's id; that of a trace may be cut short.

        Raises:
            CallError: it is not well formed, or several traces begin so.
            NotFound: no trace begins so.
            StoreError: it could not be kept.
        """
        metrics = {name: metric.kind for name, metric in self.project.metrics.items()}
        score = score_from(
            self.project.name, metrics, target=target, name=name, value=value, by=by, comment=comment, id=id,
            clock=self.clock,
        )  # fmt: skip
        if isinstance(target, str) and not (valid_trace_id(target) or valid_span_id(target)):
            # Cut short, as lists show it.
            score = replace(score, target=Target("trace", self.traces.full_id(target)))
        receipt = self.recorder.record([score]).wait(_COMMIT_SECONDS)
        return Added(score.id, fresh=receipt.written == 1)

    def dataset(self, name: str) -> Dataset:
        """A dataset as its file is now, by its name; or as it was: `refunds@v2`.

        Raises:
            DatasetError: there is none, or a line of it is wrong.
            NotFound: there is no such version, or its content was not kept.
        """
        name, at, version = name.partition("@")
        return self.versions.read(name, version) if at else DatasetFile(self.datasets, name).read()

    @property
    def datasets(self) -> Path:
        """The folder of the project's datasets."""
        return self.project.root / "datasets"

    def budgets(self) -> list[Standing]:
        """How every limit of hone.toml and of valid keys stands."""
        keys = [key for row, key in self.keys.all() if row.valid(self.clock())]
        return standings(self.project, keys, self.accounts.standing(), self.clock())
