"""Which trace, session, user and tags a request belongs to: what its headers say, checked."""

from msgspec import Struct

from hone.core import new_span_id, new_trace_id, valid_span_id, valid_trace_id

_MAX = 200
_MOST_TAGS = 50


class Identity(Struct, frozen=True):
    trace_id: str
    span_id: str
    parent_id: str | None = None
    session: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()


def identity_of(headers: dict[str, str]) -> Identity:
    """A `traceparent` that does not follow W3C Trace Context is ignored, as the standard asks (section 3.2)."""
    given = headers.get("traceparent")
    parts = given.split("-") if given else [""]
    known = len(parts) >= 4 and parts[0] != "ff" and valid_trace_id(parts[1]) and valid_span_id(parts[2])
    return Identity(
        trace_id=parts[1] if known else new_trace_id(),
        span_id=new_span_id(),
        parent_id=parts[2] if known else None,
        session=_text(headers.get("x-hone-session")),
        user=_text(headers.get("x-hone-user")),
        tags=_tags(headers.get("x-hone-tags")),
    )


def _tags(value: str | None) -> tuple[str, ...]:
    if not value:
        return ()
    tags = [tag[:_MAX] for part in _utf8(value).split(",") if (tag := part.strip())]
    return tuple(tags[:_MOST_TAGS])


def _text(value: str | None) -> str | None:
    return _utf8(value)[:_MAX] if value else None


def _utf8(value: str) -> str:
    """Header values are Latin-1 on the wire; clients that send UTF-8 mean UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return value
