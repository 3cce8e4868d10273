"""What may be asked of telemetry, as plain structs. A field left at None does not restrict the answer."""

from typing import Literal

from msgspec import Struct

from hone.core import ScoreBy, SpanStatus, TargetKind

# fmt: off
Dimension = Literal[
    "project", "environment", "task", "variant", "prompt", "prompt_version", "model", "provider", "response_model",
    "kind", "status", "name", "user", "session", "finish",
]
# fmt: on
Order = Literal["count", "cost", "errors", "tokens", "p95"]
Cursor = tuple[int, str]


class SpanQuery(Struct, frozen=True, kw_only=True):
    """Spans, newest first. Times are nanoseconds; `since` is included, `until` is not.

    `before` is the (start, span_id) of the last span of the page before. `words` must all occur in name, input,
    output or error, without regard to case and accents.
    """

    project: str | None = None
    since: int | None = None
    until: int | None = None
    before: Cursor | None = None
    environment: str | None = None
    task: str | None = None
    variant: str | None = None
    prompt: str | None = None
    model: str | None = None
    status: SpanStatus | None = None
    error: str | None = None  # the class of the error, which is its first word
    kind: str | None = None
    name: str | None = None
    session: str | None = None
    user: str | None = None
    tag: str | None = None
    without_tag: str | None = None
    trace_id: str | None = None
    trace_ids: tuple[str, ...] | None = None
    span_ids: tuple[str, ...] | None = None
    roots_only: bool = False
    words: str | None = None
    limit: int = 50


class ScoreQuery(Struct, frozen=True, kw_only=True):
    """Scores, newest first; `before` is the (time, id) of the last score of the page before."""

    project: str | None = None
    since: int | None = None
    until: int | None = None
    before: Cursor | None = None
    name: str | None = None
    by: ScoreBy | None = None
    target_kind: TargetKind | None = None
    target_ids: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    limit: int = 50


class EventQuery(Struct, frozen=True, kw_only=True):
    """Events, newest first; `before` is the (time, id) of the last event of the page before."""

    project: str | None = None
    since: int | None = None
    until: int | None = None
    before: Cursor | None = None
    name: str | None = None
    subject: str | None = None
    ids: tuple[str, ...] | None = None
    limit: int = 50


class Figures(Struct, frozen=True, kw_only=True):
    """Counts, money and latency of one group of spans. Latencies are nanoseconds, exact quantiles.

    `cost` is None when no span of the group has a known cost.
    """

    by: str | None
    bucket: int | None  # the beginning of the stretch of time, ns
    count: int
    errors: int
    cost: float | None
    input_tokens: int
    output_tokens: int
    p50: int
    p95: int
    p99: int
