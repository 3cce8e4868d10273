"""A thin HTTP/1.1 client for the hot path: pooled connections to one origin, bytes in, bytes out.

It exists because the upstream client decides what a relayed call costs; general clients spend several times the CPU.
It does what calls to model servers need and no more: POST and GET, keep-alive, chunked bodies, TLS, timeouts.
Redirects are not followed: a model server that moves is a configuration to mend, not to chase with a key in hand.
"""

import asyncio
import ssl
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from math import inf
from types import TracebackType
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import httptools

from hone.errors import UpstreamCut, UpstreamError, UpstreamGarbage, UpstreamTimeout, UpstreamUnreachable
from hone.providers._timeouts import Timeouts, timeouts_of

IDLE_SECONDS = 30.0  # shorter than the keep-alive of common servers, so that a pooled connection is rarely stale
MAX_BODY = 64 * 1024 * 1024
_MAX_HEAD = 256 * 1024
_HIGH_WATER = 256 * 1024  # bytes read ahead of a slow reader before the socket is paused
_DECODABLE = {"gzip": 47, "deflate": 47}  # zlib window bits: 32 + 15 detects either header


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Connection(asyncio.Protocol):
    """One socket and the response being read from it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.transport: asyncio.Transport | None = None
        self.closed = False
        self.served = 0
        self.idle_since = 0.0
        self.reset()

    def reset(self) -> None:
        """Get ready for the next response."""
        self.parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.head_done = False
        self.complete = False
        self._keep_alive = False
        self.error: UpstreamError | None = None
        self._parts: deque[bytes] = deque()
        self._buffered = 0
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._take: Callable[[bytes], bool] | None = None
        self._heard = 0.0
        self._inflate: Any = None
        self._head_size = 0
        self._superfluous = False

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self.complete:
            # Nobody has asked for it. It must not be taken for the answer to whoever asks next.
            self.abort()
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as problem:
            if not self.complete:
                # An error raised in a callback of ours arrives wrapped.
                self.error = self.error or UpstreamGarbage(f"the answer is not HTTP ({problem})")
            self.abort()
        if self._superfluous:
            self.abort()
        elif not self.head_done:
            self._head_size += len(data)
            if self._head_size > _MAX_HEAD:
                self.error = UpstreamGarbage(f"the head of the answer is over {_MAX_HEAD:,} bytes")
                self.abort()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self.complete and self.error is None:
            if exc is None and self.head_done and not self._framed():
                self.complete = True  # such a body ends where the connection ends
            else:
                self.error = UpstreamCut(f"the connection was lost before the answer was complete ({exc or 'closed'})")
        self._wake()

    # -- httptools callbacks. What comes after the end of the answer, in the same packet, is nobody's.

    def on_message_begin(self) -> None:
        self._superfluous = self.complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._superfluous:
            return
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._superfluous:
            return
        self.status = self.parser.get_status_code()
        self.head_done = self.status >= 200
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding in _DECODABLE:
            self._inflate = zlib.decompressobj(_DECODABLE[encoding])
        elif encoding not in ("identity", ""):
            self.error = UpstreamGarbage(f"the answer is encoded as {encoding!r}, which was not asked for")

    def on_body(self, data: bytes) -> None:
        if self._superfluous:
            return
        if self._inflate is not None:
            try:
                data = self._inflate.decompress(data, MAX_BODY)
            except zlib.error as problem:
                self.error = UpstreamGarbage(f"the answer cannot be decompressed ({problem})")
                return
        if self._take is not None:
            self._heard = self._loop.time()
            if not self._take(data):
                self._take = None
            return
        self._parts.append(data)
        self._buffered += len(data)
        if self._buffered > _HIGH_WATER and not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        if self.head_done and not self._superfluous:
            self.complete = True
            if self._inflate is not None and not self._inflate.eof and self.error is None:
                self.error = UpstreamCut("the compressed answer ended before it was complete")
            self._keep_alive = self.parser.should_keep_alive()

    # -- reading

    async def head(self, until: float | None) -> None:
        """
        Raises:
            TimeoutError: it was not here by `until`.
        """
        while not self.head_done:
            self._raise_if_failed()
            await self._more(until)

    async def next_part(self, until: float | None) -> bytes | None:
        """Everything that has arrived since the last call; None at the end.

        Raises:
            TimeoutError: nothing was here by `until`.
        """
        while not self._parts:
            self._raise_if_failed()
            if self.complete:
                return None
            await self._more(until)
        data = self._parts.popleft() if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._buffered = 0
        if self._paused and self.transport is not None and not self.closed:
            self._paused = False
            self.transport.resume_reading()
        return data

    async def push(self, take: Callable[[bytes], bool], between: float | None, end: float | None) -> bool:
        """Hand over what is here and what comes, until `take` returns False; that is True, and the end is False.

        Raises:
            TimeoutError: nothing came for `between` seconds, or `end` is past.
        """
        while True:
            if self._parts:
                data = await self.next_part(None)
                if data is not None and not take(data):
                    return True
            self._raise_if_failed()
            if self.complete:
                return False
            self._take, self._heard = take, self._loop.time()
            self._waiter = waiter = self._loop.create_future()
            clock = _Clock(self, waiter, between, end)
            try:
                await waiter
            finally:
                clock.stop()
                had_enough, self._take, self._waiter = self._take is None, None, None
            if had_enough:
                return True

    def all_at_once(self) -> bytes | None:
        """The body, if all of it is here already; None otherwise, and then nothing is taken."""
        if not self.complete or self.error is not None or self._paused:
            return None
        data = b"".join(self._parts)
        self._parts.clear()
        self._buffered = 0
        return data

    def _raise_if_failed(self) -> None:
        if self.error is not None:
            raise self.error

    async def _more(self, until: float | None) -> None:
        # A timer of the loop's own: `asyncio.timeout` costs several times as much, and this is done for every piece.
        self._waiter = waiter = self._loop.create_future()
        timer = None if until is None else self._loop.call_at(until, _too_late, waiter)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._take is not None and self.error is None and not (self.complete or self.closed):
            return  # what has come went on already
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _framed(self) -> bool:
        return "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "")

    @property
    def reusable(self) -> bool:
        unread = self._paused or bool(self._parts)
        clean = self.error is None and not self._superfluous
        return self.complete and not self.closed and not unread and clean and self._keep_alive

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self.closed = True


def _too_late(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())


class _Clock:
    """Looks after a stream that nobody waits for: one timer, set anew only when it has run down."""

    def __init__(
        self, connection: _Connection, waiter: "asyncio.Future[None]", between: float | None, end: float | None
    ) -> None:
        self._connection = connection
        self._waiter = waiter
        self._between = inf if between is None else between
        self._end = inf if end is None else end
        self._timer: asyncio.TimerHandle | None = None
        self._set()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _set(self) -> None:
        until = min(self._connection._heard + self._between, self._end)
        if until < inf:
            self._timer = self._connection._loop.call_at(until, self._ring, until)

    def _ring(self, until: float) -> None:
        if min(self._connection._heard + self._between, self._end) <= until:
            _too_late(self._waiter)
        else:
            self._set()


class Response:
    """An answer whose head has been read. Read the body with `read()` or `chunks()`; `close()` in any case."""

    def __init__(self, pool: "Upstream", connection: _Connection, timeouts: Timeouts) -> None:
        self._pool = pool
        self._connection: _Connection | None = connection
        self._timeouts = timeouts
        self.status = connection.status
        self.headers = connection.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """Bytes as they arrive.

        Raises:
            UpstreamTimeout: nothing came for a while, or it is too late for more.
            UpstreamCut: the connection was lost before the end.
        """
        try:
            while (connection := self._connection) is not None:
                part = await connection.next_part(self._until())
                if part is None:
                    return
                yield part
        except TimeoutError:
            raise self._late() from None
        finally:
            self.close()

    async def pour(self, take: Callable[[bytes], bool]) -> bool:
        """Give the chunks to `take` as they arrive; see `Pour`.

        Raises:
            UpstreamTimeout, UpstreamCut: as from `chunks`.
        """
        if self._connection is None:
            return False
        try:
            return await self._connection.push(take, self._timeouts.between, self._timeouts.end)
        except TimeoutError:
            raise self._late() from None

    def _until(self) -> float | None:
        """When the next piece must be here."""
        between, end = self._timeouts.between, self._timeouts.end
        if between is None:
            return end
        until = asyncio.get_running_loop().time() + between
        return until if end is None else min(until, end)

    def _late(self) -> UpstreamTimeout:
        between, end = self._timeouts.between, self._timeouts.end
        if between is None or (end is not None and asyncio.get_running_loop().time() >= end):
            return UpstreamTimeout(f"{self._pool.origin} did not finish in time (timeout.total)")
        return UpstreamTimeout(f"{self._pool.origin} sent nothing for {between:g} s (timeout.between)")

    async def read(self, limit: int = MAX_BODY) -> bytes:
        """The whole body, which must be here as soon as the head had to be: a slow drip is no answer."""
        if (whole := self._whole(limit)) is not None:
            return whole
        parts, size, seconds = [], 0, self._timeouts.head
        try:
            async with asyncio.timeout(seconds):
                async for part in self.chunks():
                    parts.append(part)
                    size += len(part)
                    if size > limit:
                        raise UpstreamGarbage(f"the answer of {self._pool.origin} is over {limit:,} bytes")
        except TimeoutError:
            raise UpstreamTimeout(
                f"{self._pool.origin} did not finish within {seconds:g} s (timeout.between)"
            ) from None
        return b"".join(parts)

    def _whole(self, limit: int) -> bytes | None:
        """The body, if all of it came with the head, as short ones do."""
        connection = self._connection
        whole = connection.all_at_once() if connection is not None else None
        if whole is None or len(whole) > limit:
            return None
        self.close()
        return whole

    def close(self) -> None:
        """Give the connection back to the pool if it is clean, else drop it: that is how an upstream learns to stop."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()


def _has_port(url: SplitResult) -> bool:
    """Is the port, if there is one, a number that can be one?"""
    try:
        return url.port is None or url.port > 0
    except ValueError:
        return False


class Upstream:
    """Pooled connections to one origin. Use from one event loop."""

    def __init__(self, base_url: str) -> None:
        """
        Raises:
            UpstreamUnreachable: the URL is not http:// or https:// with a host.
        """
        url = urlsplit(base_url)
        if url.scheme not in ("http", "https") or not url.hostname or not _has_port(url):
            raise UpstreamUnreachable(
                f"{base_url!r} is not an http:// or https:// address", hint="mend base_url in hone.toml"
            )
        self.origin = f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
        self._host = url.hostname
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._ssl = url.scheme == "https"
        self._path = url.path.rstrip("/")
        self._query = url.query  # such as Azure's `api-version`: it goes with every request
        self._authority = url.netloc.rpartition("@")[2].encode("idna" if not url.netloc.isascii() else "ascii")
        self._idle: deque[_Connection] = deque()

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        timeout: float | Timeouts = 60.0,  # noqa: ASYNC109 - it bounds the head here, and the body later
    ) -> Response:
        """Send one request and wait for the head of the answer.

        A pooled connection that the server closed before it sent a byte is replaced once by a fresh one.

        Raises:
            UpstreamUnreachable, UpstreamTimeout, UpstreamCut, UpstreamGarbage
        """
        message, timeouts = self._message(method, path, body, headers or {}), timeouts_of(timeout)
        try:
            until = None if timeouts.head is None else asyncio.get_running_loop().time() + timeouts.head
            while True:
                connection = self._pooled() or await self._connect(timeouts.connect, until)
                if await self._exchange(connection, message, until):
                    return Response(self, connection, timeouts)
        except TimeoutError:
            raise UpstreamTimeout(
                f"{self.origin} did not answer within {timeouts.head:g} s (timeout.between)"
            ) from None

    async def _exchange(self, connection: _Connection, message: bytes, until: float | None) -> bool:
        """Send, and wait for the head. False: the pooled connection turned out to be stale, so ask again."""
        assert connection.transport is not None
        try:
            connection.transport.write(message)
            await connection.head(until)
        except UpstreamCut:
            if connection.served and not connection.headers:
                return False
            raise
        except BaseException:
            connection.abort()
            raise
        return True

    def _message(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        text = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if not text.count("\r") == text.count("\n") == len(headers) or "\0" in text:
            broken = next(name for name, value in headers.items() if set(f"{name}{value}") & set("\r\n\0"))
            raise UpstreamUnreachable(f"the header {broken!r} holds a line break", hint="look at the API key's value")
        lines = text.encode("utf-8")
        query = f"{'&' if '?' in path else '?'}{self._query}" if self._query else ""
        start = f"{method} {self._path}{path}{query} HTTP/1.1\r\n".encode()
        return b"%bhost: %b\r\naccept-encoding: identity\r\n%bcontent-length: %d\r\n\r\n%b" % (
            start, self._authority, lines, len(body), body,
        )  # fmt: skip

    def _pooled(self) -> _Connection | None:
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed and connection.idle_since > oldest:
                connection.reset()
                return connection
            connection.abort()
        return None

    async def _connect(self, seconds: float, until: float | None) -> _Connection:
        """
        Raises:
            TimeoutError: `until`, when the head had to be here, came before the limit of the connection itself.
        """
        loop = asyncio.get_running_loop()
        connection, end = _Connection(loop), loop.time() + seconds
        try:
            async with asyncio.timeout_at(end if until is None else min(end, until)):
                await loop.create_connection(
                    lambda: connection, self._host, self._port, ssl=_tls() if self._ssl else None
                )
        except TimeoutError:
            if until is not None and until < end:
                raise
            raise UpstreamTimeout(f"no connection to {self.origin} within {seconds:g} s (timeout.connect)") from None
        except (OSError, ssl.SSLError, UnicodeError) as problem:
            raise UpstreamUnreachable(
                f"no connection to {self.origin} ({problem})", hint="is the model's server up, and base_url right?"
            ) from None
        return connection

    def give_back(self, connection: _Connection) -> None:
        """Called by `Response.close`."""
        if not connection.reusable:
            connection.abort()
            return
        now = asyncio.get_running_loop().time()
        while self._idle and self._idle[0].idle_since <= now - IDLE_SECONDS:
            self._idle.popleft().abort()  # left over from a busier time
        connection.served += 1
        connection.idle_since = now
        self._idle.append(connection)

    def close(self) -> None:
        """Drop every idle connection."""
        while self._idle:
            self._idle.pop().abort()
