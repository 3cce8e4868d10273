"""From an HTTP body in the dialect of the Messages API to a call, and how it is answered."""

from functools import partial

import msgspec

from hone.errors import CallError
from hone.gateway import Call, wished
from hone.server._door import Request
from hone.server._fields import read_fields
from hone.server._identity import Identity
from hone.server.anthropic._request import Asked, to_chat
from hone.server.anthropic._response import message_of
from hone.server.anthropic._stream import events_of

_asked = msgspec.json.Decoder(Asked)


def parse_messages(body: bytes, identity: Identity, start: int) -> Request:
    """
    Raises:
        CallError: the body is not a request of the Messages API, or asks for what the chat dialect cannot say.
    """
    fields, asked = read_fields(body, _asked, "a messages", big="messages")
    stops = frozenset(asked.stop_sequences or ())
    return Request(
        call=_call(to_chat(fields, asked), asked, identity, start),
        body=partial(message_of, stops=stops),
        stream=partial(events_of, stops=stops),
    )


def parse_count(body: bytes, identity: Identity, start: int) -> Request:
    """
    Raises:
        CallError: as `parse_messages`.
    """
    fields, asked = read_fields(body, _asked, "a count_tokens", big="messages")
    asked.stream = None
    return Request(call=_call(to_chat(fields, asked), asked, identity, start))


def _call(fields: dict[str, msgspec.Raw], asked: Asked, identity: Identity, start: int) -> Call:
    if asked.messages is None and (asked.hone is None or asked.hone.input is None):
        raise CallError("`messages` is missing", hint='a task may be given "hone": {"input": {...}} instead')
    return Call(
        model=asked.model,
        fields=fields,
        stream=bool(asked.stream),
        input=asked.hone.input if asked.hone else None,
        models=asked.hone.models if asked.hone else (),
        validate=asked.hone.validate if asked.hone else None,
        start=start,
        trace_id=identity.trace_id,
        span_id=identity.span_id,
        parent_id=identity.parent_id,
        session=identity.session,
        user=identity.user or asked.user,
        tags=identity.tags,
        dialect="messages",
        cache=wished(asked.hone.cache) if asked.hone else None,
        on_cut=asked.hone.on_cut if asked.hone else None,
    )
