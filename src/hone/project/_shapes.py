"""What a project says, as frozen structs. Field names are the keys of hone.toml, unless `given` lists them."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct, field

from hone.core import Price, ScoreKind
from hone.project import _units

# A callable beside the type reads the text of hone.toml.
Seconds = Annotated[float, _units.duration]
Bytes = Annotated[int, _units.size]
Spend = Annotated[_units.Spend, _units.spend]
Rate = Annotated[_units.Rate, _units.rate]
Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(gt=0, le=1)]
Weight = Annotated[float, Meta(gt=0, le=1e6)]

Search = Literal["lexical", "semantic", "hybrid"]
OnCut = Literal["restart", "continue"]
"""Before its first token, a stream that fails is begun again by the next model. May that one go on with it later?"""


class _Part(Struct, frozen=True, kw_only=True):
    given: ClassVar[frozenset[str]] = frozenset()  # fields that are filled by the reader, not by a key


class Timeout(_Part, frozen=True, kw_only=True):
    """`timeout` of a task or a model, in seconds.

    As one text, "20s", it is the time of a whole answer, and of each next piece of a stream.
    """

    connect: Seconds | None = None  # until there is a connection
    first: Seconds | None = None  # of a stream: until its first token
    between: Seconds | None = None  # of a stream: until each next piece, the first one too where `first` is not said
    whole: Seconds | None = None  # of an answer that is no stream: until it is complete
    total: Seconds | None = None  # everything together: retries, pauses and, of a task, fallbacks

    @classmethod
    def of(cls, text: str) -> "Timeout":
        """Seconds: "500ms", "20s", or a table of limits.

        Raises:
            ValueError: the text is no duration.
        """
        seconds = _units.duration(text)
        return cls(between=seconds, whole=seconds)


class ModelConfig(_Part, frozen=True, kw_only=True):
    """`[models.ALIAS]`. References to the environment are resolved; `missing` names the variables that are not set."""

    given: ClassVar[frozenset[str]] = frozenset({"alias", "missing"})

    alias: str
    use: str  # `provider/name`, as vendors write it
    base_url: str | None = None  # with a variable missing: the text as written, so that nothing is sent elsewhere
    api_key: str | None = None
    price: Price | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    privacy: str | None = None
    retries: Annotated[int, Meta(ge=0, le=10)] = 0  # of a failed call, before the next model is asked
    timeout: Timeout | None = None  # what it says wins over the task's
    missing: tuple[str, ...] = ()

    @property
    def provider(self) -> str:
        return self.use.partition("/")[0]

    @property
    def name(self) -> str:
        return self.use.partition("/")[2]

    def __repr__(self) -> str:
        # The key never reaches a log or a traceback.
        return f"ModelConfig({self.alias!r}, {self.use!r})"


class Balanced(_Part, frozen=True, kw_only=True):
    """`[models.ALIAS]` with `any`: several deployments of one model, and which of them a call asks first."""

    given: ClassVar[frozenset[str]] = frozenset({"alias"})

    alias: str
    any: Annotated[tuple[str, ...], Meta(min_length=1)] | dict[str, Weight]  # aliases, perhaps with weights
    balance: Literal["weighted", "latency"] = "weighted"

    @property
    def weights(self) -> dict[str, float]:
        return dict(self.any) if isinstance(self.any, dict) else dict.fromkeys(self.any, 1.0)


class Settings(_Part, frozen=True, kw_only=True):
    """How a task is done: what a variant may set."""

    prompt: str | None = None
    models: tuple[str, ...] = ()  # aliases or `provider/name`, in order of fallback
    parameters: dict[str, Any] = field(default_factory=dict)
    knowledge: str | None = None  # `""` in a variant switches the task's knowledge off
    search: Search = "lexical"
    k: Count = 5  # passages at most
    threshold: float | None = None  # passages that score less are left out
    technique: str | None = None
    flow: str | None = None  # `flows/FILE.py:FUNCTION`


class Variant(Settings, frozen=True, kw_only=True):
    """`[tasks.TASK.variants.NAME]`, with everything it inherits filled in."""

    given: ClassVar[frozenset[str]] = frozenset({"name"})

    name: str


class Task(Settings, frozen=True, kw_only=True):
    """`[tasks.NAME]`. Its own settings are the variant `baseline`."""

    given: ClassVar[frozenset[str]] = frozenset({"name", "schema"})

    name: str
    input: dict[str, str] | str = field(default_factory=dict)  # field -> type, or the path of a JSON Schema
    output: dict[str, Any] | str | None = None  # the same
    schema: dict[str, Any] | None = None  # of the output
    repairs: Annotated[int, Meta(ge=0, le=5)] = 1  # a model is asked again so often when its answer does not fit
    metrics: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    timeout: Timeout | None = None
    on_cut: OnCut = "restart"
    hedge: Seconds | None = None  # when the first model has not begun to answer by then, the next one is asked too
    cache: Seconds | None = None  # how long an answer may be used again
    cache_similarity: Share | None = None  # the cosine from which on the answer to another question will do
    privacy: str | None = None
    keep_bodies: bool | None = None  # what was asked and answered, in spans; unset: unless the task is private
    variants: dict[str, Variant] = field(default_factory=dict)  # `baseline` among them, first

    @property
    def question(self) -> str | None:
        """The input that is the question: the one string among them, if there is just one."""
        strings = (
            [name for name, kind in self.input.items() if kind == "string"] if isinstance(self.input, dict) else []
        )
        return strings[0] if len(strings) == 1 else None

    @property
    def keeps_bodies(self) -> bool:
        return self.privacy is None if self.keep_bodies is None else self.keep_bodies

    @property
    def variant_names(self) -> list[str]:
        return list(self.variants)

    def variant(self, name: str) -> Variant:
        """The variant of that name, fully resolved.

        Raises:
            KeyError: there is none.
        """
        return self.variants[name]


class Metric(_Part, frozen=True, kw_only=True):
    """`[metrics.NAME]`: what a score of that name means."""

    kind: ScoreKind
    direction: Literal["up", "down"] = "up"
    within: tuple[float, float] | None = None  # what its numbers lie between


class Judge(_Part, frozen=True, kw_only=True):
    """`[judges.NAME]`: a model that judges, in evaluations and live traffic."""

    prompt: str
    model: str
    sample: Share = 1.0  # of live traffic
    jury: tuple[str, ...] = ()  # models that judge beside it
    kind: Literal["boolean", "number", "category", "pairwise"] = "boolean"
    scale: tuple[float, float] = (1, 5)  # of a number
    categories: tuple[str, ...] = ()
    votes: Annotated[int, Meta(ge=1, le=100)] = 1  # of each model
    reducer: Literal["mean", "median", "majority", "unanimous", "min"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)  # of its calls, such as temperature

    @property
    def models(self) -> tuple[str, ...]:
        """All that are asked."""
        return (self.model, *self.jury)


class Knowledge(_Part, frozen=True, kw_only=True):
    """`[knowledge.NAME]`: documents to answer from."""

    given: ClassVar[frozenset[str]] = frozenset({"name"})

    name: str
    sources: Annotated[tuple[str, ...], Meta(min_length=1)]
    chunk: Count | None = None
    overlap: Annotated[int, Meta(ge=0)] | None = None
    embed: str | None = None


class Budget(_Part, frozen=True, kw_only=True):
    """`[budgets.NAME]`: what the calls that match may spend, and how often they may come."""

    given: ClassVar[frozenset[str]] = frozenset({"name"})

    name: str
    match: dict[str, str] = field(
        default_factory=dict
    )  # key, user, session, task, model, environment, tag, or a tag's name
    per: str | None = None  # one of those: each value of it has a budget of its own
    spend: Spend | None = None
    rate: Rate | None = None  # calls
    tokens: Rate | None = None


class Gate(_Part, frozen=True, kw_only=True):
    """What a variant has to show before it gets more traffic."""

    metric: str
    not_worse_by: Annotated[float, Meta(ge=0)]


class Rollback(_Part, frozen=True, kw_only=True):
    """When a release is taken back."""

    error_rate: Share | None = None
    p95: Seconds | None = None


class Retention(_Part, frozen=True, kw_only=True):
    """How long what happened is kept. None is for ever."""

    bodies: Seconds | None = None


class Server(_Part, frozen=True, kw_only=True):
    """Where hone listens. HONE_PORT wins over the file."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 4700
    max_body: Bytes = 8_000_000
    max_file: Bytes = 200_000_000  # of `/v1/files`
    batch_concurrency: Count = 8  # calls of all batches that a process makes at once


class Telemetry(_Part, frozen=True, kw_only=True):
    durable: bool = False  # wait for the commit of its span before a call ends


class Project(_Part, frozen=True, kw_only=True):
    """One folder with a hone.toml, read once."""

    given: ClassVar[frozenset[str]] = frozenset(
        {
            "name",
            "root",
            "sha256",
            "environment",
            "state",
            "database_url",
            "blobs_url",
            "prompts",
            "balanced",
            "gates",
            "rollbacks",
        }
    )

    name: str
    root: Path
    sha256: str = ""  # of the text of hone.toml, and of the schemas that it names
    environment: str  # HONE_ENV
    state: Path  # HONE_HOME, or .hone in the project
    database_url: str
    blobs_url: str
    webhooks: tuple[str, ...] = ()  # the URLs that evaluators of a dataset may ask
    prompts: dict[str, Path] = field(default_factory=dict)  # by name, of prompts/NAME.prompt.md
    models: dict[str, ModelConfig] = field(default_factory=dict)
    balanced: dict[str, Balanced] = field(default_factory=dict)  # those of [models] that stand for several
    tasks: dict[str, Task] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    judges: dict[str, Judge] = field(default_factory=dict)
    knowledge: dict[str, Knowledge] = field(default_factory=dict)
    budgets: dict[str, Budget] = field(default_factory=dict)
    releases: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)  # task -> environment -> weights
    gates: dict[str, Gate] = field(default_factory=dict)  # by task
    rollbacks: dict[str, Rollback] = field(default_factory=dict)  # by task
    retention: Retention = Retention()
    server: Server = Server()
    telemetry: Telemetry = Telemetry()

    @property
    def environments(self) -> list[str]:
        """Every environment the project knows: of its releases, and the one it runs in."""
        named = {name for weights in self.releases.values() for name in weights}
        return sorted(named | {self.environment})

    def deployments(self, model: str) -> tuple[str, ...]:
        """The models that a name stands for: its own, unless it is a balanced one."""
        return tuple(self.balanced[model].weights) if model in self.balanced else (model,)

    def __repr__(self) -> str:
        # The URLs may hold passwords.
        return f"Project({self.name!r}, root={str(self.root)!r})"
