"""The data plane of one project: everything that answers a call, and nothing that looks back at calls."""

import logging
import os
import threading
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Engine

from hone.core import Clock, Span, Usage, new_id, now_ns
from hone.errors import HoneError, StoreError, UnknownModel
from hone.gateway import Cache, Edition, Gateway, Keys, Rooms
from hone.local._bookkeeper import Bookkeeper
from hone.local._edition import Files, files_of, fitting
from hone.local._grounding import Grounds, usual_embedder
from hone.local._shares import Shares
from hone.models import Prices
from hone.project import Project, load
from hone.prompts import Prompt, parse
from hone.providers import Cassette, Model, Provider, registry, taped
from hone.store import AccessKeys, Accounts, CachedAnswers, Catalog, Embeddings, Experiments, Record
from hone.traces import Place, Spooler

log = logging.getLogger("hone")


def cassette_of(said: str | None) -> Cassette | None:
    """`record:PATH` or `replay:PATH`; without it, what HONE_CASSETTE says.

    Raises:
        ProjectError: it is neither, or there is nothing to replay.
    """
    said = said or os.environ.get("HONE_CASSETTE")
    return Cassette.read(said) if said else None


class Plane:
    """Routes, prompts, knowledge, keys and budgets around one gateway, which belongs to one event loop."""

    def __init__(
        self,
        files: Files,
        engine: Engine,
        place: Place[Awaitable[Any] | None],
        *,
        providers: Mapping[str, Provider] | None = None,
        cassette: Cassette | None = None,
        clock: Clock = now_ns,
    ) -> None:
        """`place` keeps the spans of calls."""
        self.clock = clock
        self._cassette = cassette
        self._files = files
        self.since = clock()  # when the files came into force here
        self._engine = engine
        project = files.project
        self.catalog = Catalog(engine)
        self.prices = Prices()
        self._spooler = Spooler(place, price=self._price_of, clock=clock)
        self._record_prompts(files)
        self._versions: dict[tuple[str, int], Prompt] = {}
        self._reloading = threading.Lock()
        self.trouble: HoneError | None = None  # why the files as they are now are not in force
        self.grounds = Grounds(self._project, self.catalog, Embeddings(engine))
        self.knowledge, self.build_knowledge = self.grounds.knowledge, self.grounds.build
        self.shares = Shares(self.catalog, self._project, clock)
        self.accounts = Accounts(engine, project.name)
        self.keys = Keys(AccessKeys(engine, project.name, clock), clock)
        self.answers = CachedAnswers(engine, project.name)
        self._cache = Cache(self.answers, clock, usual_embedder)
        self.gateway = Gateway(
            Rooms(
                search=self.grounds.search,
                weights=self.shares.current,
                cost=self._cost,
                record=self._keep,
                renewal=partial(self.accounts.renew, new_id()),
                cache=self._cache,
                providers=self._taped(providers or {}),
                clock=clock,
            ),
            self._edition(files),
        )
        self.shares.project_changed()
        self.experiments = Experiments(engine)
        self.overheard: dict[str, list[Span]] = {}  # the spans of these traces, for whoever waits for the call
        self.bookkeeper = Bookkeeper(self.gateway.admission, self.accounts, clock)

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
        """Write what budgets have spent, and release the database."""
        self.bookkeeper.close()
        self.shares.close()
        self._cache.close()
        self._engine.dispose()

    def spool(self, records: Sequence[Record]) -> Any:
        """Keep spans and scores: they survive this process once this returns. A ticket where telemetry is durable.

        Raises:
            StoreError: they could not be kept.
        """
        return self._spooler.spool(records)

    def load_prices(self) -> None:
        """Look up the price of every model of the project, so that no call waits for the list to be read."""
        for model in self.project.models.values():
            self.prices.cost(model.provider, model.name, Usage(input=0, output=0), model.price)

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

    def _taped(self, providers: Mapping[str, Provider]) -> Mapping[str, Provider]:
        if self._cassette is None:
            return providers
        if self._cassette.mode == "replay":
            log.warning("no model is asked: answers are the recordings in %s", self._cassette.folder)
        return taped(self._cassette, providers, registry.names(), registry.load)

    def _edition(self, files: Files) -> Edition:
        project = files.project
        if self._cassette is not None and self._cassette.mode == "replay":
            # Nobody is asked, so no key is needed.
            project = replace(project, models={name: replace(m, missing=()) for name, m in project.models.items()})
        return Edition(project=project, prompts=partial(self._prompt, files.prompts), version=files.version)

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

    def _keep(self, spans: Sequence[Span]) -> Awaitable[Any] | None:
        """Record what the gateway did. A call that was answered does not fail because its story cannot be written.

        Raises:
            StoreError: only where the project asks for durable telemetry.
        """
        if (heard := self.overheard.get(spans[0].trace_id)) is not None:
            heard += spans
        try:
            return self._spooler.spool(spans)
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
