"""The endpoints that models answer, as raw ASGI callables: nothing stands between the socket and the gateway.

The gateway speaks one dialect, OpenAI chat. A door of another dialect translates at the rim: what comes in when it is
read, what goes out as it is written.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from msgspec import Struct
from msgspec.structs import replace

from hone.core import now_ns
from hone.errors import HoneError
from hone.gateway import Call, Gateway, Key, Reply
from hone.server._asgi import (
    Receive,
    Scope,
    Send,
    WhileTheCallerWaits,
    encode_headers,
    headers_of,
    read_body,
    send_body,
)
from hone.server._identity import Identity, identity_of

log = logging.getLogger("hone.server")


class Dialect(Struct, frozen=True, kw_only=True):
    """How one family of clients is told of errors: as a body, and as an event of a stream that has begun."""

    error_body: Callable[[HoneError], bytes]
    error_event: Callable[[HoneError], bytes]


class Request(Struct, frozen=True, kw_only=True):
    """A request as its door has read it: the call, and how an answer to it is written.

    `body` rewrites a whole chat completion. `stream` rewrites blocks of whole events; what it raises cuts the answer,
    and closing it must close what it reads.
    """

    call: Call
    body: Callable[[bytes], bytes] | None = None
    stream: Callable[[AsyncGenerator[bytes]], AsyncGenerator[bytes]] | None = None


Parse = Callable[[bytes, Identity, int], Request]
Ask = Callable[[Call], Awaitable[Reply]]


class Door:
    """Reads a request, asks the gateway, writes its reply."""

    def __init__(self, dialect: Dialect, gateway: Gateway, ask: Ask, parse: Parse, max_body: int) -> None:
        """`ask` is what the gateway is asked for; `parse` reads a body, and raises a `CallError` where it cannot."""
        self._dialect = dialect
        self._gateway = gateway
        self._ask = ask
        self._parse = parse
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = now_ns()
        headers = headers_of(scope)
        identity = identity_of(headers)
        try:
            request = self._parse(await read_body(scope, receive, self._max_body), identity, start)
            request = _with_key(request, scope.get("hone.key"))
            request = _with_cache(request, headers.get("cache-control", ""))
        except HoneError as error:
            self._gateway.refuse(_unread(identity, start), error)
            await self._send_error(send, identity, error)
            return
        watch = WhileTheCallerWaits(receive)
        try:
            async with watch:
                await self._answer(request, identity, send)
        except asyncio.CancelledError:
            if not watch.gone:
                raise

    async def _answer(self, request: Request, identity: Identity, send: Send) -> None:
        try:
            reply = await self._ask(request.call)
            if reply.stream is None:
                body = reply.body or b""
                await send_body(send, 200, request.body(body) if request.body else body, reply.headers.items())
            else:
                async with aclosing(reply.stream) as stream:
                    await self._send_stream(send, reply.headers, request.stream(stream) if request.stream else stream)
        except HoneError as error:
            await self._send_error(send, identity, error)
        except Exception as error:
            await self._send_error(send, identity, _fault(error, identity.trace_id))

    async def _send_stream(self, send: Send, headers: dict[str, str], blocks: AsyncGenerator[bytes]) -> None:
        head = encode_headers([("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")])
        head += encode_headers(headers.items())
        await send({"type": "http.response.start", "status": 200, "headers": head})
        async with aclosing(blocks) as stream:
            try:
                async for block in stream:
                    await send({"type": "http.response.body", "body": block, "more_body": True})
            except Exception as error:
                # The response is left incomplete on purpose: the server then drops the connection, so that even a
                # client that does not know error events cannot take half an answer for a whole one.
                said = error if isinstance(error, HoneError) else _fault(error, headers.get("x-hone-trace-id", "?"))
                event = self._dialect.error_event(said)
                await send({"type": "http.response.body", "body": event, "more_body": True})
                return
        await send({"type": "http.response.body", "body": b""})

    async def _send_error(self, send: Send, identity: Identity, error: HoneError) -> None:
        headers = {"x-hone-trace-id": identity.trace_id, "x-hone-span-id": identity.span_id}
        body = self._dialect.error_body(error)
        await send_body(send, error.status, body, [*headers.items(), *_passed_on(error)])


def _with_key(request: Request, key: Key | None) -> Request:
    """The key that the guard found, and its tags, which the caller cannot leave out."""
    if key is None:
        return request
    call = request.call
    return replace(request, call=replace(call, key=key, tags=(*key.tags, *call.tags)))


def _with_cache(request: Request, said: str) -> Request:
    """`no-store` keeps the cache out of it, `no-cache` asks again (RFC 9111, section 5.2.1)."""
    if not said:
        return request
    words = {word.strip().lower() for word in said.split(",")}
    call = request.call
    return replace(
        request,
        call=replace(call, cache=False if "no-store" in words else call.cache, refresh="no-cache" in words),
    )


def _fault(error: Exception, trace_id: str) -> HoneError:
    log.error("trace %s: a fault inside hone", trace_id, exc_info=error)
    return HoneError(f"a fault inside hone: {type(error).__name__}")


_PASSED_ON = ("retry-after", "retry-after-ms", "x-request-id", "ratelimit", "ratelimit-policy")


def _passed_on(error: HoneError) -> list[tuple[str, str]]:
    said = {name.replace("_", "-"): str(value) for name, value in error.details.items()}
    return [(name, said[name]) for name in _PASSED_ON if name in said]


def _unread(identity: Identity, start: int) -> Call:
    """What is known of a call whose body could not be read."""
    return Call(
        model="",
        start=start,
        trace_id=identity.trace_id,
        span_id=identity.span_id,
        parent_id=identity.parent_id,
        session=identity.session,
        user=identity.user,
        tags=identity.tags,
    )
