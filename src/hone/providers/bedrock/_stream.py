"""The events of a streamed answer, each turned into what the OpenAI dialect says for it."""

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct

from hone.core import Usage
from hone.errors import UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.providers._refusal import error_in
from hone.providers._wire import Stream
from hone.providers.bedrock._frames import Frame, frames
from hone.providers.bedrock._response import Tokens, finish_of, openai_error, thinking_block

_STATUS = {
    "internalServerException": 500,
    "modelStreamErrorException": 424,
    "modelTimeoutException": 408,
    "serviceUnavailableException": 503,
    "throttlingException": 429,
    "validationException": 400,
}


class _ToolUse(Struct, rename="camel"):
    tool_use_id: str | None = None
    name: str | None = None
    type: str | None = None  # of the vendor's own tools
    input: str = ""


class _Reasoning(Struct, rename="camel"):
    text: str = ""
    signature: str = ""
    redacted_content: bytes | None = None  # base64 on the wire


class _Part(Struct, rename="camel"):
    """What a block begins with, or goes on with."""

    text: str = ""
    tool_use: _ToolUse | None = None
    reasoning_content: _Reasoning | None = None


class _Event(Struct, rename="camel"):
    content_block_index: int = 0
    start: _Part | None = None
    delta: _Part | None = None
    stop_reason: str | None = None
    usage: Tokens | None = None


class _Block(Struct):
    """A content block that is being written."""

    call: int | None = None  # which tool call of the answer it is
    bare: bool = True  # a tool call of which no argument has come yet
    thought: str = ""
    signature: str = ""
    hidden: bytes | None = None


_KINDS = {"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}
_decode = msgspec.json.Decoder(_Event).decode


async def translate(chunks: AsyncIterator[bytes], model: str, include_usage: bool) -> AsyncIterator[bytes]:
    """The events of a chat completion, the last one `[DONE]`.

    Raises:
        UpstreamCut: the stream ended before `messageStop`.
        UpstreamRefused: the upstream sent an exception.
        UpstreamGarbage: an event is not in the dialect.
    """
    answer = _Answer(model, include_usage)
    async for frame in frames(chunks):
        for event in answer.add(frame):
            yield event
    # Usage comes after the reason, so the answer is closed when the body has ended.
    for event in answer.end():
        yield event


class _Answer:
    """What has been said so far, and so what the next event means."""

    def __init__(self, model: str, include_usage: bool) -> None:
        self._stream = Stream(model)
        self._include_usage = include_usage
        self._begun = False
        self._stop_reason: str | None = None
        self._usage: Usage | None = None
        self._blocks: defaultdict[int, _Block] = defaultdict(_Block)
        self._calls = 0
        self._thoughts = 0

    def add(self, frame: Frame) -> list[bytes]:
        """Events of the OpenAI dialect for one of the vendor's. Kinds that nobody knows yet say nothing."""
        if frame.headers.get(":message-type") != "event":
            raise _refused(frame)
        kind = frame.headers.get(":event-type", "")
        if kind not in _KINDS:
            return []
        try:
            event = _decode(frame.payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise UpstreamGarbage(f"an event of the stream is not in the dialect: {problem}") from None
        if not self._begun and kind != "messageStart":
            raise UpstreamGarbage(f"the stream began with {kind!r} instead of 'messageStart'")
        said = self._go_on(kind, event)
        return [] if said is None else [self._stream.delta(said)]

    def end(self) -> list[bytes]:
        if self._stop_reason is None:
            raise UpstreamCut("the stream ended before the answer was complete")
        return self._stream.end(finish_of(self._stop_reason), self._usage if self._include_usage else None)

    def _go_on(self, kind: str, event: _Event) -> dict[str, Any] | None:
        index = event.content_block_index
        match kind:
            case "messageStart":
                self._begun = True
                return {"role": "assistant", "content": ""}
            case "contentBlockStart" if event.start and event.start.tool_use and not event.start.tool_use.type:
                return self._begin(self._blocks[index], event.start.tool_use)
            case "contentBlockDelta" if event.delta is not None:
                return _more(self._blocks[index], event.delta)
            case "contentBlockStop":
                return self._finish(self._blocks.pop(index, _Block()))
            case "messageStop":
                if event.stop_reason is None:
                    raise UpstreamGarbage("the stream ended without saying why")
                self._stop_reason = event.stop_reason
            case "metadata" if event.usage is not None:
                self._usage = event.usage.usage()
        return None

    def _begin(self, block: _Block, use: _ToolUse) -> dict[str, Any]:
        block.call, self._calls = self._calls, self._calls + 1
        function = {"name": use.name, "arguments": ""}
        return _call(block.call, {"id": use.tool_use_id, "type": "function", "function": function})

    def _finish(self, block: _Block) -> dict[str, Any] | None:
        if block.call is not None:
            # No arguments are an empty object here.
            return _call(block.call, {"function": {"arguments": "{}"}}) if block.bare else None
        said = {"reasoningText": {"text": block.thought, "signature": block.signature}}
        whole = thinking_block(said if block.hidden is None else {"redactedContent": block.hidden})
        if whole is None:
            return None
        self._thoughts += 1
        return {"thinking_blocks": [{"index": self._thoughts - 1} | whole]}


def _more(block: _Block, delta: _Part) -> dict[str, Any] | None:
    if delta.tool_use is not None:
        if block.call is None or not delta.tool_use.input:
            return None
        block.bare = False
        return _call(block.call, {"function": {"arguments": delta.tool_use.input}})
    if (reasoning := delta.reasoning_content) is not None:
        block.thought += reasoning.text
        block.signature += reasoning.signature
        if reasoning.redacted_content is not None:
            block.hidden = (block.hidden or b"") + reasoning.redacted_content
        return {"reasoning_content": reasoning.text} if reasoning.text else None
    return {"content": delta.text} if delta.text else None


def _call(call: int, said: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": [{"index": call} | said]}


def _refused(frame: Frame) -> UpstreamRefused:
    """An exception of the model, or an error that has no name in the API."""
    kind = frame.headers.get(":exception-type") or frame.headers.get(":error-code") or "an error without a name"
    said = error_in(frame.payload) or frame.headers.get(":error-message") or kind
    return UpstreamRefused(
        f"the upstream sent an error in mid-stream: {said}",
        status=_STATUS.get(kind, 502),
        body=openai_error(said, kind),
    )
