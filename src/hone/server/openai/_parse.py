"""From an HTTP body in the OpenAI dialect to a call. Only what routing needs is parsed; the rest stays bytes."""

from typing import Any

import msgspec
from msgspec import Raw

from hone.errors import CallError
from hone.gateway import Call
from hone.project import OnCut
from hone.server._door import Request
from hone.server._identity import Identity

_MAX_NAME = 300

_fields = msgspec.json.Decoder(dict[str, Raw])


class _Hone(msgspec.Struct, forbid_unknown_fields=True):
    input: dict[str, Any] | None = None
    on_cut: OnCut | None = None


class Parsed(msgspec.Struct):
    """The fields of a body that hone reads itself, typed; what is missing has its default."""

    model: str
    stream: bool | None = False
    user: str | None = None
    hone: _Hone | None = None
    stream_options: dict[str, Any] | None = None


_parsed = msgspec.json.Decoder(Parsed)


def parse_chat(body: bytes, identity: Identity, start: int) -> Request:
    """
    Raises:
        CallError: the body is not a JSON object, or a field that hone reads is missing or of the wrong type.
    """
    fields, known = _read(body, "a chat completion", big="messages")
    if "messages" not in fields and (known.hone is None or known.hone.input is None):
        raise CallError("`messages` is missing", hint='a task may be given "hone": {"input": {...}} instead')
    return Request(call=_call(fields, known, identity, start))


def parse_embeddings(body: bytes, identity: Identity, start: int) -> Request:
    """
    Raises:
        CallError: the body is not a JSON object, or a field that hone reads is missing or of the wrong type.
    """
    fields, known = _read(body, "an embedding", big="input")
    if "input" not in fields:
        raise CallError("`input` is missing", hint="a text, or a list of them")
    return Request(call=_call(fields, known, identity, start))


def _read(body: bytes, what: str, *, big: str) -> tuple[dict[str, Raw], Parsed]:
    """The fields of a body; that named `big` is left to those who need it."""
    try:
        fields = _fields.decode(body)
        known = _parsed.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CallError(f"the body is not {what} request: {problem}") from None
    if len(known.model) > _MAX_NAME:
        raise CallError(f"`model` is {len(known.model):,} characters long; no name here is over {_MAX_NAME}")
    _check_values(fields, big)
    return fields, known


def _call(fields: dict[str, Raw], known: Parsed, identity: Identity, start: int) -> Call:
    return Call(
        model=known.model,
        fields=fields,
        stream=bool(known.stream),
        input=known.hone.input if known.hone else None,
        on_cut=known.hone.on_cut if known.hone else None,
        start=start,
        trace_id=identity.trace_id,
        span_id=identity.span_id,
        parent_id=identity.parent_id,
        session=identity.session,
        user=identity.user or known.user,
        tags=identity.tags,
    )


def _check_values(fields: dict[str, Raw], big: str) -> None:
    """Every field but the big one is looked at once here, so that nothing fails after a model has been paid.

    Raises:
        CallError: a value cannot be read.
    """
    for name, raw in fields.items():
        try:
            if name != big:
                msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise CallError(f"`{name}` cannot be read: {problem}") from None
