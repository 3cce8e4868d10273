"""Items of `output` while they are being written: each says in events how it begins, grows and ends."""

from collections.abc import Iterator
from typing import Any, Protocol

from hone.server.openai._chat import Said, ToolCall
from hone.server.openai.responses import _items
from hone.server.openai.responses._events import Numbered
from hone.server.openai.responses._items import Ids, Item


class Open(Protocol):
    """An item that has begun."""

    def end(self, status: str) -> Iterator[bytes]: ...
    def item(self, status: str) -> Item: ...


class _Parts:
    """What an item with parts does when one begins, grows and ends."""

    def __init__(self, events: Numbered, id: str, index: int) -> None:
        self._events = events
        self.parts: list[Item] = []
        self._pieces: list[str] = []  # of the last part, joined once: adding to a long text copies it each time
        self.place = {"item_id": id, "output_index": index}

    @property
    def at(self) -> dict[str, Any]:
        return self.place | {"content_index": len(self.parts) - 1}

    def begin(self, part: Item) -> bytes:
        self.parts.append(part)
        self._pieces = []
        return self._events("response.content_part.added", **self.at, part=part)

    def more(self, kind: str, delta: str, **also: Any) -> bytes:
        self._pieces.append(delta)
        return self._events(f"response.{kind}.delta", **self.at, delta=delta, **also)

    def cite(self, annotation: Item) -> bytes:
        annotations = self.parts[-1]["annotations"]
        annotations.append(annotation)
        place = self.at | {"annotation_index": len(annotations) - 1}
        return self._events("response.output_text.annotation.added", **place, annotation=annotation)

    def end(self, kind: str, field: str, **also: Any) -> Iterator[bytes]:
        part = self.parts[-1]
        part[field] = "".join(self._pieces)
        yield self._events(f"response.{kind}.done", **self.at, **{field: part[field]}, **also)
        yield self._events("response.content_part.done", **self.at, part=part)


class Reasoning:
    """What the model thinks."""

    def __init__(self, events: Numbered, ids: Ids, index: int) -> None:
        self._events, self._index, self._id = events, index, ids.reasoning(index)
        self._parts = _Parts(events, self._id, index)
        self._thinking: list[dict[str, Any]] = []

    def begin(self) -> bytes:
        return self._events("response.output_item.added", output_index=self._index, item=self.item("in_progress"))

    def add(self, said: Said) -> Iterator[bytes]:
        self._thinking += said.thinking
        if said.reasoning:
            if not self._parts.parts:
                yield self._parts.begin(_items.thought_part(""))
            yield self._parts.more("reasoning_text", said.reasoning)

    def end(self, status: str) -> Iterator[bytes]:
        if self._parts.parts:
            yield from self._parts.end("reasoning_text", "text")
        yield self._events("response.output_item.done", output_index=self._index, item=self.item(status))

    def item(self, status: str) -> Item:
        return _items.reasoning(self._id, status, self._parts.parts, self._thinking)


class Message:
    """What the model says, as text or as a refusal."""

    def __init__(self, events: Numbered, ids: Ids, index: int) -> None:
        self._events, self._index, self._id = events, index, ids.message(index)
        self._parts = _Parts(events, self._id, index)

    def begin(self) -> bytes:
        return self._events("response.output_item.added", output_index=self._index, item=self.item("in_progress"))

    def add(self, said: Said) -> Iterator[bytes]:
        if said.text:
            yield from self._switch(_items.text_part(Said()))
            self._parts.parts[-1]["logprobs"] += said.logprobs
            yield self._parts.more("output_text", said.text, logprobs=said.logprobs)
        for cited in said.citations:
            yield from self._switch(_items.text_part(Said()))
            yield self._parts.cite(_items.citation(cited))
        if said.refusal:
            yield from self._switch(_items.refusal_part(""))
            yield self._parts.more("refusal", said.refusal)

    def _switch(self, part: Item) -> Iterator[bytes]:
        if not self._parts.parts or self._parts.parts[-1]["type"] != part["type"]:
            yield from self._end_part()
            yield self._parts.begin(part)

    def _end_part(self) -> Iterator[bytes]:
        if self._parts.parts and self._parts.parts[-1]["type"] == "output_text":
            yield from self._parts.end("output_text", "text", logprobs=self._parts.parts[-1]["logprobs"])
        elif self._parts.parts:
            yield from self._parts.end("refusal", "refusal")

    def end(self, status: str) -> Iterator[bytes]:
        yield from self._end_part()
        yield self._events("response.output_item.done", output_index=self._index, item=self.item(status))

    def item(self, status: str) -> Item:
        return _items.message(self._id, status, self._parts.parts)


class FunctionCall:
    """A function the model wants called."""

    def __init__(self, events: Numbered, ids: Ids, index: int, call: ToolCall) -> None:
        self._events, self._index, self._id = events, index, ids.function_call(index)
        self.given_id = call.id
        self._call_id, self._name = ids.call(index, call.id), call.name
        self._arguments: list[str] = []

    def begin(self) -> bytes:
        return self._events("response.output_item.added", output_index=self._index, item=self.item("in_progress"))

    def add(self, call: ToolCall) -> Iterator[bytes]:
        self._name = self._name or call.name
        if call.arguments:
            self._arguments.append(call.arguments)
            yield self._event("delta", delta=call.arguments)

    def end(self, status: str) -> Iterator[bytes]:
        yield self._event("done", name=self._name, arguments="".join(self._arguments))
        yield self._events("response.output_item.done", output_index=self._index, item=self.item(status))

    def item(self, status: str) -> Item:
        return _items.function_call(self._id, status, self._call_id, self._name, "".join(self._arguments))

    def _event(self, what: str, **fields: Any) -> bytes:
        place = {"item_id": self._id, "output_index": self._index}
        return self._events(f"response.function_call_arguments.{what}", **place, **fields)
