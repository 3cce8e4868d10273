"""Keys and budgets: who may call and how much of it is used. For the master key, a session, or loopback without one."""

from typing import Any

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hone.errors import CallError, NotAllowed
from hone.gateway import Key, Listed, Standing
from hone.local import House
from hone.project import duration
from hone.server._session import from_our_page
from hone.server.api._bodies import decode, read

OVERLAP = "1d"
_LONGEST = 100 * 365 * 86_400.0


class KeyBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`POST /api/keys`. Without `tasks` and `models` the key may ask for everything; with either, for those alone.

    `*` stands for anything. Limits and times are as in hone.toml: "5 USD / day", "20 / minute", "90d".
    """

    name: str
    tasks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    environment: str | None = None
    tags: tuple[str, ...] = ()
    spend: str | None = None
    rate: str | None = None
    tokens: str | None = None
    expires: str | None = None


class RotateBody(Struct, forbid_unknown_fields=True):
    """How long the old secret stays valid; "0" ends it now."""

    overlap: str = OVERLAP


class NewKey(Struct, frozen=True):
    """A key and its secret, which is told this once. `expires` is in nanoseconds since the epoch."""

    id: str
    name: str
    secret: str
    expires: int | None


class Revoked(Struct, frozen=True):
    name: str
    revoked: bool = True


class KeyPage(Struct, frozen=True):
    """Every key there is and was, newest first."""

    items: list[Listed]
    next: str | None = None


class BudgetPage(Struct, frozen=True):
    items: list[Standing]
    next: str | None = None


def create(house: House, asked: KeyBody, by: str) -> NewKey:
    """
    Raises:
        CallError: a valid key has that name, or a limit or time cannot be read.
    """
    settings = {name: value for name, value in msgspec.structs.asdict(asked).items() if name != "expires"}
    until = None if asked.expires is None else house.clock() + int(_seconds(asked.expires) * 1e9)
    row, secret = house.keys.create(Key(**settings), by=by, expires=until)
    return NewKey(row.id, row.name, secret, row.expires)


def rotate(house: House, name: str, overlap: str, by: str) -> NewKey:
    """
    Raises:
        CallError: there is no such key, or the time cannot be read.
    """
    seconds = 0.0 if overlap == "0" else _seconds(overlap)
    row, secret = house.keys.rotate(name, by=by, overlap=seconds)
    return NewKey(row.id, row.name, secret, row.expires)


class KeyDoors:
    """One method a route."""

    def __init__(self, house: House) -> None:
        self._house = house

    @property
    def routes(self) -> list[Route]:
        # A name may have a slash in it.
        return [
            Route("/api/keys", self.list_keys),
            Route("/api/keys", self.create_key, methods=["POST"]),
            Route("/api/keys/{name:path}/rotate", self.rotate_key, methods=["POST"]),
            Route("/api/keys/{name:path}/revoke", self.revoke_key, methods=["POST"]),
            Route("/api/budgets", self.list_budgets),
        ]

    async def list_keys(self, _: Request) -> Response:
        return _json(KeyPage(await run_in_threadpool(self._house.keys.listed)))

    async def create_key(self, request: Request) -> Response:
        asked = decode(_key, await self._body(request), "a key")
        return _json(await run_in_threadpool(create, self._house, asked, "api"), 201)

    async def rotate_key(self, request: Request) -> Response:
        asked = decode(_rotate, await self._body(request) or b"{}", "how to rotate a key")
        name = request.path_params["name"]
        return _json(await run_in_threadpool(rotate, self._house, name, asked.overlap, "api"), 201)

    async def revoke_key(self, request: Request) -> Response:
        await self._body(request)
        name = request.path_params["name"]
        await run_in_threadpool(self._house.keys.revoke, name)
        return _json(Revoked(name))

    async def list_budgets(self, _: Request) -> Response:
        return _json(BudgetPage(await run_in_threadpool(self._house.budgets)))

    async def _body(self, request: Request) -> bytes:
        """
        Raises:
            NotAllowed: a page of another origin asks, such as one on another port of this machine.
        """
        if not from_our_page(request.method, dict(request.headers)):
            error = NotAllowed("a page of elsewhere may not change anything here")
            error.status = 403
            raise error
        return await read(request, self._house.project.server.max_body)


_key = msgspec.json.Decoder(KeyBody)
_rotate = msgspec.json.Decoder(RotateBody)


def _seconds(text: str) -> float:
    try:
        seconds = duration(text)
    except ValueError as problem:
        raise CallError(str(problem)) from None
    if seconds > _LONGEST:
        raise CallError(f"{text!r} is over a hundred years", hint="leave it out where a key is to stay valid")
    return seconds


def _json(value: Any, status: int = 200) -> Response:
    # A secret may be in it, which no cache is to keep.
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json", headers=headers)
