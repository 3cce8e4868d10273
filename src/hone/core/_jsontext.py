"""Values as JSON text: how inputs, outputs and attributes are kept, so that any string comes back equal."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec


def to_json(value: Any) -> str:
    """JSON text of plain data. What JSON cannot say (an object of the user's) is written as its `repr`.

    Python strings may hold lone surrogates, which are not valid UTF-8; those are escaped, so they survive too.
    """
    try:
        return msgspec.json.encode(value, enc_hook=repr).decode()
    except (UnicodeEncodeError, msgspec.ValidationError, TypeError, ValueError):
        return json.dumps(value, default=repr, ensure_ascii=True, skipkeys=True)


def from_json(text: str | bytes) -> Any:
    """The value behind `text`, the reverse of `to_json`.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(text)


def text_in(text: str | None) -> str:
    """The human words inside a JSON text: its string leaves joined by newlines. What is not JSON is itself."""
    if not text:
        return ""
    try:
        value = from_json(text)
    except ValueError:
        return text
    return "\n".join(_strings(value))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
