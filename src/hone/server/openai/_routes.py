"""Files and batches on their paths, with errors in the OpenAI dialect."""

import logging
from collections.abc import Callable, Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hone.errors import CallError, HoneError
from hone.local import House
from hone.server._allowed import allowed
from hone.server.openai._batches import BatchDoors
from hone.server.openai._errors import error_body
from hone.server.openai._files import FileDoors

log = logging.getLogger("hone.server")


def files_and_batches(house: House, endpoints: Collection[str], begun: Callable[[], None]) -> Starlette:
    """The application under `/v1/files` and `/v1/batches`; `begun` is called when a batch was begun or cancelled."""
    files = FileDoors(house.files, house.project.server)
    batches = BatchDoors(house, endpoints, begun)
    app = Starlette(
        routes=[
            Route("/v1/files", files.create, methods=["POST"]),
            Route("/v1/files", files.list),
            Route("/v1/files/{id}", files.retrieve),
            Route("/v1/files/{id}", files.delete, methods=["DELETE"]),
            Route("/v1/files/{id}/content", files.content),
            Route("/v1/batches", batches.create, methods=["POST"]),
            Route("/v1/batches", batches.list),
            Route("/v1/batches/{id}", batches.retrieve),
            Route("/v1/batches/{id}/cancel", batches.cancel, methods=["POST"]),
        ],
        exception_handlers={HoneError: _said, HTTPException: _http, Exception: _fault},
    )
    app.router.redirect_slashes = False
    return app


async def _said(_: Request, error: Exception) -> Response:
    assert isinstance(error, HoneError)
    return _response(error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = CallError(f"there is no {request.method} {request.url.path} here")
    said.status, said.code = error.status_code, "not_found" if error.status_code == 404 else "method_not_allowed"
    response = _response(said)
    if error.status_code == 405:
        response.headers["allow"] = allowed(request)
    return response


async def _fault(_: Request, error: Exception) -> Response:
    log.error("a fault inside hone", exc_info=error)
    return _response(HoneError(f"a fault inside hone: {type(error).__name__}"))


def _response(error: HoneError) -> Response:
    return Response(error_body(error), status_code=error.status, media_type="application/json")
