"""From an HTTP body in the OpenAI dialect to a call. Only what routing needs is parsed; the rest stays bytes."""

from typing import Any

import msgspec
from msgspec import Raw

from hone.errors import CallError
from hone.gateway import Call, wished
from hone.server._door import Request
from hone.server._fields import Hone, read_fields
from hone.server._identity import Identity


class Parsed(msgspec.Struct):
    """The fields of a body that hone reads itself, typed; what is missing has its default."""

    model: str
    stream: bool | None = False
    user: str | None = None
    hone: Hone | None = None
    stream_options: dict[str, Any] | None = None


_parsed = msgspec.json.Decoder(Parsed)


def parse_chat(body: bytes, identity: Identity, start: int) -> Request:
    """
    Raises:
        CallError: the body is not a JSON object, or a field that hone reads is missing or of the wrong type.
    """
    fields, known = read(body, "a chat completion", big="messages")
    if "messages" not in fields and (known.hone is None or known.hone.input is None):
        raise CallError("`messages` is missing", hint='a task may be given "hone": {"input": {...}} instead')
    return Request(call=call_of(fields, known, identity, start))


def parse_embeddings(body: bytes, identity: Identity, start: int) -> Request:
    """
    Raises:
        CallError: the body is not a JSON object, or a field that hone reads is missing or of the wrong type.
    """
    fields, known = read(body, "an embedding", big="input")
    if "input" not in fields:
        raise CallError("`input` is missing", hint="a text, or a list of them")
    if known.stream:
        raise CallError("`stream` is asked for, and vectors come whole")
    return Request(call=call_of(fields, known, identity, start))


def read(body: bytes, what: str, *, big: str) -> tuple[dict[str, Raw], Parsed]:
    """The fields of a body; that named `big` is left to those who need it.

    Raises:
        CallError: the body is not a JSON object, or a field that hone reads is missing or of the wrong type.
    """
    return read_fields(body, _parsed, what, big=big)


def call_of(fields: dict[str, Raw], known: Parsed, identity: Identity, start: int) -> Call:
    """The call that these fields make; they are in the chat dialect."""
    return Call(
        model=known.model,
        fields=fields,
        stream=bool(known.stream),
        input=known.hone.input if known.hone else None,
        models=known.hone.models if known.hone else (),
        on_cut=known.hone.on_cut if known.hone else None,
        validate=known.hone.validate if known.hone else None,
        start=start,
        trace_id=identity.trace_id,
        span_id=identity.span_id,
        parent_id=identity.parent_id,
        session=identity.session,
        user=identity.user or known.user,
        tags=identity.tags,
        cache=wished(known.hone.cache) if known.hone else None,
    )
