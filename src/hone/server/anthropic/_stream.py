"""The events of a streamed chat completion, each turned into what the Messages API says for it, as it comes."""

from collections.abc import AsyncGenerator, Iterator, Set
from contextlib import aclosing
from typing import Any

from hone.core import new_id
from hone.providers._sse import Splitter, payload_of
from hone.server.anthropic._blocks import Blocks, Piece, event
from hone.server.anthropic._response import (
    Said,
    items,
    read,
    reasoning_of,
    said,
    start_of,
    stop_of,
    text_of,
    thinking_of,
    usage_of,
)

_PING = event("ping")


async def events_of(blocks: AsyncGenerator[bytes], stops: Set[str] = frozenset()) -> AsyncGenerator[bytes]:
    """Blocks of whole events for blocks of whole events; only a stream that was not cut gets to `message_stop`."""
    answer, events = _Answer(stops), Splitter()
    async with aclosing(blocks):
        async for block in blocks:
            if told := b"".join(answer.add(one) for one in events.feed(block)):
                yield told


class _Answer:
    """What has been said so far, and so what the next event means."""

    def __init__(self, stops: Set[str]) -> None:
        self._stops = stops
        self._begun = False
        self._blocks = Blocks()
        self._calls: dict[int, Piece] = {}  # how the call at each index began
        self._thought = False  # thoughts have come that no `thinking_blocks` has closed yet
        self._refused = False
        self._last: Said = {}  # the choice that says why the message ended
        self._usage: Any = None

    def add(self, one: bytes) -> bytes:
        payload = payload_of(one)
        if not payload:
            return _PING if self._begun else one  # before the message begins, a comment keeps the line awake
        if payload == b"[DONE]":
            return b"".join(self._end())
        chunk = said(read(payload))
        self._usage = chunk.get("usage") or self._usage
        choices = [choice for choice in items(chunk.get("choices")) if not choice.get("index")]
        return b"".join(told for choice in choices for told in self._go_on(chunk, choice))

    def _go_on(self, chunk: Said, choice: Said) -> Iterator[bytes]:
        yield from self._start(chunk)
        for piece in self._pieces(said(choice.get("delta"))):
            yield from self._blocks.add(piece)
        if choice.get("finish_reason") is not None:
            self._last = choice

    def _start(self, chunk: Said) -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            # What the prompt took is known at the end alone: `message_delta` tells it.
            yield event("message_start", message=start_of(chunk) | {"usage": usage_of(None)})

    def _pieces(self, delta: Said) -> Iterator[Piece]:
        if thought := reasoning_of(delta):
            self._thought = True
            yield _thinking({"type": "thinking_delta", "thinking": thought})
        for block in thinking_of(delta):
            yield from self._closing(block)
        if text := text_of(delta.get("content")) or text_of(delta.get("refusal")):
            self._refused = self._refused or bool(delta.get("refusal"))
            start = {"type": "text", "text": ""}
            yield Piece(lane="text", start=start, delta={"type": "text_delta", "text": text})
        for call in items(delta.get("tool_calls")):
            yield self._call(call)

    def _closing(self, block: Said) -> Iterator[Piece]:
        """A block of thoughts as a whole: what was not told of it yet, such as its signature."""
        if block.get("type") != "thinking":
            plain = {name: value for name, value in block.items() if name != "index"}
            yield Piece(lane="redacted", start=plain, last=True)
            return
        if not self._thought and block.get("thinking"):
            yield _thinking({"type": "thinking_delta", "thinking": block["thinking"]})
        yield _thinking({"type": "signature_delta", "signature": block.get("signature") or ""}, last=True)
        self._thought = False

    def _call(self, call: Said) -> Piece:
        """A piece of a call. Some servers give every call the index 0, and tell them apart by their ids alone."""
        index, function = call.get("index"), said(call.get("function"))
        index = index if isinstance(index, int) else 0
        known, given = self._calls.get(index), call.get("id")
        if known is None or (given and given != known.start["id"]):
            start = {"type": "tool_use", "id": given or f"toolu_{new_id()}", "name": function.get("name") or ""}
            known = self._calls[index] = Piece(lane=f"call {start['id']}", start=start | {"input": {}})
        arguments = text_of(function.get("arguments"))
        delta = {"type": "input_json_delta", "partial_json": arguments} if arguments else None
        return Piece(lane=known.lane, start=known.start, delta=delta)

    def _end(self) -> Iterator[bytes]:
        yield from self._start({})
        yield from self._blocks.end()
        reason, sequence = stop_of(self._last, self._stops, called=bool(self._calls), refused=self._refused)
        delta = {"stop_reason": reason, "stop_sequence": sequence}
        yield event("message_delta", delta=delta, usage=usage_of(self._usage))
        yield event("message_stop")


def _thinking(delta: Said, *, last: bool = False) -> Piece:
    start = {"type": "thinking", "thinking": "", "signature": ""}
    return Piece(lane="thinking", start=start, delta=delta, last=last)
