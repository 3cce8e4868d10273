"""An exchange straight on the socket: a request that came whole and small is answered without ASGI in between.

It stands where uvicorn's protocol keeps a request and its response, so that connections, pipelined requests and the
end of the server are uvicorn's business as before.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from hone.gateway import Key
from hone.server._asgi import JSON, Caller, WhileTheCallerWaits, too_large
from hone.server._exchange import Headers, Waiting

log = logging.getLogger("hone.server")

MOST = 65_536
"""Bytes of a body; a larger one is read piece by piece, as ASGI has it."""


class _NoEvent:
    """uvicorn wakes whoever reads a body; nobody does."""

    @staticmethod
    def set() -> None: ...


class Express:
    """See `Exchange`. The attributes that are not among its are those that uvicorn's protocol looks at."""

    message_event = _NoEvent
    disconnected = False
    response_complete = False

    def __init__(
        self,
        headers: dict[str, str],
        serve: Callable[["Express"], Awaitable[None]],
        transport: asyncio.Transport,
        flow: FlowControl,
        caller: Caller,
        keep_alive: bool,
        common: list[tuple[bytes, bytes]],
        answered: Callable[[], None],
    ) -> None:
        """`common` are headers of every answer; `answered` is called when the answer is complete."""
        self.headers = headers
        self.key: Key | None = None
        self.parts: list[bytes] = []
        self.keep_alive = keep_alive
        self._serve = serve
        self._transport = transport
        self._flow = flow
        self._caller = caller
        self._common = common
        self._answered = answered
        self._head: bytes | None = None  # of a stream, until its first block
        self._begun = False

    async def run_asgi(self, _: Any) -> None:
        """Called by uvicorn's name for it; there is no ASGI application."""
        try:
            await self._serve(self)
        except BaseException as error:
            if isinstance(error, Exception):
                log.error("a fault inside hone", exc_info=error)
            if self._begun or self.disconnected:
                self._transport.close()
            else:
                self.keep_alive = False
                await self.whole(500, b"Internal Server Error", kind="text/plain; charset=utf-8")
            if not isinstance(error, Exception):
                raise
        else:
            if not self.response_complete:
                self._transport.close()  # a stream that was cut must look so

    # -- Exchange

    @property
    def sink(self) -> "Express":
        return self

    def waiting(self) -> Waiting:
        return WhileTheCallerWaits(self._caller, None)

    async def body(self, limit: int) -> bytes:
        body = b"".join(self.parts)
        if len(body) > limit:
            raise too_large(f"{len(body):,}", limit)
        return body

    async def whole(self, status: int, body: bytes, headers: Headers = (), kind: str = JSON) -> None:
        if self.disconnected:
            return
        self._begun = True
        own = f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        self._transport.write(self._head_of(status, own, headers) + body)
        self._end()

    async def begin(self, headers: Headers) -> None:
        self._begun = True
        self._head = self._head_of(200, "transfer-encoding: chunked\r\n", headers)

    async def write(self, block: bytes) -> None:
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()
        self(block)

    async def end(self) -> None:
        if self.disconnected:
            return
        head, self._head = self._head or b"", None
        self._transport.write(head + b"0\r\n\r\n")
        self._end()

    # -- Sink

    def __call__(self, block: bytes) -> bool:
        if block and not self.disconnected:
            if self._head is None:
                self._transport.write(b"%x\r\n%b\r\n" % (len(block), block))
            else:
                head, self._head = self._head, None
                self._transport.write(b"%b%x\r\n%b\r\n" % (head, len(block), block))
        return not self._flow.write_paused

    async def drain(self) -> None:
        if not self.disconnected:
            await self._flow.drain()

    def _head_of(self, status: int, own: str, headers: Headers) -> bytes:
        lines = [f"{name}: {value}\r\n" for name, value in headers]
        said = "".join(lines)
        if not said.count("\r") == said.count("\n") == len(lines) or "\0" in said:
            raise ValueError("a header holds a line break")
        common = b"".join([b"%b: %b\r\n" % each for each in self._common])
        closing = b"" if self.keep_alive else b"connection: close\r\n"
        encoded = f"{own}{said}".encode("latin-1", "replace")
        return b"%b%b%b%b\r\n" % (STATUS_LINE[status], common, encoded, closing)

    def _end(self) -> None:
        self.response_complete = True
        if not self.keep_alive:
            self._transport.close()
        self._answered()
