"""A whole answer of the Gemini API as a chat completion."""

from collections.abc import Iterable
from typing import Any

import msgspec

from hone.errors import UpstreamGarbage, UpstreamRefused
from hone.providers import _wire
from hone.providers.google._answer import Generated, Part, Parts, finish_of, signed
from hone.providers.google._errors import error_in, refused

_generated = msgspec.json.Decoder(Generated)


def translate(origin: str, kind: str, body: bytes, *, model: str, stream: bool) -> bytes:
    """The chat completion in an answer. `model` is what was asked, for an answer that does not say what it is of.

    Raises:
        UpstreamRefused: an error object, though the status said 200.
        UpstreamGarbage: anything else.
    """
    try:
        generated = _generated.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_answer(origin, kind, body) from None
    candidate, blocked = generated.candidate, generated.blocked
    if candidate is None and blocked is None:
        raise _no_answer(origin, kind, body)
    if stream:
        raise UpstreamGarbage(f"{origin} answered a request for a stream with a whole body")
    parts = Parts()
    if candidate is None:
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": blocked}
        finish: str | None = "content_filter"
    else:
        message = _message(parts, candidate.parts)
        finish = finish_of(candidate.finish_reason, called=parts.called)
    return _wire.completion(
        generated.model_version or model,
        "",
        generated.usage_metadata.usage() if generated.usage_metadata else None,
        finish=finish,
        message=message,
        id=generated.response_id,
    )


def _message(parts: Parts, given: Iterable[Part]) -> dict[str, Any]:
    """Texts joined, calls and images listed. Parts of the vendor's own tools have no counterpart."""
    found: dict[str, list[Any]] = {}
    for delta in (parts.delta(part) for part in given):
        for name, value in (delta or {}).items():
            found.setdefault(name, []).extend(value if isinstance(value, list) else [value])
    message: dict[str, Any] = {"role": "assistant", "content": None if parts.called else ""}
    for name, values in found.items():
        if name in ("content", "reasoning_content"):
            message[name] = "".join(values)
        else:
            message[name] = [{key: value for key, value in each.items() if key != "index"} for each in values]
    return message | signed(parts.signature)


def _no_answer(origin: str, kind: str, body: bytes) -> UpstreamRefused | UpstreamGarbage:
    if (said := error_in(body)) is not None:
        return refused(said, f"{origin} answered with an error")
    start = body[:80].decode("utf-8", "replace")
    return UpstreamGarbage(f"{origin} answered with something that holds no candidate ({kind or 'no type'}: {start!r})")
