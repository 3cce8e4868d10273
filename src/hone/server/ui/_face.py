"""One view, two faces: what a view returns is rendered by a template, or sent as JSON as it is.

So whatever a page shows, a program can have. `PATH.json` or `Accept: application/json` asks for the second face.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from hone.errors import CallError, HoneError
from hone.server._problem import problem_of
from hone.server._session import COOKIE
from hone.server.ui._html import render


class Asked(Struct, frozen=True):
    """What a URL asks a view for."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str, default: int) -> int:
        """
        Raises:
            CallError: it is no whole number, or below 0.
        """
        text = self.query.get(name, "")
        if text and not (text.isascii() and text.isdigit() and len(text) < 20):
            raise CallError(f"{name}={text!r} is not a whole number")
        return int(text) if text else default


View = Callable[[Asked], Struct]


class Page(Struct, frozen=True, kw_only=True):
    """A page at `path`. `parts` are templates of pieces that htmx may ask for alone, by the id they replace."""

    path: str
    template: str
    view: View
    twin: str | None = None  # the path of the JSON face, `path` + .json where it is None
    parts: Mapping[str, str] = field(default_factory=dict)

    def routes(self, project: str) -> list[Route]:
        """The JSON twin stands first, because `{id}` would match `x.json` too."""
        twin = self.twin or f"{self.path}.json"

        async def as_json(request: Request) -> Response:
            try:
                return json_of(await self._seen(request))
            except HoneError as error:
                return problem_of(error)

        async def as_asked(request: Request) -> Response:
            if wants_json(request):
                return await as_json(request)
            seen = await self._seen(request)
            part = self.parts.get(request.headers.get("hx-target", "").partition("#")[2])
            here = request.url.path
            json_path = twin if here == self.path else f"{here}.json"
            return page(request, part or self.template, project, seen=seen, json_path=json_path)

        return [Route(twin, as_json), Route(self.path, as_asked)]

    async def _seen(self, request: Request) -> Struct:
        asked = Asked(dict(request.path_params), dict(request.query_params))
        return await run_in_threadpool(self.view, asked)


def page(request: Request, template: str, project: str, status: int = 200, **values: Any) -> Response:
    """An HTML answer."""
    query = f"?{request.url.query}" if request.url.query else ""
    common = {
        "project": project,
        "here": request.url.path,
        "url": request.url.path + query,
        "origin": f"{request.url.scheme}://{request.url.netloc}",
        "query": query,
        "q": request.query_params.get("q", ""),
        "signed_in": COOKIE in request.cookies,
    }
    text = render(template, **{"json_path": None, **common, **values})
    return HTMLResponse(text.encode("utf-8", "replace"), status_code=status)


def json_of(value: Any) -> Response:
    """Half a surrogate pair, which is no UTF-8, is escaped as JSON allows."""
    try:
        content = msgspec.json.encode(value)
    except UnicodeEncodeError:
        content = json.dumps(msgspec.to_builtins(value)).encode()
    return Response(content, media_type="application/json")


def wants_json(request: Request) -> bool:
    """Does the caller prefer JSON? A browser names text/html first, and `*/*` gets the page."""
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept
