"""One request at a door and how it is answered: what a door needs of whoever holds the socket."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from hone.gateway import Key, Sink
from hone.server._asgi import (
    JSON,
    Receive,
    Scope,
    Send,
    WhileTheCallerWaits,
    encode_headers,
    headers_of,
    read_body,
    send_body,
)

Headers = Iterable[tuple[str, str]]


class Waiting(AbstractAsyncContextManager["Waiting"], Protocol):
    """`async with` around the work for a request: it is cancelled when the caller goes away, and `gone` says so."""

    gone: bool


class Exchange(Protocol):
    """Answer once: with `whole`, or with `begin`, then blocks, then `end`. Without `end` the answer looks cut off."""

    key: Key | None

    @property
    def sink(self) -> Sink | None:
        """What takes blocks between two writes, where whoever holds the socket can do that."""
        ...

    @property
    def headers(self) -> dict[str, str]:
        """Names are lower case."""
        ...

    def waiting(self) -> Waiting:
        """Enter it when the request body has been read."""
        ...

    async def body(self, limit: int) -> bytes:
        """The whole request body.

        Raises:
            TooLarge: it is over `limit` bytes.
            CallError: the caller left before it was complete.
        """
        ...

    async def whole(self, status: int, body: bytes, headers: Headers = (), kind: str = JSON) -> None: ...

    async def begin(self, headers: Headers) -> None: ...

    async def write(self, block: bytes) -> None: ...

    async def end(self) -> None: ...


class AsgiExchange:
    """An exchange over ASGI, under whatever server."""

    sink: Sink | None = None

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.key = scope.get("hone.key")
        self._scope = scope
        self._receive = receive
        self._send = send

    @property
    def headers(self) -> dict[str, str]:
        return headers_of(self._scope)

    def waiting(self) -> Waiting:
        return WhileTheCallerWaits(self._scope.get("hone.caller"), self._receive)

    async def body(self, limit: int) -> bytes:
        return await read_body(self._scope, self._receive, limit)

    async def whole(self, status: int, body: bytes, headers: Headers = (), kind: str = JSON) -> None:
        await send_body(self._send, status, body, headers, kind)

    async def begin(self, headers: Headers) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": encode_headers(headers)})

    async def write(self, block: bytes) -> None:
        await self._send({"type": "http.response.body", "body": block, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})
