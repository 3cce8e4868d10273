"""The whole server as one ASGI callable: a dispatcher that sends model calls straight to their door."""

import asyncio
from typing import Any

from starlette.types import ASGIApp

from hone.batches import Engine
from hone.errors import CallError, HoneError, NotAllowed
from hone.local import House, Watcher
from hone.releases import EVERY, Patrol
from hone.server._asgi import Receive, Scope, Send, headers_of
from hone.server._doors import Doors, Serve
from hone.server._exchange import AsgiExchange
from hone.server._guard import Guard
from hone.server._problem import problem_of
from hone.server._refusal import refuse_call
from hone.server.api import api
from hone.server.openai import error_body
from hone.server.openai._endpoints import Caller, endpoints_of
from hone.server.openai._routes import files_and_batches
from hone.server.ui import to_login, ui

_OURS = ("/api/", "/healthz", "/readyz", "/metrics")
_KEPT = ("/v1/files", "/v1/batches")


class App:
    """Serves one house. Model calls pass no framework on their way."""

    def __init__(self, house: House, api_key: str | None = None, *, look_every: float = EVERY) -> None:
        self._house = house
        self._patrol = Patrol(house.releases, lambda: house.project.tasks, every=look_every)
        self._watcher = Watcher(house)
        self._guard = Guard(api_key, house.keys)
        self._doors = Doors(house)
        endpoints, limit = endpoints_of(house.gateway), house.project.server.max_body
        caller = Caller(house.gateway, endpoints, house.keys, limit, house.clock)
        most = house.project.server.batch_concurrency
        self._engine = Engine(house.batch_work, house.files, caller.ask, error_body, most, house.clock)
        self._kept: ASGIApp = files_and_batches(house, endpoints, self._engine.poke)
        self._api: ASGIApp = api(house, keyed=bool(api_key))
        self._ui: ASGIApp = ui(house, self._doors.chat, api_key)

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
        door = self._doors.find(scope["method"], path)
        if door is not None:
            await door(scope, receive, send)
        elif path in _KEPT or path.startswith(tuple(f"{each}/" for each in _KEPT)):
            await self._kept(scope, receive, send)
        elif path.startswith("/v1/"):
            await self._no_such(scope, receive, send)
        elif path.startswith(_OURS):
            await self._api(scope, receive, send)
        else:
            await self._ui(scope, receive, send)

    def express(self, method: bytes, target: bytes) -> Serve | None:
        """What serves a request without ASGI; None for most."""
        return self._doors.express(self._guard, method, target)

    async def _no_such(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = CallError(f"there is no {scope['method']} {scope['path']} here", hint="POST /v1/chat/completions is")
        known = self._doors.methods(scope["path"])
        error.status, error.code = (405, "method_not_allowed") if known else (404, "not_found")
        await refuse_call(AsgiExchange(scope, receive, send), scope["path"], error, known)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await asyncio.to_thread(self._watcher.start)
                # Importing the price list takes a quarter of a second, which no call is to wait for.
                asyncio.get_running_loop().run_in_executor(None, self._house.load_prices)
                self._patrol.start()
                self._engine.start()
                self._house.monitor.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await asyncio.to_thread(self._watcher.stop)
                await asyncio.to_thread(self._patrol.stop)
                await self._engine.stop()
                self._house.monitor.stop()
                await self._house.gateway.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _refuse(scope: Any, receive: Receive, send: Send, path: str, error: HoneError) -> None:
    if path.startswith("/v1/"):
        await refuse_call(AsgiExchange(scope, receive, send), path, error)
        return
    login = None if path.startswith(_OURS) or error.status != NotAllowed.status else to_login(scope)
    await (login or problem_of(error))(scope, receive, send)
