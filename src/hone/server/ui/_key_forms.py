"""Making, rotating and revoking a key on a page. A secret is in the answer to its form, and in no URL, log or cache."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hone.local import House
from hone.server.api._keys import OVERLAP, KeyBody, NewKey, create, rotate
from hone.server.ui._face import page
from hone.server.ui._posted import Fields, one, posted

_BY = "web"


class KeyForms:
    """One method a form. The name of a key is a field, since it may hold what a path cannot."""

    def __init__(self, house: House) -> None:
        self._house = house

    @property
    def routes(self) -> list[Route]:
        posts = {"/keys": self.create, "/keys/rotate": self.rotate, "/keys/revoke": self.revoke}
        return [Route(path, post, methods=["POST"]) for path, post in posts.items()]

    async def create(self, request: Request) -> Response:
        asked = _key(await self._fields(request))
        return self._shown(request, await run_in_threadpool(create, self._house, asked, _BY))

    async def rotate(self, request: Request) -> Response:
        fields = await self._fields(request)
        name, overlap = one(fields, "name"), one(fields, "overlap", OVERLAP).strip()
        return self._shown(request, await run_in_threadpool(rotate, self._house, name, overlap, _BY))

    async def revoke(self, request: Request) -> Response:
        name = one(await self._fields(request), "name")
        await run_in_threadpool(self._house.keys.revoke, name)
        return RedirectResponse("/keys", 303)

    def _shown(self, request: Request, made: NewKey) -> Response:
        answer = page(request, "secret.html", self._house.project.name, seen=made)
        answer.headers["cache-control"] = "no-store"
        return answer

    async def _fields(self, request: Request) -> Fields:
        return await posted(request, self._house.project.server.max_body)


def _key(fields: Fields) -> KeyBody:
    """A field that was left empty says nothing; lists are separated by commas."""
    return KeyBody(
        name=one(fields, "name").strip(),
        tasks=_many(fields, "tasks"),
        models=_many(fields, "models"),
        environment=_said(fields, "environment"),
        tags=_many(fields, "tags"),
        spend=_said(fields, "spend"),
        rate=_said(fields, "rate"),
        tokens=_said(fields, "tokens"),
        expires=_said(fields, "expires"),
    )


def _said(fields: Fields, name: str) -> str | None:
    return one(fields, name, "").strip() or None


def _many(fields: Fields, name: str) -> tuple[str, ...]:
    return tuple(part for each in one(fields, name, "").split(",") if (part := each.strip()))
