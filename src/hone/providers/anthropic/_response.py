"""An answer of the Messages API as a chat completion; and what a message, its usage and an error mean there."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from hone.core import Usage
from hone.errors import UpstreamGarbage, UpstreamRefused
from hone.providers import _wire
from hone.providers._refusal import error_in

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}

_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}

_THINKING = ("thinking", "redacted_thinking")


class _OutputDetails(Struct):
    thinking_tokens: int | None = None


class _Written(Struct):
    ephemeral_1h_input_tokens: int | None = None


class Tokens(Struct):
    """The `usage` of a message, or of an event of its stream."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _Written | None = None
    output_tokens_details: _OutputDetails | None = None

    def updated(self, later: "Tokens") -> "Tokens":
        """A stream counts on: what a later event says stands, what it leaves out stays."""
        said = {name: value for name, value in msgspec.structs.asdict(later).items() if value is not None}
        return msgspec.structs.replace(self, **said)

    def usage(self) -> Usage:
        # `input_tokens` there excludes what was read from and written to the cache; here it is the whole prompt.
        parts = (self.input_tokens, self.cache_read_input_tokens, self.cache_creation_input_tokens)
        return Usage(
            input=None if self.input_tokens is None else sum(part or 0 for part in parts),
            output=self.output_tokens,
            cache_read=self.cache_read_input_tokens,
            cache_write=self.cache_creation_input_tokens,
            reasoning=self.output_tokens_details.thinking_tokens if self.output_tokens_details else None,
            cache_write_1h=self.cache_creation.ephemeral_1h_input_tokens if self.cache_creation else None,
        )


class _Message(Struct):
    type: Literal["message"]
    id: str
    model: str
    content: list[dict[str, Any]]
    usage: Tokens
    stop_reason: str | None = None
    stop_sequence: str | None = None


_message = msgspec.json.Decoder(_Message)


class Said(Struct):
    """What an error object says."""

    type: str = "api_error"
    message: str = "no reason given"


class _Error(Struct):
    error: Said


def finish_of(stop_reason: str | None) -> str | None:
    """Why the answer ended. `pause_turn`, and words that come later, have no counterpart and keep their name."""
    return None if stop_reason is None else _FINISH.get(stop_reason, stop_reason)


def translate(origin: str, kind: str, body: bytes, stream: bool) -> bytes:
    """The chat completion in a message.

    Raises:
        UpstreamRefused: an error object, though the status said 200.
        UpstreamGarbage: anything else.
    """
    try:
        message = _message.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _not_a_message(origin, kind, body) from None
    if stream:
        raise UpstreamGarbage(f"{origin} answered a request for a stream with a whole body")
    return _wire.completion(
        message.model,
        "",
        message.usage.usage(),
        finish=finish_of(message.stop_reason),
        message=_openai_message(message.content),
        id=message.id,
        stopped_by=message.stop_sequence,
    )


def refused(said: Said) -> UpstreamRefused:
    """An error that came without a status of its own, as in a stream."""
    return UpstreamRefused(
        f"the upstream sent an error in mid-stream: {said.message}",
        status=_STATUS.get(said.type, 502),
        body=_openai_error(said),
    )


def error_body(body: bytes) -> bytes:
    """The OpenAI-shaped body of an error; what is no error object stays as it came."""
    try:
        return _openai_error(msgspec.json.decode(body, type=_Error).error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body


def _openai_error(said: Said) -> bytes:
    return msgspec.json.encode(
        {"error": {"message": said.message, "type": said.type, "param": None, "code": said.type}}
    )


def _not_a_message(origin: str, kind: str, body: bytes) -> UpstreamRefused | UpstreamGarbage:
    if (error := error_in(body)) is not None:
        return UpstreamRefused(f"{origin} answered with an error: {error}", status=502, body=error_body(body))
    start = body[:80].decode("utf-8", "replace")
    return UpstreamGarbage(f"{origin} answered with something that is not a message ({kind or 'no type'}: {start!r})")


def _openai_message(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Text, tool calls and thinking. Blocks of the vendor's own tools, and citations, have no counterpart."""
    calls = [_call(block) for block in blocks if block.get("type") == "tool_use"]
    thinking = [block for block in blocks if block.get("type") in _THINKING]
    text = "".join(block.get("text", "") for block in blocks if block.get("type") == "text")
    message: dict[str, Any] = {"role": "assistant", "content": None if calls and not text else text}
    if calls:
        message["tool_calls"] = calls
    if thinking:
        message["reasoning_content"] = "".join(block.get("thinking", "") for block in thinking)
        message["thinking_blocks"] = thinking  # with their signatures, so that the caller can send them back
    return message


def _call(block: dict[str, Any]) -> dict[str, Any]:
    arguments = msgspec.json.encode(block.get("input") or {}).decode()
    function = {"name": block.get("name"), "arguments": arguments}
    return {"id": block.get("id"), "type": "function", "function": function}
