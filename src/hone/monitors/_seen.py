"""What a committed span tells of the gateway. Spans come from elsewhere too: nothing in them is taken for granted."""

import math
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from hone.core import Span, SpanStatus

_Count = Annotated[int, Meta(ge=0, le=2**62)]


class Whole(Struct, frozen=True):
    """One call from the door to its end, as the gateway sums it up. Nanoseconds."""

    status: SpanStatus
    duration: _Count
    overhead: _Count
    attempts: _Count


def whole_call(span: Span) -> Whole | None:
    """What became of the call that the span stands for; None for a span inside of a call, or of somebody else's."""
    told = span.attributes.get("call")
    if not isinstance(told, dict):
        return None
    try:
        return msgspec.convert(told, Whole)
    except msgspec.ValidationError:
        return None


def asked_a_model(span: Span) -> bool:
    """Is it an attempt of the gateway at a model? What the cache answered is none, nor is a name that leads nowhere."""
    about = span.attributes
    return span.kind == "llm" and span.provider is not None and "config" in about and "cached_trace" not in about


def error_class(span: Span) -> str:
    """The first word of the error; empty where there is none."""
    return (span.error or "").partition(" ")[0].rstrip(":") if span.status != "ok" else ""


def amount(value: Any) -> float:
    """A number that may be added to a counter: one that is missing, negative or endless counts as nothing."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0
    return value if known else 0
