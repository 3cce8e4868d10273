"""What the endpoints with lists and ids have in common: who asks, for how many, and how a page looks."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hone.errors import CallError


def owner_of(request: Request) -> str | None:
    """A key sees what is its own. Whoever needs none, or has the master key, sees all."""
    key = request.scope.get("hone.key")
    return None if key is None else str(key.name)


def limit_of(asked: Mapping[str, str], usual: int, most: int) -> int:
    """
    Raises:
        CallError: `limit` is no number, or out of range.
    """
    text = asked.get("limit", str(usual))
    found = number_of(text)
    if not 1 <= found <= most:
        raise CallError(f"`limit` is {text!r}; it is a number from 1 to {most:,}")
    return found


def number_of(text: str) -> int:
    """The number that a text is; 0 where it is none, or is longer than any that is asked for."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def one_of(what: str, value: str, known: Sequence[str]) -> str:
    """
    Raises:
        CallError: the value is none of these.
    """
    if value not in known:
        raise CallError(f"`{what}` is {value!r}", hint=f"it is one of {', '.join(known)}")
    return value


def page_of(items: Sequence[dict[str, Any]], more: bool) -> dict[str, Any]:
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": None, "last_id": None}
    return {"object": "list", "data": items, **ends, "has_more": more}


def deleted(id: str, what: str) -> dict[str, Any]:
    return {"id": id, "object": what, "deleted": True}


def json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
