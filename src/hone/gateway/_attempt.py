"""One model asked once: a whole answer, or a stream up to its first token."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from hone.core import Clock
from hone.errors import UpstreamGarbage
from hone.gateway._call import Call
from hone.gateway._prepare import Prepared, body_for, wants_usage
from hone.gateway._relay import Relay, readable
from hone.gateway._spans import Story
from hone.gateway._timeouts import Patience, within
from hone.providers import Answer, ChatRequest, Model, Provider, Timeouts

_HELD_SECONDS = 15.0
"""A stream that shows life, but no token for so long, is passed on: proxies on the way would take it for dead."""


class Asked(Struct, kw_only=True):
    """One model asked: what went out, and what began to come back, whole or as a stream whose first token is here."""

    model: Model
    body: dict[str, Raw]
    start: int
    answer: Answer
    relay: Relay | None = None
    blocks: AsyncIterator[bytes] | None = None
    first: bytes = b""
    notes: dict[str, Any] = field(default_factory=dict)  # attributes of its span


def request_of(call: Call, body: dict[str, Raw], timeout: Timeouts) -> ChatRequest:
    return ChatRequest(
        body=msgspec.json.encode(body), dialect=call.dialect, stream=call.stream, headers=call.headers, timeout=timeout
    )


async def attempt(
    model: Model, provider: Provider, call: Call, prepared: Prepared, story: Story, patience: Patience, clock: Clock
) -> Asked:
    """
    Raises:
        UpstreamError: the model's server failed. A span says so.
    """
    body = body_for(prepared, model.name, model.parameters, stream=call.stream)
    request = request_of(call, body, patience.provider(stream=call.stream))
    start = clock()
    try:
        model.require()
        asked = Asked(model=model, body=body, start=start, answer=Answer())
        await within(patience.answer(stream=call.stream), _answered(asked, provider, request, call, patience, clock))
    except BaseException as error:
        story.model_call(model, body, start=start, end=clock(), error=error)
        raise
    return asked


async def _answered(
    asked: Asked, provider: Provider, request: ChatRequest, call: Call, patience: Patience, clock: Clock
) -> None:
    asked.answer = answer = await provider.chat(asked.model, request)
    if not call.stream:
        answer.body = readable(answer.body or b"")
        return
    if answer.chunks is None:
        raise UpstreamGarbage(f"{asked.model.alias} answered a request for a stream with a whole body")
    asked.relay = Relay(answer.chunks, keep_usage=wants_usage(call), clock=clock, total=patience.total)
    asked.blocks = aiter(asked.relay)
    try:
        asked.first = await _beginning(asked.relay, asked.blocks)
    except BaseException:
        await answer.close()
        raise


async def _beginning(relay: Relay, blocks: AsyncIterator[bytes]) -> bytes:
    """Read a stream up to its first token: until that has been sent, another model can still answer."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _HELD_SECONDS
    held = await anext(blocks)
    while not relay.speaks and loop.time() < end:
        held += await anext(blocks)
    return held
