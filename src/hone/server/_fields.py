"""The fields of an HTTP body, whatever its dialect: those that a door reads are typed, the rest stays bytes."""

from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Raw, Struct

from hone.errors import CallError
from hone.project import OnCut

MAX_NAME = 300

_fields = msgspec.json.Decoder(dict[str, Raw])


class Hone(Struct, forbid_unknown_fields=True):
    """The field `hone` of a body: what a caller says to hone itself."""

    input: dict[str, Any] | None = None
    models: tuple[str, ...] = ()  # of a task: asked in place of those of its variant
    cache: str | bool | None = None  # "1h", or false
    on_cut: OnCut | None = None
    validate: bool | None = None


class _Names(Protocol):
    @property
    def model(self) -> str: ...


T = TypeVar("T", bound=_Names)


def read_fields(body: bytes, known: "msgspec.json.Decoder[T]", what: str, *, big: str) -> tuple[dict[str, Raw], T]:
    """The fields of a body, and those that `known` reads; the one named `big` is left to those who need it.

    Raises:
        CallError: the body is not a JSON object, or a field that hone reads is missing or of the wrong type.
    """
    try:
        fields = _fields.decode(body)
        found = known.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CallError(f"the body is not {what} request: {problem}") from None
    if len(found.model) > MAX_NAME:
        raise CallError(f"`model` is {len(found.model):,} characters long; no name here is over {MAX_NAME}")
    _check_values(fields, big)
    return fields, found


def _check_values(fields: dict[str, Raw], big: str) -> None:
    """Every field but the big one is looked at once here, so that nothing fails after a model has been paid.

    Raises:
        CallError: a value cannot be read.
    """
    for name, raw in fields.items():
        try:
            if name != big:
                msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise CallError(f"`{name}` cannot be read: {problem}") from None
