"""What the catalog answers with."""

from typing import Literal

from msgspec import Struct, field

from hone.core import ScoreKind


class PromptVersion(Struct, frozen=True, kw_only=True):
    """One state of a prompt file; `version` counts 1, 2, 3 ... for each prompt."""

    project: str
    name: str
    version: int
    sha256: str
    source: str
    created: int  # nanoseconds since the epoch, as everywhere below
    by: str


class PromptLabel(Struct, frozen=True, kw_only=True):
    """A name that points at one version of a prompt, such as `production`."""

    project: str
    name: str
    label: str
    version: int
    created: int
    by: str


class Release(Struct, frozen=True, kw_only=True):
    """Which variants of a task got which share of an environment's calls, from this moment on."""

    id: int
    project: str
    environment: str
    task: str
    weights: dict[str, float]
    action: str  # seed | apply | promote | rollback | canary
    reason: str | None
    created: int
    by: str


class Build(Struct, frozen=True, kw_only=True):
    """One snapshot of a knowledge, cut into chunks."""

    id: str
    project: str
    name: str
    sha256: str  # of the sources and settings it was made from
    chunks: int
    created: int


class DatasetVersion(Struct, frozen=True, kw_only=True):
    """One state of a dataset; `version` counts 1, 2, 3 ... for each."""

    project: str
    name: str
    version: int
    sha256: str
    examples: int
    created: int
    by: str


class Metric(Struct, frozen=True, kw_only=True):
    """What the values of one name in an experiment are, and which way is better."""

    kind: ScoreKind
    direction: Literal["up", "down"] = "up"


class Experiment(Struct, frozen=True, kw_only=True):
    """Some variants of a task over some examples of a dataset. `key` is equal where one run continues another."""

    id: str
    project: str
    task: str
    dataset: str
    dataset_sha256: str
    split: str | None
    examples: int
    variants: dict[str, str]  # variant -> SHA-256 of its configuration
    evaluators: list[str]
    metrics: dict[str, Metric]
    key: str
    state: Literal["running", "done", "interrupted"] = "running"
    created: int
    by: str


class Judgement(Struct, frozen=True):
    """What an evaluator says about one answer."""

    name: str
    value: bool | float | str
    explanation: str | None = None


class Result(Struct, frozen=True, kw_only=True):
    """What came of one example with one variant. `error` is set when the call failed."""

    experiment: str
    variant: str
    example: str
    input: str  # JSON
    output: str = ""
    error: str | None = None
    judgements: list[Judgement] = field(default_factory=list)
    trace_id: str | None = None
    span_id: str | None = None
    seconds: float | None = None
    cost: float | None = None  # dollars
    created: int = 0
