"""The events of a streamed message, each turned into what the OpenAI dialect says for it."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct

from hone.errors import UpstreamCut, UpstreamGarbage
from hone.providers._sse import payloads
from hone.providers._wire import Stream
from hone.providers.anthropic._response import Said, Tokens, finish_of, refused


class _Message(Struct):
    id: str
    model: str
    usage: Tokens


class _Block(Struct):
    """A content block as it begins, and what its deltas have added since."""

    type: str
    id: str | None = None
    name: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    call: int = 0  # which tool call of the answer it is
    begun: bool = False  # a tool call whose arguments have begun


class _Delta(Struct):
    type: str | None = None
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Event(Struct):
    type: str
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: Tokens | None = None
    error: Said | None = None


_decode = msgspec.json.Decoder(_Event).decode


async def translate(chunks: AsyncIterator[bytes], include_usage: bool) -> AsyncIterator[bytes]:
    """The events of a chat completion, the last one `[DONE]`.

    Raises:
        UpstreamCut: the stream ended before `message_stop`.
        UpstreamRefused: the upstream sent an error event.
        UpstreamGarbage: an event is not in the dialect.
    """
    answer = _Answer(include_usage)
    # Read on past the last event, to the end of the body: then the connection can be used again.
    async for payload in payloads(chunks):
        for event in answer.add(payload):
            yield event
    if not answer.done:
        raise UpstreamCut("the stream ended before the answer was complete")


class _Answer:
    """What has been said so far, and so what the next event means."""

    def __init__(self, include_usage: bool) -> None:
        self.done = False
        self._include_usage = include_usage
        self._stream: Stream | None = None
        self._tokens = Tokens()
        self._stop_reason: str | None = None
        self._stop_sequence: str | None = None
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._thoughts = 0

    def add(self, payload: bytes) -> list[bytes]:
        """Events of the OpenAI dialect for one of the vendor's. Kinds that nobody knows yet say nothing."""
        try:
            event = _decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise UpstreamGarbage(f"an event of the stream is not in the dialect: {problem}") from None
        if self.done:
            return []
        match event.type:
            case "error":
                raise refused(event.error or Said())
            case "ping":
                return [b": ping\n\n"]  # a comment keeps the line to the caller awake as well
            case "message_start":
                return self._start(event)
        if self._stream is None:
            raise UpstreamGarbage(f"the stream began with {event.type!r} instead of 'message_start'")
        return self._go_on(self._stream, event)

    def _start(self, event: _Event) -> list[bytes]:
        if event.message is None:
            raise UpstreamGarbage("the stream began without a message")
        self._stream = Stream(event.message.model, event.message.id)
        self._tokens = event.message.usage
        return [self._stream.delta({"role": "assistant", "content": ""})]

    def _go_on(self, stream: Stream, event: _Event) -> list[bytes]:
        match event.type:
            case "content_block_start" if event.content_block is not None:
                self._blocks[event.index] = event.content_block
                said = self._begin(event.content_block)
            case "content_block_delta" if event.delta is not None and event.index in self._blocks:
                said = _more(self._blocks[event.index], event.delta)
            case "content_block_stop" if event.index in self._blocks:
                said = self._numbered(_end(self._blocks.pop(event.index)))
            case "message_delta":
                delta = event.delta or _Delta()
                self._stop_reason = delta.stop_reason or self._stop_reason
                self._stop_sequence = delta.stop_sequence or self._stop_sequence
                self._tokens = self._tokens.updated(event.usage or Tokens())
                return []
            case "message_stop":
                return self._close(stream)
            case _:
                return []
        return [] if said is None else [stream.delta(said)]

    def _begin(self, block: _Block) -> dict[str, Any] | None:
        if block.type == "tool_use":
            block.call, self._calls = self._calls, self._calls + 1
            function = {"name": block.name, "arguments": ""}
            return _call(block, {"id": block.id, "type": "function", "function": function})
        return {"content": block.text} if block.type == "text" and block.text else None

    def _numbered(self, said: dict[str, Any] | None) -> dict[str, Any] | None:
        """A list in a delta needs an index in each of its items: that is how the official SDK joins them."""
        if said is None or "thinking_blocks" not in said:
            return said
        self._thoughts += 1
        return {"thinking_blocks": [{"index": self._thoughts - 1} | block for block in said["thinking_blocks"]]}

    def _close(self, stream: Stream) -> list[bytes]:
        # Why it ended was said one event ago. It is passed on only now, so that no cut stream looks complete.
        finish = finish_of(self._stop_reason)
        if finish is None:
            raise UpstreamGarbage("the stream ended without saying why")
        self.done = True
        usage = self._tokens.usage() if self._include_usage else None
        return stream.end(finish, usage, self._stop_sequence)


def _more(block: _Block, delta: _Delta) -> dict[str, Any] | None:
    match delta.type:
        case "text_delta":
            return {"content": delta.text}
        case "input_json_delta" if block.type == "tool_use" and delta.partial_json:
            block.begun = True
            return _call(block, {"function": {"arguments": delta.partial_json}})
        case "thinking_delta":
            block.thinking = (block.thinking or "") + delta.thinking
            return {"reasoning_content": delta.thinking}
        case "signature_delta":
            block.signature = (block.signature or "") + delta.signature
    return None


def _end(block: _Block) -> dict[str, Any] | None:
    match block.type:
        case "tool_use" if not block.begun:
            return _call(block, {"function": {"arguments": "{}"}})  # no arguments are an empty object here
        case "thinking":
            whole = {"type": "thinking", "thinking": block.thinking or "", "signature": block.signature or ""}
            return {"thinking_blocks": [whole]}
        case "redacted_thinking":
            return {"thinking_blocks": [{"type": "redacted_thinking", "data": block.data}]}
    return None


def _call(block: _Block, said: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": [{"index": block.call} | said]}
