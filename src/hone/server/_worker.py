"""One worker of `hone up --workers N`: a process that answers model calls and hands everything else on.

Its spans go to the outbox, which the main process empties, and it keeps no store: so neither commits nor the memory of
the store are on the side of those who wait for an answer. It ends when the main process does.
"""

import asyncio
import gc
import os
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from msgspec import Struct
from starlette.types import ASGIApp

from hone.errors import HoneError
from hone.local import Plane, Serving, Watcher
from hone.server._asgi import Receive, Scope, Send, headers_of
from hone.server._doors import Doors, Serve
from hone.server._exchange import AsgiExchange
from hone.server._forward import Forward
from hone.server._guard import Guard
from hone.server._listen import listening
from hone.server._problem import problem_of
from hone.server._refusal import refuse_call
from hone.server._uvicorn import end_in_order, server_of

READY = "ready"


class Post(Struct, frozen=True):
    """What a worker is told when it starts, as JSON on the command line."""

    folder: str
    host: str
    port: int
    control: str  # the path of the control plane's socket


class WorkerApp:
    """Model calls go to their doors, the rest to the control plane."""

    def __init__(self, plane: Plane, api_key: str | None, control: str) -> None:
        self._plane = plane
        self._guard = Guard(api_key, plane.keys)
        self._doors = Doors(plane)
        self._forward: ASGIApp = Forward(control)
        self._watcher = Watcher(plane)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    def express(self, method: bytes, target: bytes) -> Serve | None:
        """What serves a request without ASGI; None for most."""
        return self._doors.express(self._guard, method, target)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        door = self._doors.find(scope["method"], path)
        try:
            if path.startswith("/v1/"):
                scope["hone.key"] = await self._guard.check(path, headers_of(scope), scope["method"])
            # The control plane has a guard of its own, which sees the caller's headers as they came. This one is asked
            # first where bodies are large: who is refused should not have to send one.
            await (door or self._forward)(scope, receive, send)
        except HoneError as error:
            if path.startswith("/v1/"):
                await refuse_call(AsgiExchange(scope, receive, send), path, error)
            else:
                await problem_of(error)(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await asyncio.to_thread(self._watcher.start)
                await asyncio.to_thread(self._plane.load_prices)
                # What is here now stays: the collector need not look at it again, and calls do not wait for that.
                gc.collect()
                gc.freeze()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await asyncio.to_thread(self._watcher.stop)
                await self._plane.gateway.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def work(post: Post) -> None:
    """Serve until SIGINT, SIGTERM, or the end of the main process."""
    end_in_order()
    plane = Serving.open(Path(post.folder))
    server = server_of(WorkerApp(plane, os.environ.get("HONE_API_KEY"), post.control))
    threading.Thread(target=_outlive_nobody, args=(server,), name="hone-parent", daemon=True).start()
    socket = listening(post.host, post.port, shared=True)
    print(READY, flush=True)  # noqa: T201 - the main process waits for this line
    try:
        server.run(sockets=[socket])
    except KeyboardInterrupt:
        pass  # uvicorn raises the signal again that it was stopped by
    finally:
        plane.close()


def _outlive_nobody(server: uvicorn.Server) -> None:
    """The main process holds the other end of our input; that it is gone is the end of it."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    server.should_exit = True


def main(arguments: list[str]) -> Any:
    work(msgspec.json.decode(arguments[1], type=Post))


if __name__ == "__main__":
    main(sys.argv)
