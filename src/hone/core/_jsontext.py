"""Values as JSON text: how inputs, outputs and attributes are kept, so that any string comes back equal."""

import json
import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

_DEEPEST = 50
_MOST_PARTS = 10_000


def to_json(value: Any) -> str:
    """JSON text of any object; never raises. What JSON cannot say (an object of the user's) is written as its `repr`.

    Python strings may hold lone surrogates, which are not valid UTF-8; those are escaped, so they survive too. Objects
    that hold themselves have no end as a tree; they are cut.
    """
    try:
        return msgspec.json.encode(value, enc_hook=_repr).decode()
    except RecursionError:
        return _cut(value)
    except Exception:
        return _escaped(value)


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


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__}: its repr failed with {type(error).__name__}>"


def _escaped(value: Any) -> str:
    try:
        return json.dumps(value, default=_repr, ensure_ascii=True, skipkeys=True)
    except Exception:
        return _cut(value)


def _cut(value: Any) -> str:
    try:
        return json.dumps(_Tree().of(value))
    except Exception:
        # Objects may do anything when they are looked at, and the caller may stand near the end of its own stack.
        return '"<cannot be written>"'


class _Tree:
    """A bounded tree of any object: ends where an object holds itself, is nested too deep, or has too many parts."""

    def __init__(self) -> None:
        self._left = _MOST_PARTS

    def of(self, value: Any, above: tuple[int, ...] = ()) -> Any:
        if value is None or isinstance(value, str | bool):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        self._left -= 1
        if id(value) in above:
            return "<circular>"
        if self._left < 0 or len(above) >= _DEEPEST:
            return "<cut>"
        return self._inside(value, (*above, id(value)))

    def _inside(self, value: Any, above: tuple[int, ...]) -> Any:
        if isinstance(value, dict):
            return {_key(key): self.of(item, above) for key, item in list(value.items())}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.of(item, above) for item in list(value)]
        if is_dataclass(value) and not isinstance(value, type):
            return {field.name: self.of(getattr(value, field.name, None), above) for field in fields(value)}
        if isinstance(value, msgspec.Struct):
            return {name: self.of(getattr(value, name, None), above) for name in value.__struct_fields__}
        if isinstance(value, int) and abs(value) < 2**63:
            return int(value)
        return _repr(value)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else _repr(key)
