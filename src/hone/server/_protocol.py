"""uvicorn's HTTP protocol with two changes that the data plane needs: fewer writes, and word of a caller who left."""

from asyncio import AbstractEventLoop, Transport
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Caller:
    """The other end of a connection. Whoever works for it sets `left`, which is called when the connection is lost."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left: Callable[[], None] | None = None


class Protocol(HttpToolsProtocol):
    """Each request finds its caller in the scope, as `hone.caller`."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        self._caller = Caller()
        super().connection_made(_Corked(transport, self.loop))  # type: ignore[arg-type]

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["hone.caller"] = self._caller  # type: ignore[typeddict-unknown-key]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._caller.left is not None:
            self._caller.left()


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
