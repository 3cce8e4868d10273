"""The way of a call: route, prepare, ask the models in order, relay, record."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from hone.core import Clock, Span, Usage, now_ns, to_json
from hone.errors import CallError
from hone.gateway._asking import Asked, Asking
from hone.gateway._call import Call, Reply
from hone.gateway._output import Output, read_completion, read_embeddings
from hone.gateway._prepare import Prepared, Preparer, Prompts, Search, wants_usage
from hone.gateway._relay import Relay
from hone.gateway._route import Route, Router, Weights
from hone.gateway._spans import Story
from hone.project import Project
from hone.providers import Model, Provider, _wire

DONT_KNOW = "I don't know."

Record = Callable[[Sequence[Span]], Awaitable[Any] | None]
"""Keep spans. What it returns is to be awaited before the caller gets the end of the answer."""


class Rooms(Struct, kw_only=True):
    """What the gateway is given by whoever puts the house together."""

    project: Project
    prompts: Prompts
    search: Search
    weights: Weights
    cost: Callable[[Model, Usage], float | None]
    record: Record
    providers: Mapping[str, Provider] = {}  # instances that stand in for the registry's
    clock: Clock = now_ns


class Gateway:
    """Answers chat completions for one project. Use from one event loop."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._router = Router(rooms.project, rooms.weights)
        self._preparer = Preparer(rooms.prompts, rooms.search, rooms.clock)
        self._asking = Asking(rooms.project, self._router.require, rooms.providers, rooms.clock)

    async def chat(self, call: Call) -> Reply:
        """Answer one call. Whatever happens, a span tells of it.

        Raises:
            CallError, ProjectError, UpstreamError: nothing was sent; say it in the caller's dialect.
        """
        story = self._story(call)
        values: dict[str, Any] | None = None
        try:
            story.route = route = self._router.resolve(call.model, call.session)
            prepared = await self._preparer.prepare(call, route, story)
            values = prepared.values
            if prepared.unknown:
                return await self._dont_know(call, story, prepared)
            asked = await self._asking.ask(call, route, prepared, story)
            if asked.relay is not None:
                stream = self._stream(asked.relay, story, prepared, asked)
                return Reply(headers=self._headers(call, route, None), stream=stream)
            return await self._whole(call, story, prepared, asked)
        except BaseException as error:
            self._record(story, values, None, error)
            raise

    async def embeddings(self, call: Call) -> Reply:
        """Vectors of the call's `input`, by one model. Whatever happens, a span tells of it.

        Raises:
            CallError, ProjectError, UpstreamError: nothing was made; say it in the caller's dialect.
        """
        story = self._story(call)
        try:
            story.route = route = self._router.resolve(call.model, call.session)
            if route.task is not None:
                raise CallError(f"{route.task.name!r} is a task, and embeddings are made by a model")
            (model,) = route.chain
            made = await self._asking.embed(call, model, story)
            body = made.answer.body or b""
            output = read_embeddings(body)
            cost = self._rooms.cost(model, output.usage)
            story.model_call(
                model, made.body, start=made.start, end=self._rooms.clock(), output=output, cost=cost, given="input"
            )
            await _kept(self._record(story, None, output, None))
            return Reply(headers=self._headers(call, route, cost) | made.answer.headers, body=body)
        except BaseException as error:
            self._record(story, None, None, error)
            raise

    def refuse(self, call: Call, error: Exception) -> None:
        """Record a call that its door could not even read."""
        self._record(self._story(call), None, None, error)

    def models(self) -> list[str]:
        """The names a caller may ask for."""
        return self._router.names()

    def model(self, name: str) -> Model:
        """The model of an alias, or of `provider/name`.

        Raises:
            UnknownModel: there is none.
        """
        return self._router.model(name)

    def resolve(self, name: str) -> Route:
        """Who would answer a call for `name`.

        Raises:
            UnknownModel: nothing has that name.
            ProjectError: the name leads to something that is not set up.
        """
        return self._router.resolve(name, None)

    async def close(self) -> None:
        """Release every provider's connections."""
        await self._asking.close()

    # -- answering

    async def _whole(self, call: Call, story: Story, prepared: Prepared, asked: Asked) -> Reply:
        body = asked.answer.body or b""
        output = read_completion(body)
        cost = self._model_span(story, asked, output, None, None)
        await _kept(self._record(story, prepared.values, output, None))
        headers = self._headers(call, story.route, cost) | asked.answer.headers
        return Reply(headers=headers, body=body)

    async def _stream(self, relay: Relay, story: Story, prepared: Prepared, asked: Asked) -> AsyncGenerator[bytes]:
        """The stream, block by block. The span is recorded before the last of it is sent."""
        recorded = False

        def record(error: BaseException | None) -> Awaitable[Any] | None:
            nonlocal recorded
            self._model_span(story, asked, relay.output, relay.first_token, error)
            promise = self._record(story, prepared.values, relay.output, error)
            recorded = True
            return promise

        assert asked.blocks is not None
        block: bytes | None = asked.first
        try:
            while block is not None:
                if relay.done and not recorded:
                    await _kept(record(None))
                yield block
                block = await anext(asked.blocks, None)
        except BaseException as error:
            if not recorded:
                record(error)
            raise
        finally:
            await asked.answer.close()

    async def _dont_know(self, call: Call, story: Story, prepared: Prepared) -> Reply:
        """Nothing that is known is near enough to the question, so no model is asked to make something up."""
        model, usage = "hone/no-answer", Usage(input=0, output=0)
        output = Output(
            message=to_json({"role": "assistant", "content": DONT_KNOW}), finish="stop", model=model, usage=usage
        )
        await _kept(self._record(story, prepared.values, output, None))
        headers = self._headers(call, story.route, 0.0)
        if not call.stream:
            return Reply(headers=headers, body=_wire.completion(model, DONT_KNOW, usage))
        events = _wire.chunks(model, _wire.pieces(DONT_KNOW), usage if wants_usage(call) else None)
        return Reply(headers=headers, stream=_send(events))

    # -- recording

    def _story(self, call: Call) -> Story:
        return Story(self._rooms.project.name, self._rooms.project.environment, call)

    def _model_span(
        self, story: Story, asked: Asked, output: Output, first_token: int | None, error: BaseException | None
    ) -> float | None:
        cost = self._rooms.cost(asked.model, output.usage)
        end = self._rooms.clock()
        story.model_call(
            asked.model,
            asked.body,
            start=asked.start,
            end=end,
            output=output,
            first_token=first_token,
            cost=cost,
            error=error,
        )
        return cost

    def _record(
        self, story: Story, values: Any, output: Output | None, error: BaseException | None
    ) -> Awaitable[Any] | None:
        """Hand the story over, with the span of the whole call unless a model span already is that."""
        if not any(span.span_id == story.call.span_id for span in story.spans):
            story.root(end=self._rooms.clock(), values=values, output=output.message if output else None, error=error)
        return self._rooms.record(story.spans)

    def _headers(self, call: Call, route: Route | None, cost: float | None) -> dict[str, str]:
        headers = {"x-hone-trace-id": call.trace_id, "x-hone-span-id": call.span_id, "x-hone-cache": "off"}
        if route is not None and route.task is not None and route.variant is not None:
            headers["x-hone-variant"] = f"{route.task.name}@{route.variant.name}"
        if cost is not None:
            headers["x-hone-cost"] = f"{cost:.10f}".rstrip("0").rstrip(".")
        return headers


async def _kept(promise: Awaitable[Any] | None) -> None:
    if promise is not None:
        await promise


async def _send(events: list[bytes]) -> AsyncGenerator[bytes]:
    for event in events:
        yield event
