"""The control plane: scores and spans in, traces out, health."""

from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hone.errors import HoneError
from hone.local import House
from hone.server._allowed import allowed
from hone.server._problem import problem, problem_of
from hone.server.api._bodies import read, score_body, span_list
from hone.server.api._keys import KeyDoors
from hone.server.api._openapi import document
from hone.traces import TraceFilter

_COMMIT_SECONDS = 30.0


def api(house: House, *, keyed: bool = False) -> Starlette:
    """The application that serves everything but model calls. `keyed`: nobody is answered without a key."""
    doors = Doors(house, keyed)
    return Starlette(
        routes=[
            Route("/api/scores", doors.add_score, methods=["POST"]),
            Route("/api/spans", doors.add_spans, methods=["POST"]),
            Route("/api/traces", doors.list_traces),
            Route("/api/traces/{trace_id}", doors.show_trace),
            Route("/api/openapi.json", doors.openapi),
            *KeyDoors(house).routes,
            Route("/healthz", doors.healthy),
            Route("/readyz", doors.ready),
            Route("/metrics", doors.metrics),
        ],
        exception_handlers={HoneError: _said, HTTPException: _http, Exception: _fault},
    )


class Doors:
    """One method a route: parse, call a room, render."""

    def __init__(self, house: House, keyed: bool) -> None:
        self._house = house
        self._keyed = keyed

    async def add_score(self, request: Request) -> Response:
        body = score_body(await read(request, self._house.project.server.max_body))
        added = await run_in_threadpool(self._house.score, **msgspec.structs.asdict(body))
        return _json({"id": added.id}, 201 if added.fresh else 200)

    async def add_spans(self, request: Request) -> Response:
        body = await read(request, self._house.project.server.max_body)
        spans = span_list(body, self._house.project.name)
        receipt = await run_in_threadpool(lambda: self._house.recorder.record(spans).wait(_COMMIT_SECONDS))
        return _json({"written": receipt.written, "repeated": receipt.repeated})

    async def list_traces(self, request: Request) -> Response:
        wanted = TraceFilter.of(dict(request.query_params))
        return _json(await run_in_threadpool(self._house.traces.latest, wanted))

    async def show_trace(self, request: Request) -> Response:
        return _json(await run_in_threadpool(self._house.traces.show, request.path_params["trace_id"]))

    async def openapi(self, _: Request) -> Response:
        return _json(document(keyed=self._keyed))

    async def healthy(self, _: Request) -> Response:
        """This process answers."""
        return _json({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """The places of record answer too."""
        await run_in_threadpool(self._house.check)
        return _json({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """For Prometheus."""
        accept = request.headers.get("accept", "")
        body, content_type = await run_in_threadpool(self._house.monitor.metrics, accept)
        return Response(body, headers={"content-type": content_type})


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json")


async def _said(_: Request, error: Exception) -> Response:
    assert isinstance(error, HoneError)
    return problem_of(error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != 405:
        return problem(error.status_code, "not_found" if error.status_code == 404 else "http_error", error.detail)
    response = problem(405, "method_not_allowed", f"there is no {request.method} {request.url.path} here")
    response.headers["allow"] = allowed(request)
    return response


async def _fault(_: Request, error: Exception) -> Response:
    return problem(500, "fault", f"a fault inside hone: {type(error).__name__}")
