"""Mending an answer that is almost JSON: what stands around it goes, and commas too many. Nothing is made up."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

# A string that is not closed goes to the end, so that no text is read more than once.
_STRING = r'"(?:[^"\\]|\\.)*+"?'
_STRING_OR_BRACKET = re.compile(_STRING + r"|[{}\[\]]", re.DOTALL)
_STRING_OR_COMMA = re.compile(_STRING + r"|,(?=\s*+[}\]])", re.DOTALL)
_MOST_TRIES = 10
_MOST_MENDED = 500_000  # characters
_DEEPEST = 500
_CLOSES = {"{": "}", "[": "]"}


class Found(Struct, frozen=True):
    """The JSON in an answer: its text, its value, and what was taken away to get at it."""

    text: str
    value: Any
    how: tuple[str, ...] = ()  # `fence`, `text around`, `trailing commas`


def find(text: str) -> Found | None:
    """The one JSON value of an answer; None where nothing is certain. JSON is left as it is, to the last blank."""
    if (whole := _parsed(text)) is not None:
        return Found(text, whole[0])
    if len(text) > _MOST_MENDED:
        return None
    return _plain(text.strip(), ()) or _fenced(text) or _inside(text)


def problem(text: str) -> str:
    """Why a text is no JSON."""
    if not text.strip():
        return "the answer is empty"
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as wrong:
        return f"the answer is not JSON: {wrong}"
    return "the answer is not JSON alone"


def _plain(text: str, how: tuple[str, ...]) -> Found | None:
    """All of `text`, without commas that are too many."""
    if (parsed := _parsed(text)) is not None:
        return Found(text, parsed[0], how)
    shorter = _without_commas(text)
    parsed = None if shorter == text else _parsed(shorter)
    return None if parsed is None else Found(shorter, parsed[0], (*how, "trailing commas"))


def _fenced(text: str) -> Found | None:
    """What the one code block of a text holds."""
    lines = text.split("\n")
    marks = [number for number, line in enumerate(lines) if line.lstrip().startswith("```")]
    if len(marks) != 2:
        return None
    return _plain("\n".join(lines[marks[0] + 1 : marks[1]]).strip(), ("fence",))


def _inside(text: str) -> Found | None:
    """The one object in a text, or where there is none, the one array. Of two, nobody can say which was meant."""
    for opening in _CLOSES:
        found = list(_spans(text, opening))
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _spans(text: str, opening: str) -> Iterator[Found]:
    at = text.find(opening)
    for _ in range(_MOST_TRIES):
        if at < 0:
            return
        end = _end(text, at)
        found = _plain(text[at:end], ("text around",)) if end else None
        if found is not None:
            yield found
        at = text.find(opening, end if end and found is not None else at + 1)


def _end(text: str, start: int) -> int | None:
    """Where the bracket that opens at `start` is closed."""
    open_: list[str] = []
    for token in _STRING_OR_BRACKET.finditer(text, start):
        one = token[0]
        if one in _CLOSES:
            open_.append(_CLOSES[one])
            if len(open_) > _DEEPEST:
                return None
        elif one in ("}", "]"):
            if one != open_.pop():
                return None
            if not open_:
                return token.end()
    return None


def _without_commas(text: str) -> str:
    """Without the commas before a closing bracket. A comma that follows nothing separates nothing, and stays."""

    def one(match: re.Match[str]) -> str:
        if match[0] != ",":
            return match[0]
        at = match.start() - 1
        while at >= 0 and text[at].isspace():
            at -= 1
        return "" if at >= 0 and text[at] not in "[{,:" else ","

    return _STRING_OR_COMMA.sub(one, text)


def _parsed(text: str) -> tuple[Any] | None:
    try:
        return (msgspec.json.decode(text),)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return _with_large_numbers(text)


def _with_large_numbers(text: str) -> tuple[Any] | None:
    """JSON sets no limit to a number, msgspec does. NaN and its like are no JSON."""

    def refuse(word: str) -> Any:
        raise ValueError(word)

    try:
        value = json.loads(text, parse_constant=refuse)
        msgspec.json.encode(value)  # refuses half a surrogate pair
    except (ValueError, RecursionError, OverflowError):
        return None
    return (value,)
