"""What a chat completion, or one event of its stream, says: as the doors that write answers in another form read it.

It came through the gateway, so it is a JSON object. Nothing else is certain: an odd value is as good as not said.
"""

from typing import Any

from msgspec import Struct, field

from hone.core import from_json, to_json


class ToolCall(Struct, frozen=True, kw_only=True):
    """A call of a function, or what one event adds to it."""

    index: int = 0
    id: str = ""
    name: str = ""
    arguments: str = ""


class Said(Struct, frozen=True, kw_only=True):
    """What one choice says: all of it, or what one event adds."""

    text: str = ""
    refusal: str = ""
    reasoning: str = ""
    thinking: list[dict[str, Any]] = field(default_factory=list)  # blocks with a signature, to be sent back as they are
    calls: list[ToolCall] = field(default_factory=list)
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    citations: list[dict[str, Any]] = field(default_factory=list)  # of pages, by those who search before they answer
    finish: str | None = None
    error: str | None = None  # what went wrong, where the choice itself says so


def read(data: bytes) -> dict[str, Any]:
    """A completion, or the data of an event."""
    value = from_json(data.decode("utf-8", "replace"))
    return value if isinstance(value, dict) else {}


def choices_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return _objects(answer.get("choices"))


def first_of(answer: dict[str, Any]) -> dict[str, Any] | None:
    """The first choice by its number; an event may be about another one."""
    return next((choice for choice in choices_of(answer) if index_of(choice) == 0), None)


def index_of(choice: dict[str, Any]) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def said_in(choice: dict[str, Any]) -> Said:
    message = _object(choice.get("message") or choice.get("delta"))
    return Said(
        text=_content(message.get("content")),
        refusal=_text(message.get("refusal")),
        reasoning=_text(message.get("reasoning_content")) or _text(message.get("reasoning")),
        thinking=[_unnumbered(block) for block in _objects(message.get("thinking_blocks"))],
        calls=[_call(call, place) for place, call in enumerate(_objects(message.get("tool_calls")))],
        logprobs=_objects(_object(choice.get("logprobs")).get("content")),
        citations=[
            cited for each in _objects(message.get("annotations")) if (cited := _object(each.get("url_citation")))
        ],
        finish=_text(choice.get("finish_reason")) or None,
        error=_text(_object(choice.get("error")).get("message")) or None,
    )


def usage_of(answer: dict[str, Any]) -> dict[str, Any] | None:
    """The `usage` object; None where there is none, or where it counts nothing."""
    usage = _object(answer.get("usage"))
    counted = all(count(usage, name) is not None for name in ("prompt_tokens", "completion_tokens"))
    return usage if counted else None


def count(usage: dict[str, Any], *path: str) -> int | None:
    """The count at the end of `path`, where it is one."""
    *above, last = path
    for name in above:
        usage = _object(usage.get(name))
    value = usage.get(last)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def text_of(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _call(call: dict[str, Any], place: int) -> ToolCall:
    """A whole answer numbers its calls by their place; so do events that leave the number out."""
    function, index = _object(call.get("function")), call.get("index")
    arguments = function.get("arguments")
    return ToolCall(
        index=index if isinstance(index, int) else place,
        id=_text(call.get("id")),
        name=_text(function.get("name")),
        arguments=to_json(arguments) if isinstance(arguments, dict | list) else _text(arguments),
    )


def _content(content: Any) -> str:
    """Some servers answer in parts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in _objects(content) if part.get("type") == "text")
    return _text(content)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _unnumbered(block: dict[str, Any]) -> dict[str, Any]:
    """The block without the number that joins the pieces of a stream."""
    return {name: value for name, value in block.items() if name != "index"}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
