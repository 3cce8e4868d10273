"""A model that does what it is told: replies, delays, errors and broken streams on a script.

For tests and demonstrations of everything around a model. `fake/NAME` in hone.toml repeats the caller's last message;
`parameters = { fake = { text = "hello", latency = 0.05, status = 503 } }` tells it otherwise.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct

from hone.core import Usage
from hone.errors import CallError, UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.providers import _wire
from hone.providers._seam import Answer, ChatRequest, Model


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to one call. Times are seconds."""

    text: str | None = None  # None: the caller's last message again
    tool_calls: list[dict[str, Any]] | None = None
    finish: str | None = None
    usage: bool = True
    status: int = 200
    error: str = "scripted error"
    retry_after: int | None = None
    latency: float = 0.0  # before the first byte
    between: float = 0.0  # between the events of a stream
    cut_after: int | None = None  # events of a stream after which the connection is lost
    raw: str | None = None  # sent as it is instead of an answer
    content_type: str = "text/html"  # of `raw`


class _Body(Struct):
    messages: list[dict[str, Any]] = []
    model: str = "fake"
    stream_options: dict[str, Any] | None = None
    fake: Step | None = None


_body = msgspec.json.Decoder(_Body)


def read(body: bytes) -> _Body:
    """The parts of a request that a script may use.

    Raises:
        CallError: the body is not a chat completion request.
    """
    try:
        return _body.decode(body)
    except msgspec.DecodeError as problem:
        raise CallError(f"not a chat completion request: {problem}") from None


def text_of(step: Step, body: _Body) -> str:
    if step.text is not None:
        return step.text
    content = body.messages[-1].get("content") if body.messages else ""
    return content if isinstance(content, str) else msgspec.json.encode(content).decode()


def count(text: str) -> int:
    """Tokens as this model counts them: words."""
    return len(text.split())


def usage_of(step: Step, body: _Body) -> Usage:
    asked = sum(count(str(message.get("content", ""))) for message in body.messages)
    return Usage(input=asked, output=count(text_of(step, body)))


def whole(step: Step, body: _Body) -> bytes:
    """The JSON body of a completion."""
    text = text_of(step, body)
    if step.tool_calls is None:
        return _wire.completion(body.model, text, usage_of(step, body), finish=step.finish or "stop")
    message = {"role": "assistant", "content": None, "tool_calls": step.tool_calls}
    return _wire.completion(body.model, text, usage_of(step, body), finish=step.finish or "tool_calls", message=message)


def events(step: Step, body: _Body) -> list[bytes]:
    """The events of a streamed completion, cut where the script says."""
    wanted = bool(body.stream_options and body.stream_options.get("include_usage")) and step.usage
    usage = usage_of(step, body) if wanted else None
    if step.tool_calls is not None:
        found = _wire.tool_call_chunks(body.model, step.tool_calls, usage, finish=step.finish or "tool_calls")
    else:
        found = _wire.chunks(body.model, _wire.pieces(text_of(step, body)), usage, finish=step.finish or "stop")
    return found if step.cut_after is None else found[: step.cut_after]


def error_body(step: Step) -> bytes:
    return msgspec.json.encode({"error": {"message": step.error, "type": "scripted", "param": None, "code": None}})


class FakeProvider:
    """Plays `steps` one call after another; when they have run out, repeats the caller's last message."""

    def __init__(self, *steps: Step) -> None:
        self._steps = deque(steps)

    def script(self, *steps: Step) -> None:
        """Add steps to the end of the script."""
        self._steps.extend(steps)

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Play the next step; see `Provider.chat`."""
        body = read(request.body)
        step = body.fake or (self._steps.popleft() if self._steps else Step())
        await asyncio.sleep(step.latency)
        if step.status >= 400:
            error = UpstreamRefused(
                f"fake answered {step.status}: {step.error}", status=step.status, body=error_body(step)
            )
            error.details = {} if step.retry_after is None else {"retry-after": str(step.retry_after)}
            raise error
        if step.raw is not None:
            raise UpstreamGarbage(f"fake answered with something that is not a chat completion ({step.content_type})")
        if request.stream:
            return Answer(chunks=_play(step, body))
        return Answer(body=whole(step, body))

    async def close(self) -> None:
        """Nothing is held open."""


async def _play(step: Step, body: _Body) -> AsyncIterator[bytes]:
    for one in events(step, body):
        yield one
        await asyncio.sleep(step.between)
    if step.cut_after is not None:
        raise UpstreamCut("the scripted stream was cut")
