"""The rooms of one project, opened, introduced to each other, and closed again."""

import logging
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from hone.core import Clock, Span, Target, Usage, new_id, now_ns, valid_span_id, valid_trace_id
from hone.errors import HoneError, StoreError, UnknownModel
from hone.feedback import score_from
from hone.gateway import Edition, Gateway, Keys, Rooms, Standing, standings
from hone.local._bookkeeper import Bookkeeper
from hone.local._configuration import configuration
from hone.local._edition import Files, files_of, fitting
from hone.local._grounding import Grounds
from hone.local._monitor import Monitor
from hone.local._shares import Shares
from hone.models import Prices
from hone.project import Project, load
from hone.prompts import Prompt, parse
from hone.providers import Model, Provider
from hone.releases import Releases
from hone.store import AccessKeys, Accounts, Catalog, Embeddings, Experiments, Telemetry, Ticket, open_database
from hone.traces import Recorder, TraceFilter, Traces

log = logging.getLogger("hone")

_COMMIT_SECONDS = 30.0


class Added(Struct, frozen=True):
    """A score that is durable. `fresh` is false when its id was there already."""

    id: str
    fresh: bool


class House:
    """Everything of one project in this process. Any thread may use it; `gateway` belongs to one event loop."""

    def __init__(
        self,
        project: Project,
        *,
        providers: Mapping[str, Provider] | None = None,
        clock: Clock = now_ns,
    ) -> None:
        self.clock = clock
        # What can be wrong in a file is found before a file or a thread is opened.
        self._files = files_of(project)
        self.since = clock()  # when the files came into force here
        self._engine = open_database(project.database_url)
        self.catalog = Catalog(self._engine)
        self.telemetry = Telemetry(
            self._engine, project.blobs_url, spool=project.state / "spool", durable=project.telemetry.durable
        )
        # What a killed process left in its spool is there before the first question.
        self.telemetry.flush()
        self.prices = Prices()
        self.recorder = Recorder(self.telemetry, price=self._price_of, clock=clock)
        self.traces = Traces(self.telemetry, project.name)
        self._record_prompts(self._files)
        self._versions: dict[tuple[str, int], Prompt] = {}
        self._reloading = threading.Lock()
        self.trouble: HoneError | None = None  # why the files as they are now are not in force
        self.grounds = Grounds(self._project, self.catalog, Embeddings(self._engine))
        self.knowledge, self.build_knowledge = self.grounds.knowledge, self.grounds.build
        self.shares = Shares(self.catalog, self._project, clock)
        self.experiments = Experiments(self._engine)
        self.releases = Releases(
            self._project, self.catalog, self.experiments, self.telemetry, record=self.recorder.spool,
            configuration=partial(configuration, self), changed=self.shares.changed, clock=clock,
        )  # fmt: skip
        self.accounts = Accounts(self._engine, project.name)
        self.keys = Keys(AccessKeys(self._engine, project.name, clock), clock)
        self.gateway = Gateway(
            Rooms(
                search=self.grounds.search,
                weights=self.shares.current,
                cost=self._cost,
                record=self._keep,
                renewal=partial(self.accounts.renew, new_id()),
                providers=providers or {},
                clock=clock,
            ),
            self._edition(self._files),
        )
        self.shares.project_changed()
        self.bookkeeper = Bookkeeper(self.gateway.admission, self.accounts, clock)
        self.monitor = Monitor(self)

    @classmethod
    def open(cls, folder: Path, **options: Any) -> Self:
        """Read the project in `folder` and open its rooms.

        Raises:
            ProjectError: a file of the project is wrong.
            StoreError: the place of record cannot be opened.
        """
        return cls(load(folder), **options)

    @property
    def project(self) -> Project:
        """What hone.toml says, as it was last in order."""
        return self._files.project

    @property
    def prompts(self) -> Mapping[str, Prompt]:
        return self._files.prompts

    @property
    def version(self) -> str:
        """The name of the project's files as they are in force; every span of a call bears it as `config`."""
        return self._files.version

    def reload(self) -> list[str] | None:
        """Read the project's files again and put what they say in force: all of it or, where something is wrong, none.

        Calls that are going on end as they began. None if nothing has changed; else the sections that need a restart.

        Raises:
            ProjectError, MissingExtra: a file is wrong.
            StoreError: a new prompt could not be recorded.
        """
        with self._reloading:
            try:
                late = self._reload(self._files)
            except HoneError as problem:
                self.trouble = problem
                raise
            self.trouble = None
            return late

    def close(self) -> None:
        """Make durable what was recorded, and release the files."""
        self.bookkeeper.close()
        self.shares.close()
        self.telemetry.close()
        self._engine.dispose()

    def load_prices(self) -> None:
        """Look up the price of every model of the project, so that no call waits for the list to be read."""
        for model in self.project.models.values():
            self.prices.cost(model.provider, model.name, Usage(input=0, output=0), model.price)

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

    def budgets(self) -> list[Standing]:
        """How every limit of hone.toml and of valid keys stands."""
        keys = [key for row, key in self.keys.all() if row.valid(self.clock())]
        return standings(self.project, keys, self.accounts.standing(), self.clock())

    def waiting_releases(self) -> list[str]:
        """Tasks whose release in this environment is not what hone.toml says: an edit that was never applied."""
        environment = self.project.environment
        return [
            task
            for task, declared in self.project.releases.items()
            if environment in declared and dict(self.shares.current(task, environment)) != declared[environment]
        ]

    def _reload(self, before: Files) -> list[str] | None:
        project = load(before.project.root)
        files = files_of(project)
        if files.version == before.version:
            return None
        late = fitting(project, before.project)
        kept = {section: getattr(before.project, section) for section in late}
        files = replace(files, project=replace(project, **kept))
        fresh = self.grounds.made_new(before.project, files.project)
        self.gateway.check(files.project)
        self._record_prompts(files)
        # Nothing below can fail. The gateway's own switch is one assignment, so no call sees a half of it.
        self._files, self.since = files, self.clock()
        self.grounds.replace(fresh)
        self.gateway.adopt(self._edition(files))
        self.shares.project_changed()
        return late

    def _project(self) -> Project:
        return self._files.project

    def _edition(self, files: Files) -> Edition:
        return Edition(project=files.project, prompts=partial(self._prompt, files.prompts), version=files.version)

    def _record_prompts(self, files: Files) -> None:
        """Each text of a prompt that is new becomes a version of it."""
        for prompt in files.prompts.values():
            self.catalog.record_prompt(files.project.name, prompt.name, prompt.sha256, prompt.source, by="file")

    # -- what the gateway is given

    def _prompt(self, files: Mapping[str, Prompt], name: str, version: int | None) -> Prompt:
        if version is None:
            return files[name]
        key = (name, version)
        if key not in self._versions:
            known = self.catalog.prompt_version(self.project.name, name, version)
            if known is None:
                raise UnknownModel(f"the prompt {name!r} has no version {version}")
            self._versions[key] = parse(known.source, f"{name} v{version}", name)
        return self._versions[key]

    def _keep(self, spans: Sequence[Span]) -> Ticket | None:
        """Record what the gateway did. A call that was answered does not fail because its story cannot be written.

        Raises:
            StoreError: only where the project asks for durable telemetry.
        """
        try:
            return self.recorder.spool(spans)
        except StoreError as error:
            if self.project.telemetry.durable:
                raise
            log.error("trace %s is not recorded: %s", spans[0].trace_id, error)
            return None

    def _price_of(self, span: Span) -> float | None:
        """What a model call of the user's own code cost, when it says who answered."""
        usage = Usage(span.input_tokens, span.output_tokens, span.cache_read_tokens, span.cache_write_tokens)
        if span.provider is None or span.model is None:
            return None
        return self.prices.cost(span.provider, span.response_model or span.model, usage)

    def _cost(self, model: Model, usage: Usage) -> float | None:
        return self.prices.cost(model.provider, model.name, usage, model.price)
