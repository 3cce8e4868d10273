"""A streamed chat completion as the events of a streamed response."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from hone.errors import UpstreamCut
from hone.providers._sse import Splitter, payload_of
from hone.server.openai._chat import Said, first_of, read, said_in
from hone.server.openai.responses._events import Numbered
from hone.server.openai.responses._items import Ids, Item
from hone.server.openai.responses._open import FunctionCall, Message, Open, Reasoning
from hone.server.openai.responses._response import answered, ending, item_status, usage


async def translate(empty: dict[str, Any], events: Numbered, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Blocks of whole events for blocks of whole events.

    Raises:
        UpstreamCut: the stream ended without its closing mark.
        HoneError: what `blocks` raises.
    """
    answer, splitter = _Answer(empty, events), Splitter()
    async with aclosing(blocks):
        async for block in blocks:
            if made := b"".join(event for given in splitter.feed(block) for event in answer.add(given)):
                yield made
    if not answer.done:
        raise UpstreamCut("the stream ended before the answer was complete")


class _Answer:
    """What has been said so far, and so what the next event means.

    An item of thought or text ends when another begins. Calls stay open to the end, because their pieces may come in
    any order.
    """

    def __init__(self, empty: dict[str, Any], events: Numbered) -> None:
        self.done = False
        self._response, self._events, self._ids = empty, events, Ids(empty["id"])
        self._begun = False
        self._output: list[Item | None] = []  # None stands for an item that is still open
        self._current: tuple[int, Reasoning | Message] | None = None
        self._calls: dict[int, FunctionCall] = {}  # by their place in the output
        self._numbers: dict[int, int] = {}  # of the upstream's calls -> their place in the output
        self._usage: dict[str, Any] | None = None
        self._end = Said()

    def add(self, event: bytes) -> Iterator[bytes]:
        payload = payload_of(event)
        if not payload:
            yield event  # a comment that keeps the connection awake
        elif payload == b"[DONE]":
            yield from self._close()
        else:
            chunk = read(payload)
            if not self._begun:
                yield from self._begin(chunk)
            self._usage = usage(chunk) or self._usage
            choice = first_of(chunk)
            if choice is not None:
                yield from self._go_on(said_in(choice))

    def _begin(self, chunk: dict[str, Any]) -> Iterator[bytes]:
        self._begun = True
        self._response = answered(self._response, chunk)
        for what in ("created", "in_progress"):
            yield self._events(f"response.{what}", response=self._response)

    def _go_on(self, said: Said) -> Iterator[bytes]:
        if said.reasoning or said.thinking:
            yield from self._speak(Reasoning, said)
        if said.text or said.refusal or said.citations:
            yield from self._speak(Message, said)
        for call in said.calls:
            at = self._numbers.get(call.index)
            # Some servers give every call the same number; another id is another call.
            if at is None or (call.id and call.id != self._calls[at].given_id):
                yield from self._end_current()
                at = self._numbers[call.index] = self._new_place()
                self._calls[at] = FunctionCall(self._events, self._ids, at, call)
                yield self._calls[at].begin()
            yield from self._calls[at].add(call)
        if said.finish is not None:
            self._end = said

    def _speak(self, kind: type[Reasoning] | type[Message], said: Said) -> Iterator[bytes]:
        if self._current is None or not isinstance(self._current[1], kind):
            yield from self._end_current()
            at = self._new_place()
            self._current = (at, kind(self._events, self._ids, at))
            yield self._current[1].begin()
        yield from self._current[1].add(said)

    def _new_place(self) -> int:
        self._output.append(None)
        return len(self._output) - 1

    def _end_current(self, status: str = "completed") -> Iterator[bytes]:
        if self._current is not None:
            (at, item), self._current = self._current, None
            yield from self._end_item(at, item, status)

    def _end_item(self, at: int, item: Open, status: str) -> Iterator[bytes]:
        yield from item.end(status)
        self._output[at] = item.item(status)

    def _close(self) -> Iterator[bytes]:
        end = ending(self._end)
        status, last = end["status"], len(self._output) - 1
        still_open: list[tuple[int, Open]] = [*self._calls.items(), *([self._current] if self._current else [])]
        for at, item in sorted(still_open, key=lambda each: each[0]):
            yield from self._end_item(at, item, item_status(status, last=at == last))
        self.done = True
        response = self._response | end | {"output": self._output, "usage": self._usage}
        yield self._events(f"response.{status}", response=response)
