"""An answer of Converse as a chat completion; and what its usage, its endings and its errors mean there."""

from typing import Any

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
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}


class _Written(Struct, rename="camel"):
    ttl: str
    input_tokens: int


class Tokens(Struct, rename="camel"):
    """The `usage` of an answer."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    cache_details: list[_Written] | None = None

    def usage(self) -> Usage:
        # `inputTokens` excludes what was read from and written to the cache; here the input is the whole prompt.
        parts = (self.input_tokens, self.cache_read_input_tokens, self.cache_write_input_tokens)
        hour = [each.input_tokens for each in self.cache_details or () if each.ttl == "1h"]
        return Usage(
            input=None if self.input_tokens is None else sum(part or 0 for part in parts),
            output=self.output_tokens,
            cache_read=self.cache_read_input_tokens,
            cache_write=self.cache_write_input_tokens,
            cache_write_1h=sum(hour) if hour else None,
        )


class _Message(Struct):
    content: list[dict[str, Any]]


class _Output(Struct):
    message: _Message


class _Response(Struct, rename="camel"):
    output: _Output
    stop_reason: str
    usage: Tokens | None = None


_response = msgspec.json.Decoder(_Response)


def finish_of(stop_reason: str) -> str:
    """Why the answer ended. `malformed_tool_use`, and what comes later, has no counterpart and keeps its name."""
    return _FINISH.get(stop_reason, stop_reason)


def translate(origin: str, kind: str, body: bytes, stream: bool, model: str) -> bytes:
    """The chat completion in an answer, which does not name its `model`.

    Raises:
        UpstreamRefused: an error object, though the status said 200.
        UpstreamGarbage: anything else.
    """
    try:
        answer = _response.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _not_an_answer(origin, kind, body) from None
    if stream:
        raise UpstreamGarbage(f"{origin} answered a request for a stream with a whole body")
    return _wire.completion(
        model,
        "",
        answer.usage.usage() if answer.usage else None,
        finish=finish_of(answer.stop_reason),
        message=_openai_message(answer.output.message.content),
    )


def error_body(kind: str, body: bytes) -> bytes:
    """The OpenAI-shaped body of an exception named `kind`; what is no error object stays as it came."""
    said = error_in(body)
    return body if said is None else openai_error(said, kind.partition(":")[0] or None)


def openai_error(said: str, kind: str | None) -> bytes:
    error = {"message": said, "type": kind or "bedrock_error", "param": None, "code": kind}
    return msgspec.json.encode({"error": error})


def thinking_block(reasoning: dict[str, Any]) -> dict[str, Any] | None:
    """What can be sent back of a block of reasoning: what is signed, and what is encrypted."""
    if (hidden := reasoning.get("redactedContent")) is not None:
        return {"type": "redacted_thinking", "data": hidden}
    said = reasoning.get("reasoningText") or {}
    if not said.get("signature"):
        return None
    return {"type": "thinking", "thinking": said.get("text") or "", "signature": said["signature"]}


def _not_an_answer(origin: str, kind: str, body: bytes) -> UpstreamRefused | UpstreamGarbage:
    if (error := error_in(body)) is not None:
        return UpstreamRefused(f"{origin} answered with an error: {error}", status=502, body=error_body("", body))
    start = body[:80].decode("utf-8", "replace")
    return UpstreamGarbage(
        f"{origin} answered with something that is not an answer of Converse ({kind or 'no type'}: {start!r})"
    )


def _openai_message(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Text, tool calls and thinking. Blocks of the vendor's own tools, images and sources have no counterpart."""
    calls = [_call(block["toolUse"]) for block in blocks if "toolUse" in block and not block["toolUse"].get("type")]
    thoughts = [block["reasoningContent"] for block in blocks if "reasoningContent" in block]
    text = "".join(_text(block) for block in blocks)
    message: dict[str, Any] = {"role": "assistant", "content": None if calls and not text else text}
    if calls:
        message["tool_calls"] = calls
    if thoughts:
        said = [(each.get("reasoningText") or {}).get("text") or "" for each in thoughts]
        message["reasoning_content"] = "".join(said)
    if signed := [block for each in thoughts if (block := thinking_block(each)) is not None]:
        message["thinking_blocks"] = signed
    return message


def _text(block: dict[str, Any]) -> str:
    """The text of a block; that with citations has its text inside."""
    cited = (block.get("citationsContent") or {}).get("content") or ()
    return (block.get("text") or "") + "".join(part.get("text") or "" for part in cited)


def _call(use: dict[str, Any]) -> dict[str, Any]:
    arguments = msgspec.json.encode(use.get("input") or {}).decode()
    return {
        "id": use.get("toolUseId"),
        "type": "function",
        "function": {"name": use.get("name"), "arguments": arguments},
    }
