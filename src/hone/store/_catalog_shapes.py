"""What the catalog answers with."""

from typing import Any, Literal

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
    within: tuple[float, float] | None = None  # what its numbers lie between; None: they may have no end
    by: Literal["code", "judge"] = "code"
    judge: str = ""  # the key of the judge that gives them: its prompts, models and settings, SHA-256
    judges: dict[str, str] = {}  # where several judges stand behind them: the key of each, and its name
    card: str | None = None  # how far it agrees with people, as it was known when the experiment began


class Ending(Struct, frozen=True, kw_only=True):
    """What a run that ended early was settled by: a metric and its margin.

    `looked` are the first so many examples in the order of the lot: all of them were answered.
    """

    metric: str
    not_worse_by: float
    looked: int


class Experiment(Struct, frozen=True, kw_only=True):
    """Some variants of a task over some examples of a dataset. `key` is equal where one run continues another."""

    id: str
    project: str
    task: str
    dataset: str
    dataset_sha256: str
    split: str | None
    examples: int
    variants: dict[str, str]  # variant -> SHA-256 of its configuration, other models and parameters included
    evaluators: list[str]
    metrics: dict[str, Metric]
    key: str
    state: Literal["running", "done", "interrupted"] = "running"
    created: int
    by: str
    repeats: int = 1  # how often each variant answers each example
    cells: dict[str, dict[str, Any]] = {}  # {variant, model, parameters} of those that are a variant changed
    figures: list[dict[str, Any]] = []  # numbers of a variant as a whole, each with its `variant`
    note: str | None = None  # why it ended before all was asked
    of: int | None = None  # examples that the dataset or its split has, where only some of them were to be asked
    early: Ending | None = None  # of a run that ended when its verdict was settled


class Judgement(Struct, frozen=True):
    """What an evaluator says about one answer."""

    name: str
    value: bool | float | str
    explanation: str | None = None


class Details(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came with the text of an answer, kept so that it can be judged again without a call."""

    finish_reason: str | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()
    usage: dict[str, int] | None = None
    logprobs: tuple[float, ...] | None = None
    context: tuple[str, ...] = ()
    messages: tuple[dict[str, Any], ...] = ()


class Result(Struct, frozen=True, kw_only=True):
    """What came of one example with one variant. `error` is set when the call failed."""

    experiment: str
    variant: str
    example: str
    repeat: int = 0
    key: str = ""  # SHA-256 of all that the answer depends on
    source: str | None = None  # the experiment that asked, where it was another one
    input: str  # JSON
    group: str | None = None  # that of the example
    tags: tuple[str, ...] = ()  # of the example
    output: str = ""
    error: str | None = None
    judgements: list[Judgement] = field(default_factory=list)
    trace_id: str | None = None
    span_id: str | None = None
    seconds: float | None = None
    cost: float | None = None  # dollars
    details: Details | None = None
    created: int = 0

    @property
    def place(self) -> tuple[str, str, int]:
        """Where it stands in its experiment."""
        return self.variant, self.example, self.repeat
