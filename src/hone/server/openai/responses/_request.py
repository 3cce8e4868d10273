"""A request for a response, made one for a chat completion. Fields that nobody here knows go on untouched."""

from functools import partial
from typing import Any

import msgspec
from msgspec import Raw

from hone.errors import CallError
from hone.server._door import Request
from hone.server._identity import Identity
from hone.server.openai._parse import call_of, read
from hone.server.openai.responses._asked import LEFT_OUT, TRANSLATED, Asked, read_asked
from hone.server.openai.responses._events import Numbered
from hone.server.openai.responses._response import frame, whole
from hone.server.openai.responses._stream import translate
from hone.server.openai.responses._tools import tools_and_choice
from hone.server.openai.responses._turns import messages_in

_LOGPROBS = "message.output_text.logprobs"


def parse_response(body: bytes, identity: Identity, start: int) -> Request:
    """
    Raises:
        CallError: the body is not a response request, or asks for something that cannot be served.
    """
    fields, known = read(body, "a response", big="input")
    asked = read_asked(body)
    if asked.input is None and (known.hone is None or known.hone.input is None):
        raise CallError("`input` is missing", hint='a task may be given "hone": {"input": {...}} instead')
    chat = {name: Raw(msgspec.json.encode(value)) for name, value in _chat(asked, stream=bool(known.stream)).items()}
    call = call_of(_untouched(fields) | chat, known, identity, start)
    empty = frame(fields, asked, call)
    events = Numbered()
    return Request(
        call=call,
        body=partial(whole, empty),
        stream=partial(translate, empty, events),
        error_event=events.error,
    )


def _untouched(fields: dict[str, Raw]) -> dict[str, Raw]:
    return {name: raw for name, raw in fields.items() if name not in TRANSLATED | LEFT_OUT and bytes(raw) != b"null"}


def _chat(asked: Asked, *, stream: bool) -> dict[str, Any]:
    given = {
        "messages": messages_in([] if asked.input is None else asked.input, asked.instructions),
        "max_completion_tokens": asked.max_output_tokens,
        "reasoning_effort": asked.reasoning.effort if asked.reasoning else None,
        "verbosity": asked.text.verbosity if asked.text else None,
        "response_format": _format(asked.text.format) if asked.text else None,
        "top_logprobs": asked.top_logprobs,
        "logprobs": True if asked.top_logprobs is not None or _LOGPROBS in (asked.include or ()) else None,
        # The last event of a streamed response has the usage in it.
        "stream_options": {"include_usage": True} if stream else None,
    }
    said = {name: value for name, value in given.items() if value is not None}
    return said | tools_and_choice(asked.tools, asked.tool_choice)


def _format(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if given is None or given.get("type") != "json_schema":
        return given
    described = {name: value for name, value in given.items() if name != "type" and value is not None}
    return {"type": "json_schema", "json_schema": described}
