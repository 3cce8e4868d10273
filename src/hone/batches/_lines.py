"""The input of a batch: a JSON object a line, each a call with a name of the caller's."""

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from hone.store import LineError

MOST = 50_000
"""Calls in one batch, as with OpenAI."""

_MOST_ERRORS = 100
_MOST_MODELS = 100

_fields = msgspec.json.Decoder(dict[str, Raw])


class Line(Struct, frozen=True, kw_only=True):
    """One call. `number` counts the lines of the file from 1."""

    number: int
    custom_id: str
    body: bytes


class _Request(Struct):
    custom_id: str
    body: Raw


_request = msgspec.json.Decoder(_Request)


class Checked(Struct, kw_only=True):
    """What an input holds, and what is wrong with it."""

    total: int = 0
    models: list[str] = field(default_factory=list)  # that it asks for, as far as they say
    errors: list[LineError] = field(default_factory=list)


def read(path: Path, skip: Set[int]) -> Iterator[Line]:
    """The calls of an input that was checked, without the lines to skip.

    Raises:
        OSError: the file is gone.
    """
    for number, text in _texts(path):
        if number not in skip:
            request = _request.decode(text)
            yield Line(number=number, custom_id=request.custom_id, body=bytes(request.body))


def check(path: Path, endpoint: str) -> Checked:
    """Look at every line once, before the first call is made.

    Raises:
        OSError: the file is gone.
    """
    found = Checked()
    names: dict[str, int] = {}
    models: dict[str, None] = {}
    for number, text in _texts(path):
        found.total += 1
        if (error := _check_line(text, endpoint, names, models, number)) is not None:
            found.errors.append(error)
        if found.total > MOST:
            message = f"the input has more than {MOST:,} lines; split it into several batches"
            found.errors.append(LineError(code="too_many_requests", message=message))
        if found.total > MOST or len(found.errors) >= _MOST_ERRORS:
            break
    if not found.total:
        found.errors.append(LineError(code="empty_file", message="the input has no lines"))
    found.models = list(models)[:_MOST_MODELS]
    return found


def _check_line(
    text: bytes, endpoint: str, names: dict[str, int], models: dict[str, None], number: int
) -> LineError | None:
    """What is wrong with a line. If nothing is, its `custom_id` and model are noted."""
    try:
        fields = _fields.decode(text)
        given: dict[str, Any] = {name: msgspec.json.decode(fields[name]) for name in _WORDS if name in fields}
        body = _fields.decode(fields["body"]) if "body" in fields else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return LineError(
            code="invalid_json_line", message=f"this line is not a JSON object with a `body`: {problem}", line=number
        )
    if (error := _check_words(given, body, endpoint, number)) is not None:
        return error
    name = given["custom_id"]
    if (first := names.setdefault(name, number)) != number:
        message = f"the custom_id {name!r} is that of line {first} too"
        return LineError(code="duplicate_custom_id", message=message, param="custom_id", line=number)
    model = _text(body.get("model")) if body else None
    if model is not None and len(models) < _MOST_MODELS:
        models.setdefault(model)
    return None


_WORDS = ("custom_id", "method", "url")


def _check_words(given: dict[str, Any], body: dict[str, Raw] | None, endpoint: str, number: int) -> LineError | None:
    for name in _WORDS:
        if not isinstance(given.get(name), str) or not given[name]:
            message = f"`{name}` is missing, or is no text"
            return LineError(code="missing_required_parameter", message=message, param=name, line=number)
    if given["method"] != "POST":
        message = f"the method is {given['method']!r}; it must be POST"
        return LineError(code="invalid_method", message=message, param="method", line=number)
    if given["url"] != endpoint:
        message = f"the url is {given['url']!r}, and the batch is for {endpoint}"
        return LineError(code="mismatched_url", message=message, param="url", line=number)
    if body is None:
        message = "`body` is missing"
        return LineError(code="missing_required_parameter", message=message, param="body", line=number)
    return None


def _text(raw: Raw | None) -> str | None:
    value = None if raw is None else msgspec.json.decode(raw)
    return value if isinstance(value, str) else None


def _texts(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line  # an editor's byte-order mark
            if text.strip():
                yield number, text
