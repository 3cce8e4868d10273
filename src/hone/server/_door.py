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
from hone.server._asgi import Receive, Scope, Send
from hone.server._exchange import AsgiExchange, Exchange
from hone.server._identity import Identity, identity_of

log = logging.getLogger("hone.server")

_STREAM = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))


class Dialect(Struct, frozen=True, kw_only=True):
    """What one family of clients is used to.

    It is told of errors as a body, and as an event of a stream that has begun. `request_id` is the header where it
    looks for the id of its request; `sent_on` are headers of its own that go on to the model.
    """

    error_body: Callable[[HoneError], bytes]
    error_event: Callable[[HoneError], bytes]
    request_id: str | None = None
    sent_on: tuple[str, ...] = ()


class Request(Struct, frozen=True, kw_only=True):
    """A request as its door has read it: the call, and how an answer to it is written.

    `body` rewrites a whole chat completion. `stream` rewrites blocks of whole events; what it raises cuts the answer,
    and closing it must close what it reads. `error_event` stands in for the dialect's where the event depends on those
    that went before it.
    """

    call: Call
    body: Callable[[bytes], bytes] | None = None
    stream: Callable[[AsyncGenerator[bytes]], AsyncGenerator[bytes]] | None = None
    error_event: Callable[[HoneError], bytes] | None = None


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
        """As an ASGI callable."""
        await self.serve(AsgiExchange(scope, receive, send))

    async def serve(self, exchange: Exchange) -> None:
        start = now_ns()
        headers = exchange.headers
        identity = identity_of(headers)
        try:
            request = self._parse(await exchange.body(self._max_body), identity, start)
            request = with_key(request, exchange.key)
            request = _with_cache(request, headers.get("cache-control", ""))
        except HoneError as error:
            self._gateway.refuse(unread(identity, start), error)
            await self._send_error(exchange, identity, error)
            return
        if given := {name: headers[name] for name in self._dialect.sent_on if name in headers}:
            request = replace(request, call=replace(request.call, headers=given))
        watch = exchange.waiting()
        try:
            async with watch:
                await self._answer(request, identity, exchange)
        except asyncio.CancelledError:
            if not watch.gone:
                raise

    async def _answer(self, request: Request, identity: Identity, exchange: Exchange) -> None:
        try:
            reply = await self._ask(request.call)
            if reply.stream is None:
                body = reply.body or b""
                body = request.body(body) if request.body else body
                await exchange.whole(200, body, self._with_id(reply.headers).items())
            else:
                event = request.error_event or self._dialect.error_event
                if reply.direct is not None and request.stream is None and exchange.sink is not None:
                    reply.direct(exchange.sink)
                async with aclosing(reply.stream) as stream:
                    written = request.stream(stream) if request.stream else stream
                    await self._send_stream(exchange, reply.headers, written, event)
        except HoneError as error:
            await self._send_error(exchange, identity, error)
        except Exception as error:
            await self._send_error(exchange, identity, fault(error, identity.trace_id))

    async def _send_stream(
        self,
        exchange: Exchange,
        headers: dict[str, str],
        blocks: AsyncGenerator[bytes],
        error_event: Callable[[HoneError], bytes],
    ) -> None:
        await exchange.begin([*_STREAM, *self._with_id(headers).items()])
        async with aclosing(blocks) as stream:
            try:
                async for block in stream:
                    await exchange.write(block)
            except Exception as error:
                # The response is left incomplete on purpose: the server then drops the connection, so that even a
                # client that does not know error events cannot take half an answer for a whole one.
                said = error if isinstance(error, HoneError) else fault(error, headers.get("x-hone-trace-id", "?"))
                await exchange.write(error_event(said))
                return
        await exchange.end()

    async def _send_error(self, exchange: Exchange, identity: Identity, error: HoneError) -> None:
        headers = {"x-hone-trace-id": identity.trace_id, "x-hone-span-id": identity.span_id}
        headers |= dict(_passed_on(error))
        await exchange.whole(error.status, self._dialect.error_body(error), self._with_id(headers).items())

    def _with_id(self, headers: dict[str, str]) -> dict[str, str]:
        """The id of the request under the name that the dialect has for it: the upstream's, else that of the trace."""
        name, given = self._dialect.request_id, headers.get("x-request-id") or headers.get("x-hone-trace-id")
        return headers if name is None or given is None else headers | {name: given}


def with_key(request: Request, key: Key | None) -> Request:
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


def fault(error: Exception, trace_id: str) -> HoneError:
    log.error("trace %s: a fault inside hone", trace_id, exc_info=error)
    return HoneError(f"a fault inside hone: {type(error).__name__}")


_PASSED_ON = ("retry-after", "retry-after-ms", "x-request-id", "ratelimit", "ratelimit-policy")


def _passed_on(error: HoneError) -> list[tuple[str, str]]:
    said = {name.replace("_", "-"): str(value) for name, value in error.details.items()}
    return [(name, said[name]) for name in _PASSED_ON if name in said]


def unread(identity: Identity, start: int) -> Call:
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
