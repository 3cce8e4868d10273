"""The whole server as one ASGI callable: a dispatcher that sends model calls straight to their door."""

import asyncio
from typing import Any

from starlette.types import ASGIApp

from hone.errors import HoneError, NotAllowed
from hone.local import House, Watcher
from hone.releases import EVERY, Patrol
from hone.server._asgi import Receive, Scope, Send, headers_of, send_body
from hone.server._guard import Guard
from hone.server._problem import problem_of
from hone.server.anthropic import count_tokens_door, messages_door
from hone.server.anthropic import error_body as anthropic_error_body
from hone.server.api import api
from hone.server.openai import (
    MODELS_UNDER,
    ModelsDoor,
    chat_door,
    completions_door,
    embeddings_door,
    error_body,
    responses_door,
)
from hone.server.ui import to_login, ui

_OURS = ("/api/", "/healthz", "/readyz", "/metrics")


class App:
    """Serves one house. Model calls pass no framework on their way."""

    def __init__(self, house: House, api_key: str | None = None, *, look_every: float = EVERY) -> None:
        self._house = house
        self._patrol = Patrol(house.releases, lambda: house.project.tasks, every=look_every)
        self._watcher = Watcher(house)
        self._guard = Guard(api_key, house.keys)
        limit = house.project.server.max_body
        chat = chat_door(house.gateway, limit)
        models = ModelsDoor(lambda: house.project, house.gateway, house.prices, house.clock() // 1_000_000_000)
        self._doors: dict[tuple[str, str], ASGIApp] = {
            ("POST", "/v1/chat/completions"): chat,
            ("POST", "/v1/completions"): completions_door(house.gateway, limit),
            ("POST", "/v1/responses"): responses_door(house.gateway, limit),
            ("POST", "/v1/embeddings"): embeddings_door(house.gateway, limit),
            ("POST", "/v1/messages"): messages_door(house.gateway, limit),
            ("POST", "/v1/messages/count_tokens"): count_tokens_door(house.gateway, limit),
            ("GET", "/v1/models"): models.every,
        }
        self._under: dict[tuple[str, str], ASGIApp] = {("GET", MODELS_UNDER): models.one}
        self._api: ASGIApp = api(house)
        self._ui: ASGIApp = ui(house, chat, api_key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        # No websocket is served: the server answers such a request itself when nothing is sent.

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        try:
            scope["hone.key"] = await self._guard.check(path, headers_of(scope), scope["method"])
        except HoneError as error:
            await _refuse(scope, receive, send, path, error)
            return
        door = self._doors.get((scope["method"], path)) or self._door_under(scope["method"], path)
        if door is not None:
            await door(scope, receive, send)
        elif path.startswith("/v1/"):
            await self._no_such(scope, send)
        elif path.startswith(_OURS):
            await self._api(scope, receive, send)
        else:
            await self._ui(scope, receive, send)

    def _door_under(self, method: str, path: str) -> ASGIApp | None:
        """The door of a path that ends in a name."""
        return next(
            (door for (of, start), door in self._under.items() if of == method and path.startswith(start)), None
        )

    async def _no_such(self, scope: Scope, send: Send) -> None:
        error = HoneError(f"there is no {scope['method']} {scope['path']} here", hint="POST /v1/chat/completions is")
        known = [method for method, path in self._doors if path == scope["path"]]
        known += [method for method, start in self._under if scope["path"].startswith(start)]
        error.status, error.code = (405, "method_not_allowed") if known else (404, "not_found")
        allow = [("allow", ", ".join(known))] if known else []
        await send_body(send, error.status, _error_body(scope["path"], error), allow)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await asyncio.to_thread(self._watcher.start)
                # Importing the price list takes a quarter of a second, which no call is to wait for.
                asyncio.get_running_loop().run_in_executor(None, self._house.load_prices)
                self._patrol.start()
                self._house.monitor.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await asyncio.to_thread(self._watcher.stop)
                await asyncio.to_thread(self._patrol.stop)
                self._house.monitor.stop()
                await self._house.gateway.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _error_body(path: str, error: HoneError) -> bytes:
    """An error in the dialect of those who call the path."""
    return anthropic_error_body(error) if path.startswith("/v1/messages") else error_body(error)


async def _refuse(scope: Any, receive: Receive, send: Send, path: str, error: HoneError) -> None:
    if path.startswith("/v1/"):
        await send_body(send, error.status, _error_body(path, error))
        return
    login = None if path.startswith(_OURS) or error.status != NotAllowed.status else to_login(scope)
    await (login or problem_of(error))(scope, receive, send)
