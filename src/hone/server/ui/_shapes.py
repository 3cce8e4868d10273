"""What the pages show, as structs: the templates read them and the JSON twins are them."""

from typing import Literal

from msgspec import Struct, field

from hone.core import Passage, Rate, Score, Span, SpanStatus
from hone.releases import Decision
from hone.store import Experiment, Release
from hone.traces import TraceRow


class Share(Struct, frozen=True):
    """What part of the calls a variant gets, or got."""

    name: str
    share: float


class Figure(Struct, frozen=True, kw_only=True):
    """One number of a window, and the same one of the window before it."""

    name: str
    unit: Literal["count", "dollars", "latency", "share", "rate"]
    value: float | None
    before: float | None
    points: list[float | None]
    where: str  # the filter that lists what was counted
    better: Literal["up", "down"] | None = None
    rate: Rate | None = None


class TaskRow(Struct, frozen=True, kw_only=True):
    task: str
    calls: int
    errors: int
    p95: int
    cost: float | None
    variants: list[Share]
    score: Rate | None = None


class Overview(Struct, frozen=True, kw_only=True):
    window: str
    windows: list[str]
    metric: str | None  # the boolean metric that stands for quality
    needs: list[str]  # what somebody has to mend
    figures: list[Figure]
    tasks: list[TaskRow]


class TraceList(Struct, frozen=True, kw_only=True):
    q: str
    items: list[TraceRow]
    next: str | None
    newest: int  # the start of the newest trace there was, ns
    latest: bool  # is this the first page?
    datasets: list[str]
    cli: str  # the command that lists the same


class Newer(Struct, frozen=True):
    """How many traces have come since a page was made; `more` when there are even more."""

    count: int
    more: bool
    q: str
    since: int


class Row(Struct, frozen=True, kw_only=True):
    """A span in the waterfall. Places are shares of the trace's time; `own` is where none of its children ran."""

    span_id: str
    depth: int
    name: str
    kind: str
    status: SpanStatus
    at: float
    long: float
    own: list[tuple[float, float]]
    first_token: float | None
    duration: int
    self_time: int
    cost: float | None


class Turn(Struct, frozen=True):
    """One message of a conversation."""

    role: str
    text: str


class SpanView(Struct, frozen=True, kw_only=True):
    """One span as a person reads it; `span` is all of it."""

    span: Span
    turns: list[Turn]
    values: list[Turn]  # named inputs, for what is no conversation
    answer: list[Turn]
    passages: list[Passage]
    scores: list[Score]


class TraceView(Struct, frozen=True, kw_only=True):
    trace_id: str
    name: str
    start: int
    duration: int
    status: SpanStatus
    tokens: int | None
    cost: float | None
    spans: int
    rows: list[Row]
    first: int  # the position of the first row among all spans
    size: int  # rows a page
    span: SpanView
    scores: list[Score]
    metric: str
    datasets: list[str]


class ExperimentList(Struct, frozen=True):
    items: list[Experiment]
    next: str | None = None


class Live(Struct, frozen=True, kw_only=True):
    """How a variant does in the window."""

    variant: str
    share: float
    calls: int
    errors: Rate | None
    p95: int | None
    cost: float | None
    score: Rate | None


class ReleasePage(Struct, frozen=True, kw_only=True):
    task: str
    environment: str
    environments: list[str]
    window: str
    windows: list[str]
    metric: str | None
    shares: list[Share]
    live: list[Live]
    history: list[Release]
    decision: Decision  # does the release cross one of its limits?
    before: list[Share]  # what a rollback would bring back; empty when there is nothing before


class ReleaseRow(Struct, frozen=True, kw_only=True):
    task: str
    shares: list[Share]
    changed: int
    by: str


class ReleaseList(Struct, frozen=True):
    items: list[ReleaseRow]
    environment: str


class AskPage(Struct, frozen=True, kw_only=True):
    tasks: list[str]
    task: str | None
    metric: str
    trace_id: str | None = None
    span_id: str | None = None
    question: str = ""
    answer: str | None = None
    error: str | None = None
    variant: str | None = None
    model: str | None = None
    duration: int | None = None
    cost: float | None = None
    sources: list[Passage] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
