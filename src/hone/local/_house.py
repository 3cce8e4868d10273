"""The rooms of one project, opened, introduced to each other, and closed again."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from hone.core import Clock, Passage, Span, Target, Usage, now_ns, valid_span_id, valid_trace_id
from hone.errors import StoreError, UnknownModel
from hone.feedback import score_from
from hone.gateway import Gateway, Rooms
from hone.knowledge import Build, Embedding, Knowledge, Progress
from hone.local._configuration import configuration
from hone.local._grounding import knowledge_of, searched_by_meaning
from hone.models import Prices
from hone.project import Project, Variant, load
from hone.prompts import Prompt, load_folder, parse
from hone.providers import Model, Provider
from hone.releases import Releases, current
from hone.store import Catalog, Embeddings, Experiments, Telemetry, Ticket, open_database
from hone.traces import Recorder, TraceFilter, Traces

log = logging.getLogger("hone")

_COMMIT_SECONDS = 30.0
_WEIGHTS_NS = 1_000_000_000


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
        self.project = project
        self.clock = clock
        # What can be wrong in a file is found before a file or a thread is opened.
        self.prompts: Mapping[str, Prompt] = load_folder(project.root / "prompts")
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
        self._record_prompts()
        self._metrics = {name: metric.kind for name, metric in project.metrics.items()}
        self._knowledge: dict[str, Knowledge] = {}
        self._lock = threading.Lock()
        self._versions: dict[tuple[str, int], Prompt] = {}
        self._weights: dict[tuple[str, str], Mapping[str, float]] = {}
        self._read: dict[tuple[str, str], int] = {}
        self._background = ThreadPoolExecutor(1, "hone-releases")
        self.experiments = Experiments(self._engine)
        self.releases = Releases(
            project, self.catalog, self.experiments, self.telemetry, record=self.recorder.spool,
            configuration=partial(configuration, self), changed=self._released, clock=clock,
        )  # fmt: skip
        self.gateway = Gateway(
            Rooms(
                project=project,
                prompts=self._prompt,
                search=self._search,
                weights=self._current_weights,
                cost=self._cost,
                record=self._keep,
                providers=providers or {},
                clock=clock,
            )
        )
        for task in project.tasks:
            # The first release of each task is written here, not on the way of a call.
            self._current_weights(task, project.environment)

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
        self._background.shutdown()
        self.telemetry.close()
        self._engine.dispose()

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
        score = score_from(
            self.project.name, self._metrics, target=target, name=name, value=value, by=by, comment=comment, id=id,
            clock=self.clock,
        )  # fmt: skip
        if isinstance(target, str) and not (valid_trace_id(target) or valid_span_id(target)):
            # Cut short, as lists show it.
            score = replace(score, target=Target("trace", self.traces.full_id(target)))
        receipt = self.recorder.record([score]).wait(_COMMIT_SECONDS)
        return Added(score.id, fresh=receipt.written == 1)

    def build_knowledge(
        self,
        name: str,
        progress: Callable[[Progress], None] | None = None,
        embedding: Callable[[Embedding], None] | None = None,
    ) -> Build:
        """Read the sources of a knowledge and make what has changed searchable, as its variants want to search it.

        Raises:
            ProjectError: a source cannot be read, or the model of semantic search cannot be used.
            MissingExtra: a variant searches by meaning, and the model for it is not installed.
        """
        built = self._build(name, progress)
        if searched_by_meaning(self.project, name):
            self._knowledge[name].embed(embedding)
        return built

    def knowledge(self, name: str) -> Knowledge:
        """The knowledge of that name, built when it is first asked for."""
        with self._lock:
            if name not in self._knowledge:
                self._build(name, None)
            return self._knowledge[name]

    def _build(self, name: str, progress: Callable[[Progress], None] | None) -> Build:
        made = knowledge_of(self.project, name, self.catalog, Embeddings(self._engine))
        built = made.build(progress)
        self._knowledge[name] = made
        return built

    def waiting_releases(self) -> list[str]:
        """Tasks whose release in this environment is not what hone.toml says: an edit that was never applied."""
        environment = self.project.environment
        return [
            task
            for task, declared in self.project.releases.items()
            if environment in declared and dict(self._current_weights(task, environment)) != declared[environment]
        ]

    def _record_prompts(self) -> None:
        """Each text of a prompt that is new becomes a version of it."""
        for prompt in self.prompts.values():
            self.catalog.record_prompt(self.project.name, prompt.name, prompt.sha256, prompt.source, by="file")

    # -- what the gateway is given

    def _search(self, variant: Variant, query: str) -> tuple[Sequence[Passage], str | None]:
        knowledge = self.knowledge(variant.knowledge or "")
        return knowledge.search(query, variant.k, variant.threshold, variant.search), knowledge.snapshot

    def _prompt(self, name: str, version: int | None) -> Prompt:
        if version is None:
            return self.prompts[name]
        key = (name, version)
        if key not in self._versions:
            known = self.catalog.prompt_version(self.project.name, name, version)
            if known is None:
                raise UnknownModel(f"the prompt {name!r} has no version {version}")
            self._versions[key] = parse(known.source, f"{name} v{version}", name)
        return self._versions[key]

    def _current_weights(self, task: str, environment: str) -> Mapping[str, float]:
        """The release as it was a second ago at most; another process may change it, so it is read again beside."""
        key = (task, environment)
        if key not in self._weights:
            found = current(self.catalog, self.project, environment, task)
            if not found:
                return found  # not kept: callers may invent as many names as they like
            self._weights[key] = found
            self._read[key] = self.clock()
        elif self.clock() - self._read[key] > _WEIGHTS_NS:
            self._read[key] = self.clock()
            self._background.submit(self._refresh, key)
        return self._weights[key]

    def _refresh(self, key: tuple[str, str]) -> None:
        """On a thread of its own: a slow database holds up no call, and the last release goes on while it is down."""
        task, environment = key
        try:
            self._weights[key] = current(self.catalog, self.project, environment, task)
        except StoreError as error:
            log.error("the release of %s in %s cannot be read: %s", task, environment, error)

    def _released(self, task: str, environment: str) -> None:
        """A release made here is in force with the next call, not a second later."""
        self._read[task, environment] = self.clock()
        self._refresh((task, environment))

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
