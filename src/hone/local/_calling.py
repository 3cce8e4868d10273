"""Calls that an experiment makes: at the gateway of this process, or at a hone elsewhere."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from hone.client import Connection, Reply, RunRequest, reply_from
from hone.core import Span, from_json, new_span_id, new_trace_id
from hone.evals import Answer, Case
from hone.gateway import Call

if TYPE_CHECKING:
    from hone.local._plane import Plane

Calling = Callable[[Case, tuple[str, ...]], Awaitable[Answer]]

_TOKENS = {"prompt_tokens": "input", "completion_tokens": "output", "total_tokens": "total"}


def call_of(request: RunRequest, start: int) -> Call:
    """The call of a request that was made in this process."""
    trace_id, parent_id = request.trace or (new_trace_id(), None)
    fields = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in request.parameters.items()}
    turns: list[Any] = [] if request.text is None else [{"role": "user", "content": request.text}]
    if request.messages is not None:
        turns = list(request.messages)
    fields["messages"] = msgspec.Raw(msgspec.json.encode(turns))
    return Call(
        model=request.task,
        fields=fields,
        input=request.input,
        models=request.models,
        start=start,
        trace_id=trace_id,
        span_id=new_span_id(),
        parent_id=parent_id,
        session=request.session,
        user=request.user,
        tags=request.tags,
        cache=None if request.cache else False,
        validate=request.validate or None,
    )


def near(plane: "Plane", task: str) -> Calling:
    """Calls at the gateway of this process, on its loop."""

    async def call(case: Case, tags: tuple[str, ...]) -> Answer:
        asked = call_of(_request(task, case, tags), plane.clock())
        spans: list[Span] = []
        plane.overheard[asked.trace_id] = spans
        start = time.perf_counter()
        try:
            reply = await plane.gateway.chat(asked)
        finally:
            del plane.overheard[asked.trace_id]
        seconds = time.perf_counter() - start
        return _answer(reply_from(reply.body or b"", reply.headers), seconds, spans)

    return call


def far(connection: Connection, task: str, threads: ThreadPoolExecutor) -> Calling:
    """Calls through a connection that waits: each on a thread while it does."""

    async def call(case: Case, tags: tuple[str, ...]) -> Answer:
        request = _request(task, case, tags)

        def ask() -> Answer:
            start = time.perf_counter()
            reply = connection.run(request)
            return _answer(reply, time.perf_counter() - start, None)

        return await asyncio.get_running_loop().run_in_executor(threads, ask)

    return call


def _request(task: str, case: Case, tags: tuple[str, ...]) -> RunRequest:
    given, cell = case.example.input, case.cell
    text, values = (given, None) if isinstance(given, str) else (None, given)
    # What is measured is the variant, not what is kept of it: quality, time and money of a call that is made.
    return RunRequest(
        task=f"{task}@{cell.variant}",
        text=text,
        input=values,
        tags=tags,
        cache=False,
        models=(cell.model,) if cell.model else (),
        parameters=dict(cell.parameters),
    )


def _answer(reply: Reply, seconds: float, spans: list[Span] | None) -> Answer:
    message = reply.message
    return Answer(
        text=reply.text or _text(message.get("refusal")),
        seconds=seconds,
        cost=reply.cost,
        trace_id=reply.trace_id,
        span_id=reply.span_id,
        finish_reason=reply.finish_reason,
        tool_calls=tuple(message.get("tool_calls") or ()),
        usage=_tokens(reply.usage),
        logprobs=reply.logprobs,
        context=_passages(spans or ()),
        spans=None if spans is None else lambda: spans,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _tokens(usage: dict[str, Any] | None) -> dict[str, int] | None:
    if usage is None:
        return None
    return {ours: count for theirs, ours in _TOKENS.items() if isinstance(count := usage.get(theirs), int)}


def _passages(spans: "list[Span] | tuple[()]") -> tuple[str, ...]:
    """The texts that were found for the call, best first."""
    found = [span.output for span in spans if span.kind == "retrieval" and span.output is not None]
    return tuple(str(each["text"]) for output in found for each in from_json(output))
