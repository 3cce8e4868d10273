"""Traces as people look at them: a list of the latest, and one as a tree. The same structs serve CLI, API and pages."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct, field

from hone.core import Passage, Score, Span, SpanStatus, from_json
from hone.errors import CallError


class TraceRow(Struct, frozen=True, kw_only=True):
    """One trace in a list: its root span, and what its spans add up to. Times are ns, cost is in dollars."""

    trace_id: str
    span_id: str
    name: str
    kind: str
    start: int
    duration: int
    status: SpanStatus
    error: str | None = None
    task: str | None = None
    variant: str | None = None
    model: str | None = None
    session: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()
    spans: int = 1
    tokens: int | None = None  # input and output of every model call; None when no call said
    cost: float | None = None  # of every model call; None when a price is unknown
    scores: list[Score] = field(default_factory=list)


class TracePage(Struct, frozen=True):
    """`next` is the cursor of the page after this one, None at the end."""

    items: list[TraceRow]
    next: str | None = None


class SpanNode(Struct):
    """A span and what happened inside it, in the order of their starts."""

    span: Span
    children: list["SpanNode"] = field(default_factory=list)


class TraceDetail(Struct, frozen=True, kw_only=True):
    """One trace. `roots` has several spans when some parents were never recorded."""

    trace_id: str
    roots: list[SpanNode]
    scores: list[Score]
    tokens: int | None = None
    cost: float | None = None


def passages_in(span: Span) -> list[Passage]:
    """What a retrieval found, best first; nothing for other spans and for what is no passage."""
    if span.kind != "retrieval" or not span.output:
        return []
    try:
        return msgspec.convert(from_json(span.output), list[Passage])
    except ValueError:  # no JSON, or of another shape
        return []


def tokens_of(spans: Iterable[Span]) -> int | None:
    said = [count for span in spans for count in (span.input_tokens, span.output_tokens) if count is not None]
    return sum(said) if said else None


def cost_of_all(spans: Iterable[Span]) -> float | None:
    """Dollars of every model call; None when one has no price, since a sum without it would mislead."""
    costs = [span.cost for span in spans if span.kind == "llm" and span.status != "error"]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def row_of(root: Span, spans: list[Span], scores: list[Score]) -> TraceRow:
    return TraceRow(
        trace_id=root.trace_id,
        span_id=root.span_id,
        name=root.name,
        kind=root.kind,
        start=root.start,
        duration=root.duration,
        status=root.status,
        error=root.error,
        task=root.task,
        variant=root.variant,
        model=root.model or next((span.model for span in spans if span.model), None),
        session=root.session,
        user=root.user,
        tags=root.tags,
        spans=len(spans),
        tokens=tokens_of(spans),
        cost=cost_of_all(spans),
        scores=scores,
    )


def first_spans(spans: list[Span]) -> list[Span]:
    """The spans at the top of a trace: without a parent, or with one that is not there."""
    known = {span.span_id for span in spans}
    return [span for span in spans if span.parent_id not in known] or spans


def tree_of(spans: list[Span]) -> list[SpanNode]:
    """Spans as trees. One whose parent is not there, or that stands inside itself, is a root."""
    nodes = {span.span_id: SpanNode(span) for span in sorted(spans, key=lambda span: (span.start, span.span_id))}
    roots = []
    for node in nodes.values():
        parent = nodes.get(node.span.parent_id or "")
        if parent is None or _leads_to(node.span.span_id, parent.span, nodes):
            roots.append(node)
        else:
            parent.children.append(node)
    return roots


def _leads_to(span_id: str, above: Span, nodes: dict[str, SpanNode]) -> bool:
    """Does the way up from `above` come to `span_id`? Hostile or broken senders may make circles."""
    seen: set[str] = set()
    at: SpanNode | None = nodes.get(above.span_id)
    while at is not None and at.span.span_id not in seen:
        if at.span.span_id == span_id:
            return True
        seen.add(at.span.span_id)
        at = nodes.get(at.span.parent_id or "")
    return False


def detail_of(trace_id: str, spans: list[Span], scores: list[Score]) -> TraceDetail:
    return TraceDetail(
        trace_id=trace_id, roots=tree_of(spans), scores=scores, tokens=tokens_of(spans), cost=cost_of_all(spans)
    )


def cursor(row: Span) -> str:
    return f"{row.start}-{row.span_id}"


def from_cursor(text: str) -> tuple[int, str]:
    """
    Raises:
        CallError: it is no cursor of ours.
    """
    start, dash, span_id = text.partition("-")
    if not dash or not start.isascii() or not start.isdecimal() or int(start[:30]) >= 2**63:
        raise CallError(f"{text!r} is not a cursor", hint="use the `next` of the page before, as it is")
    return int(start), span_id
