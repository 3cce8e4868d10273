"""The events of a streamed answer, each turned into what the OpenAI dialect says for it."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct

from hone.errors import UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.providers._refusal import error_in
from hone.providers._sse import payloads
from hone.providers._wire import Stream
from hone.providers.cohere._response import Tokens, error_body, finish_of


class _Content(Struct):
    text: str | None = None
    thinking: str | None = None


class _Function(Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(Struct):
    id: str | None = None
    function: _Function | None = None


class _Said(Struct):
    content: _Content | None = None
    tool_plan: str | None = None
    tool_calls: _Call | None = None  # one at a time, whatever its name says


class _Delta(Struct):
    message: _Said | None = None
    finish_reason: str | None = None
    error: str | None = None
    usage: Tokens | None = None


class _Event(Struct):
    type: str
    id: str | None = None
    index: int = 0
    delta: msgspec.Raw = msgspec.Raw(b"{}")

    def read(self) -> _Delta:
        """The delta. Only kinds of events that are known are read, so that others may hold what they like."""
        return msgspec.json.decode(self.delta, type=_Delta)


_decode = msgspec.json.Decoder(_Event).decode


async def translate(chunks: AsyncIterator[bytes], model: str, include_usage: bool) -> AsyncIterator[bytes]:
    """The events of a chat completion, the last one `[DONE]`.

    Raises:
        UpstreamCut: the stream ended before `message-end`.
        UpstreamRefused: the answer failed on the way.
        UpstreamGarbage: an event is not in the dialect.
    """
    answer = _Answer(model, include_usage)
    # Read on past the last event, to the end of the body: then the connection can be used again.
    async for payload in payloads(chunks):
        for event in answer.add(payload):
            yield event
    if not answer.done:
        raise UpstreamCut("the stream ended before the answer was complete")


class _Answer:
    """What has been said so far, and so what the next event means."""

    def __init__(self, model: str, include_usage: bool) -> None:
        self.done = False
        self._model = model
        self._include_usage = include_usage
        self._stream: Stream | None = None
        self._calls: dict[int, int] = {}  # the vendor's index of a call that is being written: ours
        self._made = 0
        self._bare: set[int] = set()  # calls of which no argument has come yet

    def add(self, payload: bytes) -> list[bytes]:
        """Events of the OpenAI dialect for one of the vendor's. Kinds that nobody knows yet say nothing."""
        if self.done or payload == b"[DONE]":
            return []
        try:
            return self._read(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            if (error := error_in(payload)) is not None:
                said = f"the upstream sent an error in mid-stream: {error}"
                raise UpstreamRefused(said, status=502, body=error_body(payload)) from None
            raise UpstreamGarbage(f"an event of the stream is not in the dialect: {problem}") from None

    def _read(self, payload: bytes) -> list[bytes]:
        event = _decode(payload)
        if event.type == "message-start":
            self._stream = Stream(self._model, event.id)
            return [self._stream.delta({"role": "assistant", "content": ""})]
        if self._stream is None:
            raise UpstreamGarbage(f"the stream began with {event.type!r} instead of 'message-start'")
        if event.type == "message-end":
            return self._close(self._stream, event.read())
        said = self._go_on(event)
        return [] if said is None else [self._stream.delta(said)]

    def _go_on(self, event: _Event) -> dict[str, Any] | None:
        match event.type:
            case "content-start" | "content-delta":
                return _content(event.read().message)
            case "tool-plan-delta":
                plan = (event.read().message or _Said()).tool_plan
                return {"reasoning_content": plan, "tool_plan": plan} if plan else None
            case "tool-call-start":
                return self._begin(event.index, event.read().message)
            case "tool-call-delta" if event.index in self._calls:
                return self._arguments(self._calls[event.index], event.read().message)
            case "tool-call-end" if event.index in self._calls:
                call = self._calls.pop(event.index)
                return _more(call, "{}") if call in self._bare else None  # no arguments are an empty object here
        return None

    def _begin(self, index: int, said: _Said | None) -> dict[str, Any]:
        if said is None or said.tool_calls is None or said.tool_calls.function is None:
            raise UpstreamGarbage("a tool call of the stream began without a function")
        call, function = said.tool_calls, said.tool_calls.function
        number = self._calls[index] = self._made
        self._made += 1
        if not function.arguments:
            self._bare.add(number)
        begun = {"name": function.name, "arguments": function.arguments or ""}
        return {"tool_calls": [{"index": number, "id": call.id, "type": "function", "function": begun}]}

    def _arguments(self, call: int, said: _Said | None) -> dict[str, Any] | None:
        function = said.tool_calls.function if said and said.tool_calls else None
        if function is None or not function.arguments:
            return None
        self._bare.discard(call)
        return _more(call, function.arguments)

    def _close(self, stream: Stream, end: _Delta) -> list[bytes]:
        if end.finish_reason is None:
            raise UpstreamGarbage("the stream ended without saying why")
        finish = finish_of(end.finish_reason, end.error)
        self.done = True
        wanted = self._include_usage and end.usage is not None
        return stream.end(finish, end.usage.usage() if wanted and end.usage else None)


def _content(said: _Said | None) -> dict[str, Any] | None:
    content = said.content if said and said.content else _Content()
    if content.thinking:
        return {"reasoning_content": content.thinking}
    return {"content": content.text} if content.text else None


def _more(call: int, arguments: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": call, "function": {"arguments": arguments}}]}
