"""The endpoints that models answer, as raw ASGI callables: nothing stands between the socket and the gateway."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from hone.core import now_ns
from hone.errors import HoneError
from hone.gateway import Call, Gateway, Reply
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
from hone.server.openai._errors import error_body
from hone.server.openai._parse import parse_chat, parse_embeddings

log = logging.getLogger("hone.server")


Parse = Callable[[bytes, Identity, int], Call]


class Door:
    """Reads a request, asks the gateway, writes its reply."""

    def __init__(self, gateway: Gateway, ask: Callable[[Call], Awaitable[Reply]], parse: Parse, max_body: int) -> None:
        """`ask` is what the gateway is asked for; `parse` makes a call of a body, a `CallError` where it cannot."""
        self._gateway = gateway
        self._ask = ask
        self._parse = parse
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = now_ns()
        identity = identity_of(headers_of(scope))
        try:
            call = self._parse(await read_body(scope, receive, self._max_body), identity, start)
        except HoneError as error:
            self._gateway.refuse(_unread(identity, start), error)
            await _send_error(send, identity, error)
            return
        watch = WhileTheCallerWaits(receive)
        try:
            async with watch:
                await self._answer(call, identity, send)
        except asyncio.CancelledError:
            if not watch.gone:
                raise

    async def _answer(self, call: Call, identity: Identity, send: Send) -> None:
        try:
            reply = await self._ask(call)
        except HoneError as error:
            await _send_error(send, identity, error)
        except Exception as error:
            log.exception("trace %s: a fault inside hone", call.trace_id)
            await _send_error(send, identity, HoneError(f"a fault inside hone: {type(error).__name__}"))
        else:
            await _send_reply(send, reply)


def chat_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/chat/completions`."""
    return Door(gateway, gateway.chat, parse_chat, max_body)


def embeddings_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/embeddings`."""
    return Door(gateway, gateway.embeddings, parse_embeddings, max_body)


async def _send_reply(send: Send, reply: Reply) -> None:
    if reply.stream is None:
        await send_body(send, 200, reply.body or b"", reply.headers.items())
        return
    head = encode_headers([("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")])
    head += encode_headers(reply.headers.items())
    await send({"type": "http.response.start", "status": 200, "headers": head})
    async with aclosing(reply.stream) as stream:
        try:
            async for block in stream:
                await send({"type": "http.response.body", "body": block, "more_body": True})
        except Exception as error:
            # The response is left incomplete on purpose: the server then drops the connection, so that even a
            # client that does not know error events cannot take half an answer for a whole one.
            await send({"type": "http.response.body", "body": _error_event(error), "more_body": True})
            return
    await send({"type": "http.response.body", "body": b""})


def _error_event(error: Exception) -> bytes:
    if not isinstance(error, HoneError):
        log.error("a fault inside hone", exc_info=error)
        error = HoneError(f"a fault inside hone: {type(error).__name__}")
    return b"data: " + error_body(error).replace(b"\n", b" ") + b"\n\n"


async def _send_error(send: Send, identity: Identity, error: HoneError) -> None:
    headers = {"x-hone-trace-id": identity.trace_id, "x-hone-span-id": identity.span_id}
    await send_body(send, error.status, error_body(error), [*headers.items(), *_passed_on(error)])


def _passed_on(error: HoneError) -> list[tuple[str, str]]:
    said = {name.replace("_", "-"): str(value) for name, value in error.details.items()}
    return [(name, said[name]) for name in ("retry-after", "retry-after-ms", "x-request-id") if name in said]


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
