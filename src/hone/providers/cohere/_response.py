"""An answer of Cohere's chat API as a chat completion; and what its usage, its endings and its errors mean there."""

from typing import Any

import msgspec
from msgspec import Struct

from hone.core import Usage
from hone.errors import UpstreamGarbage, UpstreamRefused
from hone.providers import _wire
from hone.providers._refusal import error_in

_FINISH = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}
_FAILED = {"ERROR": 502, "TIMEOUT": 504}


class _Counted(Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None


class Tokens(Struct):
    """The `usage` of an answer, or the `meta` of one that holds vectors."""

    billed_units: _Counted | None = None
    tokens: _Counted | None = None
    cached_tokens: float | None = None

    def usage(self) -> Usage:
        """What is billed. `tokens` counts the vendor's own template around the messages too, which nobody pays for."""
        counted = self.billed_units or self.tokens or _Counted()
        given, cached = _whole(counted.input_tokens), _whole(self.cached_tokens)
        # The cache is counted with the template, so it may hold more than was billed; then it is no part of it.
        within = cached is not None and given is not None and cached <= given
        return Usage(input=given, output=_whole(counted.output_tokens), cache_read=cached if within else None)


class _Message(Struct):
    content: str | list[dict[str, Any]] | None = None
    tool_plan: str | None = None
    tool_calls: list[dict[str, Any]] | None = None


class _Response(Struct):
    message: _Message
    finish_reason: str
    id: str | None = None
    usage: Tokens | None = None


_response = msgspec.json.Decoder(_Response)


def _whole(count: float | None) -> int | None:
    return None if count is None else int(count)


def finish_of(reason: str, said: str | None = None) -> str:
    """Why the answer ended. Words that come later have no counterpart and keep their name.

    Raises:
        UpstreamRefused: it ended because something failed.
    """
    if (status := _FAILED.get(reason)) is not None:
        message = said or f"the answer ended with {reason}"
        raise UpstreamRefused(f"the upstream failed: {message}", status=status, body=_openai_error(message, reason))
    return _FINISH.get(reason, reason)


def translate(origin: str, kind: str, body: bytes, stream: bool, model: str) -> bytes:
    """The chat completion in an answer, which does not name its `model`.

    Raises:
        UpstreamRefused: an error object, though the status said 200, or an answer that failed.
        UpstreamGarbage: anything else.
    """
    try:
        answer = _response.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise not_an_answer(origin, kind, body, "an answer of the chat API") from None
    if stream:
        raise UpstreamGarbage(f"{origin} answered a request for a stream with a whole body")
    return _wire.completion(
        model,
        "",
        answer.usage.usage() if answer.usage else None,
        finish=finish_of(answer.finish_reason),
        message=_openai_message(answer.message),
        id=answer.id,
    )


def error_body(body: bytes) -> bytes:
    """The OpenAI-shaped body of an error; what is no error object stays as it came."""
    said = error_in(body)
    return body if said is None else _openai_error(said)


def not_an_answer(origin: str, kind: str, body: bytes, what: str) -> UpstreamRefused | UpstreamGarbage:
    """What a body is that is not `what` was asked for."""
    if (error := error_in(body)) is not None:
        return UpstreamRefused(f"{origin} answered with an error: {error}", status=502, body=error_body(body))
    start = body[:80].decode("utf-8", "replace")
    return UpstreamGarbage(f"{origin} answered with something that is not {what} ({kind or 'no type'}: {start!r})")


def _openai_error(said: str, code: str | None = None) -> bytes:
    return msgspec.json.encode({"error": {"message": said, "type": "cohere_error", "param": None, "code": code}})


def _openai_message(said: _Message) -> dict[str, Any]:
    """Text, tool calls and thinking. A plan of tool calls is thinking too, and kept apart so that it can be sent back.

    Citations have no counterpart.
    """
    blocks = [{"type": "text", "text": said.content}] if isinstance(said.content, str) else said.content or []
    text = "".join(block.get("text") or "" for block in blocks if block.get("type") == "text")
    thought = "".join(block.get("thinking") or "" for block in blocks if block.get("type") == "thinking")
    message: dict[str, Any] = {"role": "assistant", "content": None if said.tool_calls and not text else text}
    if said.tool_calls:
        message["tool_calls"] = [_call(call) for call in said.tool_calls]
    if thought or said.tool_plan:
        message["reasoning_content"] = thought + (said.tool_plan or "")
    if said.tool_plan:
        message["tool_plan"] = said.tool_plan
    return message


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    written = {"name": function.get("name"), "arguments": function.get("arguments") or "{}"}
    return {"id": call.get("id"), "type": "function", "function": written}
