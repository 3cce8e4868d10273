"""What a person does on a page: score, add to a dataset, roll back, ask, sign in. Plain posts: no script is needed."""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hone.errors import CallError, NotAllowed
from hone.local import House
from hone.server._session import COOKIE, SECONDS, session_for
from hone.server.ui._ask import answer
from hone.server.ui._datasets import grow_dataset
from hone.server.ui._face import json_of, page, wants_json
from hone.server.ui._posted import Fields, one, posted

Post = Callable[[Request], Awaitable[Response]]


class Forms:
    """One method a form."""

    def __init__(self, house: House, api_key: str | None) -> None:
        self._house = house
        self._key = api_key

    @property
    def routes(self) -> list[Route]:
        posts: dict[str, Post] = {
            "/scores": self.score, "/datasets": self.grow, "/ask": self.ask,
            "/releases/{task}/rollback": self.roll_back, "/login": self.sign_in, "/logout": self.sign_out,
        }  # fmt: skip
        return [*(Route(path, post, methods=["POST"]) for path, post in posts.items()), Route("/login", self.login)]

    async def score(self, request: Request) -> Response:
        fields = await self._fields(request)
        target = {one(fields, "kind"): one(fields, "id")}
        value = {"true": True, "false": False}.get(one(fields, "value"))
        if value is None:
            raise CallError("a thumb is `true` or `false`", hint="POST /api/scores takes every kind of value")
        comment = one(fields, "comment", "") or None
        by = one(fields, "by", "human")
        await run_in_threadpool(self._house.score, target, one(fields, "name"), value, by=by, comment=comment)
        return RedirectResponse(_back(fields), 303)

    async def grow(self, request: Request) -> Response:
        fields = await self._fields(request)
        traces = fields.get("trace", [])
        if not traces:
            raise CallError("no trace is chosen", hint="tick the rows to add")
        grown = await run_in_threadpool(grow_dataset, self._house, one(fields, "name").strip(), traces)
        if wants_json(request):
            return json_of(grown)
        return page(request, "grown.html", self._house.project.name, seen=grown, back=_back(fields))

    async def ask(self, request: Request) -> Response:
        fields = await self._fields(request)
        question = one(fields, "question").strip()
        if not question:
            raise CallError("the question is empty")
        trace_id = await answer(self._house, one(fields, "task"), question)
        return RedirectResponse(f"/ask?{urlencode({'trace': trace_id})}", 303)

    async def roll_back(self, request: Request) -> Response:
        fields = await self._fields(request)
        task, environment = request.path_params["task"], one(fields, "environment")
        reason = one(fields, "reason", "").strip() or None
        await run_in_threadpool(self._house.releases.rollback, task, environment, by="web", reason=reason)
        return RedirectResponse(_back(fields), 303)

    async def login(self, request: Request) -> Response:
        if self._key is None:
            return RedirectResponse("/", 303)
        return page(request, "login.html", self._house.project.name, next=_local(request.query_params.get("next")))

    async def sign_in(self, request: Request) -> Response:
        fields = await self._fields(request)
        if self._key is not None and not hmac.compare_digest(one(fields, "key").encode(), self._key.encode()):
            raise NotAllowed("the API key is not right", hint="it is the value of HONE_API_KEY on the server")
        answered = RedirectResponse(_local(one(fields, "next", "/")), 303)
        if self._key is not None:
            answered.set_cookie(
                COOKIE, session_for(self._key), max_age=SECONDS, httponly=True, samesite="strict",
                secure=request.url.scheme == "https",
            )  # fmt: skip
        return answered

    async def sign_out(self, _: Request) -> Response:
        answered = RedirectResponse("/login", 303)
        answered.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answered

    async def _fields(self, request: Request) -> Fields:
        return await posted(request, self._house.project.server.max_body)


def _back(fields: Fields) -> str:
    return _local(one(fields, "back", "/"))


def _local(path: str | None) -> str:
    """A path of this server; what would lead to another one (`//host`, `/\\\\host`) becomes the first page."""
    away = path is None or not path.startswith("/") or path.startswith(("//", "/\\")) or not path.isprintable()
    return "/" if path is None or away else path
