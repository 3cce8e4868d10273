"""Handing a request over to the control plane, which listens on a Unix socket, and its answer back to the caller."""

import asyncio

import httptools

from hone.errors import HoneError
from hone.server._asgi import Receive, Scope, Send, WhileTheCallerWaits

_HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te", b"trailer", b"proxy-connection"}
_HOP_BY_HOP.add(b"expect")  # it has been answered here
_PIECE = 64 * 1024


class Forward:
    """An ASGI callable. Bodies pass in pieces, so that a large file is in nobody's memory."""

    def __init__(self, path: str) -> None:
        """`path` is of the socket."""
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Raises:
            HoneError: the control plane does not answer, and nothing was sent to the caller.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(self._path)
        except OSError as problem:
            raise _away(problem) from None
        try:
            writer.write(_head(scope))
            if not await _pass_body(scope, receive, writer):
                return  # the caller has left
            async with WhileTheCallerWaits(scope.get("hone.caller"), receive):
                await _answer(reader, send)
        finally:
            writer.close()


def _away(problem: OSError) -> HoneError:
    error = HoneError(f"the main process of this server does not answer ({problem.strerror})")
    error.status = 503
    return error


def _head(scope: Scope) -> bytes:
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    lines = [scope["method"].encode() + b" " + target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in scope["headers"] if name not in _HOP_BY_HOP]
    lines += [b"connection: close"]
    if _is_chunked(scope):
        lines += [b"transfer-encoding: chunked"]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _is_chunked(scope: Scope) -> bool:
    return any(name == b"transfer-encoding" for name, _ in scope["headers"])


async def _pass_body(scope: Scope, receive: Receive, writer: asyncio.StreamWriter) -> bool:
    """False when the caller has left before it was complete."""
    chunked, refused = _is_chunked(scope), False
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        body = message.get("body", b"")
        if body and not refused:
            try:
                writer.write(b"%x\r\n%b\r\n" % (len(body), body) if chunked else body)
                await writer.drain()
            except OSError:
                refused = True  # it has answered already, and reads no more; the caller reads when it has sent all
        if not message.get("more_body"):
            break
    if chunked and not refused:
        writer.write(b"0\r\n\r\n")
    return True


async def _answer(reader: asyncio.StreamReader, send: Send) -> None:
    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    begun = False
    while not answer.complete:
        try:
            data = await reader.read(_PIECE)
        except OSError as problem:
            if not begun:
                raise _away(problem) from None
            return
        if not data:
            return  # cut, and so it must look to the caller
        parser.feed_data(data)
        if answer.headers_complete and not begun:
            begun = True
            head = [(name, value) for name, value in answer.headers if name not in _HOP_BY_HOP]
            await send({"type": "http.response.start", "status": parser.get_status_code(), "headers": head})
        if body := b"".join(answer.take()):
            await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class _Answer:
    """What the parser has found."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.headers_complete = self.complete = False
        self._parts: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.headers_complete = True

    def on_body(self, data: bytes) -> None:
        self._parts.append(data)

    def on_message_complete(self) -> None:
        self.complete = True

    def take(self) -> list[bytes]:
        parts, self._parts = self._parts, []
        return parts
