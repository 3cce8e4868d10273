"""The pages as one Starlette application: routes, errors that people can read, headers that keep browsers strict."""

from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hone.errors import HoneError, NotAllowed, NotFound
from hone.local import House
from hone.server._asgi import headers_of
from hone.server._problem import problem_of
from hone.server._session import from_our_page
from hone.server.ui import _static
from hone.server.ui._answers import answers
from hone.server.ui._ask import ask
from hone.server.ui._compared import compared
from hone.server.ui._dataset import dataset
from hone.server.ui._dataset_checks import Checker
from hone.server.ui._dataset_forms import DatasetForms
from hone.server.ui._dataset_list import dataset_list
from hone.server.ui._dataset_numbers import difference, numbers, versions
from hone.server.ui._experiments import experiment, experiment_list
from hone.server.ui._face import Page, page, wants_json
from hone.server.ui._forms import Forms
from hone.server.ui._gateway import gateway
from hone.server.ui._judges import judge, judge_list
from hone.server.ui._key_forms import KeyForms
from hone.server.ui._keys import keys
from hone.server.ui._overview import overview
from hone.server.ui._prompts import prompt, prompt_list
from hone.server.ui._releases import release, release_list
from hone.server.ui._trace import trace
from hone.server.ui._traces import newer, trace_list

_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-cache",
}


def ui(house: House, chat: ASGIApp, api_key: str | None = None) -> Starlette:
    """Every page. `chat` is the door of model calls, reached here by a browser that holds a session but no key."""
    name = house.project.name
    checker = Checker(house)
    routes = [route for each in pages(house, checker, enforced=api_key is not None) for route in each.routes(name)]
    said = _Said(name)
    return Starlette(
        routes=[
            *_static.routes,
            *Forms(house, api_key).routes,
            *KeyForms(house).routes,
            *DatasetForms(house, checker).routes,
            Route("/ask/completions", _Door(chat), methods=["POST"]),
            *routes,
        ],
        middleware=[Middleware(_Strict), Middleware(GZipMiddleware, minimum_size=500)],
        exception_handlers={HoneError: said.error, HTTPException: said.missing, Exception: said.fault},
    )


def pages(house: House, checker: Checker, *, enforced: bool) -> list[Page]:
    """Fixed paths stand before those with a name in them. `enforced`: callers must show a key."""
    return [
        Page(path="/", twin="/overview.json", template="overview.html", view=overview(house)),
        Page(path="/traces", template="traces.html", view=trace_list(house)),
        Page(path="/traces/new", template="newer.html", view=newer(house)),
        Page(path="/traces/{trace_id}", template="trace.html", view=trace(house), parts={"span": "_span.html"}),
        Page(path="/experiments", template="experiments.html", view=experiment_list(house)),
        Page(
            path="/experiments/{id}",
            template="experiment.html",
            view=experiment(house),
            parts={"progress": "_progress.html"},
        ),
        Page(
            path="/experiments/{id}/compare",
            template="comparison.html",
            view=compared(house),
            parts={"case": "_case.html"},
        ),
        Page(path="/experiments/{id}/answers", template="answers.html", view=answers(house)),
        Page(path="/datasets", template="datasets.html", view=dataset_list(house)),
        Page(
            path="/datasets/{name}",
            template="dataset.html",
            view=dataset(house, checker),
            parts={"example": "_example.html"},
        ),
        Page(path="/datasets/{name}/numbers", template="dataset_numbers.html", view=numbers(house, checker)),
        Page(path="/datasets/{name}/versions", template="dataset_versions.html", view=versions(house)),
        Page(path="/datasets/{name}/diff", template="dataset_diff.html", view=difference(house)),
        Page(path="/judges", template="judges.html", view=judge_list(house)),
        Page(path="/judges/{name}", template="judge.html", view=judge(house)),
        Page(path="/releases", template="releases.html", view=release_list(house)),
        Page(path="/releases/{task}", template="release.html", view=release(house)),
        Page(path="/ask", template="ask.html", view=ask(house), parts={"answer": "_answer.html"}),
        Page(path="/prompts", template="prompts.html", view=prompt_list(house)),
        Page(path="/prompts/{name}", template="prompt.html", view=prompt(house)),
        Page(path="/gateway", template="gateway.html", view=gateway(house), parts={"now": "_gateway.html"}),
        Page(path="/keys", template="keys.html", view=keys(house, enforced=enforced)),
    ]


class _Door:
    """An ASGI callable as an endpoint, which Starlette would otherwise take for a function of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _Strict:
    """Sets the headers of every answer, and refuses a change that a page of elsewhere asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                added = {name.encode(): value.encode() for name, value in _HEADERS.items()}
                message["headers"] = [*message["headers"], *((n, v) for n, v in added.items() if n not in given)]
            await send(message)

        if scope["type"] == "http" and not from_our_page(scope["method"], headers_of(scope)):
            error = NotAllowed("a page of elsewhere may not change anything here")
            error.status = 403
            await problem_of(error)(scope, receive, strict)
            return
        await self._app(scope, receive, strict)


class _Said:
    """Errors as pages, or as problem+json for programs."""

    def __init__(self, project: str) -> None:
        self._project = project

    async def error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HoneError)
        if wants_json(request):
            return problem_of(error)
        return page(request, "error.html", self._project, error.status, error=error)

    async def missing(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return await self.error(request, NotFound(f"there is no {request.url.path} here"))
        said = HoneError(error.detail)
        said.status, said.code = error.status_code, "http_error"
        return await self.error(request, said)

    async def fault(self, request: Request, error: Exception) -> Response:
        return await self.error(request, HoneError(f"a fault inside hone: {type(error).__name__}"))


def to_login(scope: Scope) -> Response | None:
    """Where a browser without a session is sent; None for a program, which is told what it lacks."""
    request = Request(scope)
    if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/login?{urlencode({'next': request.url.path + query})}", 303)
