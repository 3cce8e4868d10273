"""uvicorn's HTTP protocol with what the data plane needs: fewer writes, word of a caller who left, and a short way for
model calls."""

from asyncio import AbstractEventLoop, TimerHandle, Transport
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hone.server._asgi import Caller
from hone.server._express import MOST, Express

Serve = Callable[[Express], Awaitable[None]]


class Protocol(HttpToolsProtocol):
    """Each request finds its caller in the scope, as `hone.caller`.

    Where the application has a method `express`, it is asked for what serves a path without ASGI.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._express: Callable[[bytes, bytes], Serve | None] = getattr(self.app, "express", _nothing)
        self._caller = Caller()
        self._now: Express | None = None  # the request that is coming in, when it takes the short way
        self._reading = False
        self._quiet_since = 0.0
        self._quiet: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        self._socket = transport
        super().connection_made(_Corked(transport, self.loop))  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._quiet is not None:
            self._quiet.cancel()
        if self._caller.left is not None:
            self._caller.left()

    # -- a request comes

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self._now = None

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        serve = self._express(self.parser.get_method(), self.url)
        free = self.cycle is None or self.cycle.response_complete
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers} if serve else {}
        if serve is None or not free or not self._small(headers):
            self._through_asgi()
            return
        self._now = self.cycle = Express(  # type: ignore[assignment]
            headers, serve, self._socket, self.flow, self._caller,
            self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive(),
            self.server_state.default_headers, self.on_response_complete,
        )  # fmt: skip

    def on_body(self, body: bytes) -> None:
        if self._now is not None:
            self._now.parts.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._now is not None:
            self._start_asgi_task(self.cycle, self.app)
        else:
            super().on_message_complete()

    def _small(self, headers: dict[str, str]) -> bool:
        """Will the body come whole, and soon?"""
        length = headers.get("content-length", "")
        here = length.isdigit() and int(length) <= MOST and "transfer-encoding" not in headers
        return here and "expect" not in headers and not self.parser.should_upgrade() and self.limit_concurrency is None

    def _through_asgi(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        self.scope["hone.caller"] = self._caller  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    # -- a connection is quiet. One timer looks after it now and then; one for every request would cost more.

    def _unset_keepalive_if_required(self) -> None:
        self._reading = True

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._quiet_since, self._reading = self.loop.time(), False
        if self._quiet is None:
            self._quiet = self.loop.call_later(self.timeout_keep_alive, self._look)

    def _look(self) -> None:
        self._quiet = None
        if self.transport.is_closing() or self._reading:
            return  # the next answer sets the timer again
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            self.transport.close()
        else:
            self._quiet = self.loop.call_later(left, self._look)


class _Corked:
    """A transport that sends what is written in one turn of the loop with one system call: head and body together."""

    __slots__ = ("_loop", "_parts", "_transport")

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            parts, self._parts = self._parts, []
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def _nothing(_: bytes, __: bytes) -> None:
    return None
