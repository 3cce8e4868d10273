"""The few ASGI pieces the data plane needs: read a body, send an answer, notice that the caller left."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from typing import Any, Self

from hone.errors import CallError, TooLarge

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON = "application/json"


class Caller:
    """The other end of a connection. Whoever works for it sets `left`, which is called when the connection is lost."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left: Callable[[], None] | None = None


def headers_of(scope: Scope) -> dict[str, str]:
    """Header names are lower case; of a repeated one the last counts. Decoded once for guard and door."""
    known: dict[str, str] | None = scope.get("hone.headers")
    if known is None:
        known = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        scope["hone.headers"] = known
    return known


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole request body.

    Raises:
        TooLarge: it is over `limit` bytes. What is still coming has been read and dropped, as far as is reasonable,
            because a client that is still sending does not read an answer.
        CallError: the caller left before it was complete.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallError("the caller left before the request was complete")
        size += len(message.get("body", b""))
        if size <= limit:
            parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
        if size > 8 * limit:
            break
    if size > limit:
        raise too_large(_size_said(scope, size), limit)
    return b"".join(parts)


def too_large(size: str, limit: int) -> TooLarge:
    """A body of `size` bytes is more than is taken."""
    return TooLarge(
        f"the request is {size} bytes and the limit is {limit:,}",
        hint="send less, or raise [server] max_body in hone.toml",
    )


def _size_said(scope: Scope, seen: int) -> str:
    said = headers_of(scope).get("content-length", "")
    return f"{int(said):,}" if said.isdigit() else f"over {seen:,}"


def encode_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]


async def send_body(
    send: Send, status: int, body: bytes, headers: Iterable[tuple[str, str]] = (), kind: str = JSON
) -> None:
    """A whole answer."""
    head = encode_headers([("content-type", kind), ("content-length", str(len(body))), *headers])
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


class WhileTheCallerWaits:
    """`async with` around the work for a request: when the caller goes away, the work is cancelled.

    Without it an ASGI server lets the work run on, and the upstream model keeps generating what nobody will read.
    `gone` says afterwards that a cancellation came from here. Enter it when the request body has been read.
    """

    def __init__(self, caller: Caller | None, receive: Receive | None) -> None:
        """`receive` is needed under servers that tell of it in no other way."""
        self._receive = receive
        self._caller = caller
        self._watcher: asyncio.Future[None] | None = None
        self.gone = False

    async def __aenter__(self) -> Self:
        work = asyncio.current_task()
        assert work is not None
        self._work = work
        if self._caller is not None:
            self._caller.left = self._left
        else:
            self._watcher = asyncio.ensure_future(self._watch())
        return self

    def _left(self) -> None:
        self.gone = True
        self._work.cancel()

    async def _watch(self) -> None:
        assert self._receive is not None
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left()

    async def __aexit__(self, *_: object) -> None:
        if self._caller is not None:
            self._caller.left = None
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher
