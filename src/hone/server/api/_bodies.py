"""What our own API takes, as structs: decoding checks them, and the OpenAPI document is made from them."""

from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request

from hone.core import Span, valid_span_id, valid_trace_id
from hone.errors import CallError, TooLarge

_OURS = frozenset({"config", "call", "key", "cache", "cached_trace"})


class ScoreBody(Struct, forbid_unknown_fields=True):
    """`POST /api/scores`. The target is one of `{"span": id}`, `{"trace": id}`, `{"session": id}`, or a bare id."""

    target: dict[str, str] | str
    name: str
    value: bool | float | str
    by: str = "user"
    comment: str | None = None
    id: str | None = None


_score = msgspec.json.Decoder(ScoreBody)
_spans = msgspec.json.Decoder(list[Span])
_integers = [field.name for field in msgspec.structs.fields(Span) if field.type in (int, int | None)]


async def read(request: Request, limit: int) -> bytes:
    """The body of a request.

    Raises:
        TooLarge: it is over `limit` bytes.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(
                f"the request is over {limit:,} bytes", hint="send less, or raise [server] max_body in hone.toml"
            )
        parts.append(part)
    return b"".join(parts)


def score_body(body: bytes) -> ScoreBody:
    found: ScoreBody = decode(_score, body, "a score")
    return found


def span_list(body: bytes, project: str) -> list[Span]:
    """Spans of this project, their ids checked; which project they belong to is the server's to say.

    Raises:
        CallError: the body is not a list of spans, or one of them cannot be stored.
    """
    spans: list[Span] = decode(_spans, body, "a list of spans")
    for position, span in enumerate(spans):
        if not valid_trace_id(span.trace_id) or not valid_span_id(span.span_id):
            raise CallError(f"span {position} has no valid trace and span id (32 and 16 hex digits)")
        _check_integers(position, span)
    return [msgspec.structs.replace(span, project=project, attributes=_theirs(span)) for span in spans]


def _theirs(span: Span) -> dict[str, Any]:
    """The attributes without those that say that the gateway itself tells of a call."""
    return {name: value for name, value in span.attributes.items() if name not in _OURS}


def _check_integers(position: int, span: Span) -> None:
    """The store keeps 64 bits; one number past them would cost every record that is committed with it."""
    for name in _integers:
        value = getattr(span, name)
        if value is not None and not -(2**63) <= value < 2**63:
            raise CallError(f"span {position} ({span.span_id}): `{name}` is not a 64-bit integer")


def decode(decoder: Any, body: bytes, what: str) -> Any:
    """
    Raises:
        CallError: the body is not `what`.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CallError(f"the body is not {what}: {problem}") from None
