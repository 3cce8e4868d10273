"""What a span took in and gave back, as a person reads it: a conversation, named values, passages."""

from typing import Any

from hone.core import Score, Span, from_json, to_json
from hone.server.ui._shapes import SpanView, Turn
from hone.traces import passages_in

_LONGEST = 20_000  # characters of one text on a page; the JSON twin has all of it
_TURNS = 200


def span_view(span: Span, scores: list[Score]) -> SpanView:
    given, answer = _value(span.input), _value(span.output)
    turns = _turns(given) if isinstance(given, list) else []
    return SpanView(
        span=span,
        turns=turns,
        values=[] if turns or given is None else _named(given),
        answer=_answer(answer),
        passages=passages_in(span),
        scores=scores,
    )


def text_of(message: Any) -> str:
    """The words of a message: its content, or the calls of tools it asks for."""
    if not isinstance(message, dict):
        return _shown(message)
    content = message.get("content")
    if isinstance(content, list):
        content = "\n".join(_part(part) for part in content)
    calls = message.get("tool_calls")
    said = [_shown(content)] if content else []
    return _cut("\n".join([*said, *([to_json(calls)] if calls else [])]))


def _turns(messages: list[Any]) -> list[Turn]:
    if not all(isinstance(message, dict) and "role" in message for message in messages):
        return []
    return [Turn(str(message["role"]), text_of(message)) for message in messages[:_TURNS]]


def _part(part: Any) -> str:
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return str(part["text"])
    return to_json(part)


def _answer(value: Any) -> list[Turn]:
    if value is None:
        return []
    if isinstance(value, dict) and "role" in value:
        return [Turn(str(value["role"]), text_of(value))]
    return [Turn("output", _shown(value))]


def _named(value: Any) -> list[Turn]:
    if isinstance(value, dict):
        return [Turn(str(name), _shown(part)) for name, part in value.items()]
    return [Turn("input", _shown(value))]


def _shown(value: Any) -> str:
    return _cut(value if isinstance(value, str) else to_json(value))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}\n… {len(text) - _LONGEST:,} characters more: see JSON"


def _value(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return from_json(text)
    except ValueError:
        return text
