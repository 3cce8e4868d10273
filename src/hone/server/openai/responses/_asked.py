"""What a caller asks of `/v1/responses`, and what of it no chat model can do."""

from typing import Any

import msgspec
from msgspec import Struct

from hone.errors import CallError


class Reasoning(Struct):
    effort: str | None = None


class Text(Struct):
    format: dict[str, Any] | None = None
    verbosity: str | None = None


class Asked(Struct):
    """The fields that are translated, and those that decide whether they can be."""

    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    text: Text | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: int | None = None
    top_logprobs: int | None = None
    include: list[str] | None = None
    n: int | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    background: bool | None = None
    prompt: Any = None
    context_management: Any = None


_asked = msgspec.json.Decoder(Asked)

_NO_COUNTERPART = """
store metadata truncation stream_options max_tool_calls background_options access_programs image
"""
LEFT_OUT = frozenset(_NO_COUNTERPART.split())
"""Fields that the chat dialect has no word for, and that change nothing of what is served here."""

TRANSLATED = frozenset(Asked.__struct_fields__)

_ITEMS_HINT = "hone keeps no conversations: send the items of the earlier turns in `input`"


def read_asked(body: bytes) -> Asked:
    """
    Raises:
        CallError: a field is of the wrong type, or asks for something that cannot be served.
    """
    try:
        asked = _asked.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CallError(f"the body is not a response request: {problem}") from None
    _check(asked)
    return asked


def _check(asked: Asked) -> None:
    if asked.previous_response_id is not None:
        raise CallError(f"`previous_response_id` {asked.previous_response_id!r} is not known here", hint=_ITEMS_HINT)
    if asked.conversation is not None:
        raise CallError("`conversation` cannot be continued here", hint=_ITEMS_HINT)
    if asked.background:
        raise CallError(
            "`background` is not served", hint='leave it out; "stream": true shows the answer as it is made'
        )
    if asked.prompt is not None:
        raise CallError(
            "`prompt` names a template that is kept elsewhere", hint="name a task of the project as `model`"
        )
    if asked.context_management:
        raise CallError("`context_management` is not served", hint="send fewer items in `input`")
    if asked.n not in (None, 1):
        raise CallError(f"a response is one answer, not n = {asked.n}", hint="POST /v1/chat/completions takes `n`")
