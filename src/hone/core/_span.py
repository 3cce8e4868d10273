"""A span: one thing that happened, with a beginning and an end. A model call is a span of kind `llm`."""

from typing import Any, Literal

from msgspec import Struct, field

SpanStatus = Literal["ok", "error", "cancelled"]


class Span(Struct, frozen=True, kw_only=True):
    """One step of one trace, immutable once recorded.

    The key is (project, trace_id, span_id); the first write wins. `start`, `end` are nanoseconds since the epoch,
    `first_token` nanoseconds after `start`. `input` and `output` are JSON texts. What belongs to the whole trace
    (environment, session, user, tags) is copied onto every span, so that a question needs no join. `cost` is in
    dollars and stands on `llm` spans alone, so that a sum over spans counts no dollar twice.
    """

    project: str
    trace_id: str
    span_id: str
    parent_id: str | None = None
    kind: str = "step"  # llm | task | retrieval | tool | agent | flow | step | guard | judge
    name: str
    start: int
    end: int
    status: SpanStatus = "ok"
    error: str | None = None  # one line; its first word is the class of error

    environment: str | None = None
    session: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()

    task: str | None = None
    variant: str | None = None
    prompt: str | None = None
    prompt_version: str | None = None  # SHA-256 of the normalised prompt file

    model: str | None = None  # as the caller or the project names it
    provider: str | None = None
    response_model: str | None = None  # as the vendor names what answered
    stream: bool = False
    finish: str | None = None
    first_token: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None

    input: str | None = None
    output: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def duration(self) -> int:
        """Nanoseconds from start to end."""
        return self.end - self.start
