"""The way of a call: route, prepare, ask the models in order, relay, record."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from msgspec import Struct

from hone.core import Clock, Span, Usage, now_ns, to_json
from hone.errors import CallError, InvalidOutput
from hone.gateway._account import Renewal
from hone.gateway._admission import Admission, Grant
from hone.gateway._asking import Asking
from hone.gateway._attempt import Asked
from hone.gateway._cache import Cache
from hone.gateway._call import Call, Reply
from hone.gateway._count import Counted
from hone.gateway._count import estimate as count_estimate
from hone.gateway._course import Course
from hone.gateway._edition import Current, Edition
from hone.gateway._estimate import Usual, estimate, require_price, used
from hone.gateway._output import Output, read_completion, read_embeddings
from hone.gateway._place import Place, place_of, place_of_vectors
from hone.gateway._prepare import Prepared, Search, body_for, wants_usage
from hone.gateway._repair import Repair, fits, judge_stream
from hone.gateway._replay import as_events
from hone.gateway._route import Route, Weights
from hone.gateway._spans import Story
from hone.gateway._visit import Visit
from hone.project import Project
from hone.providers import Model, Provider, _wire
from hone.store import CachedAnswer

DONT_KNOW = "I don't know."

Record = Callable[[Sequence[Span]], Awaitable[Any] | None]
"""Keep spans. What it returns is to be awaited before the caller gets the end of the answer."""


class Rooms(Struct, kw_only=True):
    """What the gateway is given by whoever puts the house together."""

    search: Search
    weights: Weights
    cost: Callable[[Model, Usage], float | None]
    record: Record
    renewal: Renewal  # asks the accounts of budgets
    cache: Cache | None = None
    providers: Mapping[str, Provider] = {}  # instances that stand in for the registry's
    clock: Clock = now_ns


class Gateway:
    """Answers chat completions for one project. Use from one event loop; `adopt` from any thread."""

    def __init__(self, rooms: Rooms, edition: Edition) -> None:
        """
        Raises:
            ProjectError: a model names a provider that there is not.
        """
        self._rooms = rooms
        self._asking = Asking(rooms.providers, rooms.clock)
        self._usual = Usual()
        self._going_on: set[Story] = set()
        self.admission = Admission(rooms.renewal, rooms.clock)
        self.check(edition.project)
        self._now = self._as_current(edition)

    def check(self, project: Project) -> None:
        """
        Raises:
            ProjectError: a model names a provider that there is not.
        """
        self._asking.check(project)

    def adopt(self, edition: Edition) -> None:
        """Answer by this edition from the next call on. Calls that have begun end by the one they began with.

        Call `check` first.
        """
        for alias, model in self._now.project.models.items():
            if model != edition.project.models.get(alias):
                self._asking.breakers.forget(alias)
        self._now = self._as_current(edition)

    async def chat(self, call: Call) -> Reply:
        """Answer one call. Whatever happens, a span tells of it.

        Raises:
            CallError, ProjectError, UpstreamError: nothing was sent; say it in the caller's dialect.
        """
        now = self._now
        story = self._begun(call, now)
        values: dict[str, Any] | None = None
        try:
            story.route = route = now.router.resolve(call.model, call.session, call.key, call.models)
            grant = await self._enter(call, route, story, now)
            prepared = await now.preparer.prepare(call, route, story)
            values = prepared.values
            if prepared.unknown:
                return await self._dont_know(call, story, prepared)
            place = place_of(now.project.name, call, route, prepared, story)
            with self._visit(place, story) as visit:
                known = await visit.find()
                if known is not None and await fits(prepared.contract, route.chain[0], known.body):
                    return await self._again(story, values, visit, known, read_completion(known.body), "messages")
                if known is not None:
                    story.cache = "miss"  # it was kept for somebody who asked for less
                if grant is not None:
                    await self._reserve(grant, story, prepared)
                repair = Repair(prepared, story, self._rooms.cost, self._rooms.clock)
                chain = self._asking.chain(call, route, story, repair.accept)
                asked = await self._asking.ask(chain, prepared)
                if asked.relay is not None:
                    course = Course(self._asking, chain, prepared, asked, partial(self._stream_span, story))
                    stream = self._stream(course, story, prepared, visit)
                    # Begun at once: closing it is heard, and the call recorded, even if nobody ever reads from it.
                    await anext(stream)
                    return Reply(headers=self._headers(story, None), stream=stream)
                return await self._whole(call, story, prepared, asked, visit)
        except BaseException as error:
            self._record(story, values, None, error)
            raise

    async def embeddings(self, call: Call) -> Reply:
        """Vectors of the call's `input`, by one model. Whatever happens, a span tells of it.

        Raises:
            CallError, ProjectError, UpstreamError: nothing was made; say it in the caller's dialect.
        """
        now = self._now
        story = self._begun(call, now)
        try:
            story.route = route = now.router.resolve(call.model, call.session, call.key, call.models)
            if route.task is not None:
                raise CallError(f"{route.task.name!r} is a task, and embeddings are made by a model")
            grant = await self._enter(call, route, story, now)
            with self._visit(place_of_vectors(now.project.name, call, route), story) as visit:
                if (known := await visit.find()) is not None:
                    return await self._again(story, None, visit, known, read_embeddings(known.body), "input")
                if grant is not None:
                    await self._reserve(grant, story, Prepared(fields=call.fields, own={}))
                made = await self._asking.embed(call, route.chain, story)
                story.answered = self._rooms.clock()
                body = made.answer.body or b""
                output = read_embeddings(body)
                visit.keep_as_it_is(body)
            cost = self._rooms.cost(made.model, output.usage)
            story.model_call(
                made.model,
                made.body,
                start=made.start,
                end=self._rooms.clock(),
                output=output,
                cost=cost,
                given="input",
            )
            await _kept(self._record(story, None, output, None))
            return Reply(headers=self._headers(story, cost) | made.answer.headers, body=body)
        except BaseException as error:
            self._record(story, None, None, error)
            raise

    async def count_tokens(self, call: Call) -> Counted:
        """The tokens that the first model of the chain would read: what the task makes of the call included.

        Nothing is generated, so no span tells of it.

        Raises:
            CallError, ProjectError, UpstreamError: say it in the caller's dialect.
        """
        now = self._now
        route = now.router.resolve(call.model, call.session, call.key, call.models)
        prepared = await now.preparer.prepare(call, route, self._story(call, now))
        model = route.chain[0]
        body = body_for(prepared, model.name, model.parameters, stream=False)
        tokens = await self._asking.count_tokens(call, model, body)
        return Counted(count_estimate(body), estimated=True) if tokens is None else Counted(tokens)

    def refuse(self, call: Call, error: Exception) -> None:
        """Record a call that its door could not even read."""
        self._record(self._story(call, self._now), None, None, error)

    def models(self) -> list[str]:
        """The names a caller may ask for."""
        return self._now.router.names()

    def model(self, name: str) -> Model:
        """The model of an alias, or of `provider/name`.

        Raises:
            UnknownModel: there is none.
        """
        return self._now.router.model(name)

    def resolve(self, name: str) -> Route:
        """Who would answer a call for `name`.

        Raises:
            UnknownModel: nothing has that name.
            ProjectError: the name leads to something that is not set up.
        """
        return self._now.router.resolve(name, None)

    @property
    def in_flight(self) -> int:
        """How many calls are going on now; any thread may ask."""
        return len(self._going_on)

    def open_breakers(self) -> dict[str, int]:
        """The models that are left alone now, and until when (ns); any thread may ask."""
        return self._asking.breakers.open()

    async def close(self) -> None:
        """Release every provider's connections."""
        await self._asking.close()

    # -- admitting

    async def _enter(self, call: Call, route: Route, story: Story, now: Current) -> Grant | None:
        """None where no limit holds for the call, as for most."""
        counted = now.budgets.of(call, route)
        if not counted:
            return None
        story.grant = grant = Grant(counted, self.admission)
        await grant.enter()
        return grant

    async def _reserve(self, grant: Grant, story: Story, prepared: Prepared) -> None:
        assert story.route is not None
        chain, cost = story.route.chain, self._rooms.cost
        story.expected = expected = estimate(prepared.fields, prepared.own, chain, cost, self._usual)
        budget = grant.counts_dollars
        dollars = require_price(expected, chain, cost, budget) if budget else None
        # A hedged call may be paid twice.
        times = 2 if story.route.task is not None and story.route.task.hedge is not None else 1
        await grant.reserve(None if dollars is None else times * dollars, times * (expected.input + expected.output))

    def _settle(self, story: Story) -> None:
        if story.grant is None or story.expected is None:
            return
        found = [used(model, span, story.expected, self._rooms.cost) for model, span in story.attempts]
        story.grant.settle(sum(dollars for dollars, _ in found), sum(tokens for _, tokens in found))
        for model, span in story.attempts:
            if span.output_tokens is not None:
                self._usual.learn(model.alias, span.output_tokens)

    # -- answering

    async def _whole(self, call: Call, story: Story, prepared: Prepared, asked: Asked, visit: Visit) -> Reply:
        story.answered = self._rooms.clock()
        body = asked.answer.body or b""
        output = read_completion(body)
        if _may_be_kept(call, asked):
            visit.keep(asked.model, body)
        self._model_span(story, asked, output, None, None)
        await _kept(self._record(story, prepared.values, output, None))
        headers = self._headers(story, story.cost) | asked.answer.headers
        return Reply(headers=headers, body=body)

    async def _stream(self, course: Course, story: Story, prepared: Prepared, visit: Visit) -> AsyncGenerator[bytes]:
        """Nothing, then the stream, block by block. The span is recorded before the last of it is sent."""
        recorded = False

        def record(error: BaseException | None) -> Awaitable[Any] | None:
            nonlocal recorded
            if course.asked is not None:
                self._stream_span(story, course.asked, error)
            promise = self._record(story, prepared.values, course.output, error)
            recorded = True
            return promise

        try:
            yield b""
            async with aclosing(aiter(course)) as blocks:
                async for block in blocks:
                    visit.hear(block)
                    if course.done and not recorded:
                        await self._close(course, story.call, prepared, visit, record)
                    yield block
        except BaseException as error:
            if not recorded:
                record(error)
            raise
        finally:
            await course.close()

    async def _close(
        self,
        course: Course,
        call: Call,
        prepared: Prepared,
        visit: Visit,
        record: Callable[[InvalidOutput | None], Awaitable[Any] | None],
    ) -> None:
        """The stream is complete, and its last block is not sent yet.

        Raises:
            InvalidOutput: it is not what its caller asked to be sure of.
        """
        asked = course.asked
        problem = None if asked is None else await judge_stream(prepared.contract, asked, course.output)
        if asked is not None and not course.continued and _may_be_kept(call, asked):
            visit.keep_heard(asked.model, course.output)
        await _kept(record(problem))
        if problem is not None:
            raise problem

    def _stream_span(self, story: Story, asked: Asked, error: BaseException | None) -> None:
        assert asked.relay is not None
        self._model_span(story, asked, asked.relay.output, asked.relay.first_token, error)

    async def _again(
        self, story: Story, values: Any, visit: Visit, known: CachedAnswer, output: Output, given: str
    ) -> Reply:
        """The same answer once more. Nobody was asked, so it costs nothing and no budget is charged."""
        assert visit.place is not None
        call, place, now = story.call, visit.place, self._rooms.clock()
        story.model_call(
            place.model, place.body, start=visit.begun, end=now, output=output, cost=0.0, given=given,
            first_token=now if call.stream else None, notes={"cached_trace": known.trace_id, **visit.likeness},
        )  # fmt: skip
        await _kept(self._record(story, values, output, None))
        headers = self._headers(story, 0.0)
        if not call.stream or given != "messages":
            return Reply(headers=headers, body=known.body)
        return Reply(headers=headers, stream=_send(as_events(known.body, usage=wants_usage(call))))

    async def _dont_know(self, call: Call, story: Story, prepared: Prepared) -> Reply:
        """Nothing that is known is near enough to the question, so no model is asked to make something up."""
        model, usage = "hone/no-answer", Usage(input=0, output=0)
        output = Output(
            message=to_json({"role": "assistant", "content": DONT_KNOW}), finish="stop", model=model, usage=usage
        )
        await _kept(self._record(story, prepared.values, output, None))
        headers = self._headers(story, 0.0)
        if not call.stream:
            return Reply(headers=headers, body=_wire.completion(model, DONT_KNOW, usage))
        events = _wire.chunks(model, _wire.pieces(DONT_KNOW), usage if wants_usage(call) else None)
        return Reply(headers=headers, stream=_send(events))

    # -- recording

    def _as_current(self, edition: Edition) -> Current:
        rooms = self._rooms
        return Current(edition, rooms.search, rooms.weights, self._asking.load, rooms.clock)

    def _visit(self, place: Place | None, story: Story) -> Visit:
        return Visit(self._rooms.cache, place, story, self._rooms.clock)

    def _story(self, call: Call, now: Current) -> Story:
        return Story(now.project.name, now.project.environment, now.version, call)

    def _begun(self, call: Call, now: Current) -> Story:
        """The story of a call that is going on until it is recorded."""
        story = self._story(call, now)
        self._going_on.add(story)
        return story

    def _model_span(
        self, story: Story, asked: Asked, output: Output, first_token: int | None, error: BaseException | None
    ) -> None:
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
            notes=asked.notes,
        )

    def _record(
        self, story: Story, values: Any, output: Output | None, error: BaseException | None
    ) -> Awaitable[Any] | None:
        """Hand the story over, with the span of the whole call unless a model span already is that."""
        if story.recorded:
            return None  # what came after it, such as a commit that failed, changes nothing that was told
        story.recorded = True
        self._settle(story)
        self._going_on.discard(story)
        end = self._rooms.clock()
        story.whole(end=end, values=values, output=output.message if output else None, error=error)
        story.sum_up(end=end, error=error)
        return self._rooms.record(story.told())

    def _headers(self, story: Story, cost: float | None) -> dict[str, str]:
        call, route = story.call, story.route
        headers = {"x-hone-trace-id": call.trace_id, "x-hone-span-id": call.span_id, "x-hone-cache": story.cache}
        if route is not None and route.task is not None and route.variant is not None:
            headers["x-hone-variant"] = f"{route.task.name}@{route.variant.name}"
        if cost is not None:
            headers["x-hone-cost"] = f"{cost:.10f}".rstrip("0").rstrip(".")
        if story.grant is not None:
            headers |= story.grant.headers()
        return headers


def _may_be_kept(call: Call, asked: Asked) -> bool:
    """An answer that nobody has looked at, or that is not what was asked for, is not given to the next caller."""
    return call.validate is not False and asked.notes.get("valid") is not False


async def _kept(promise: Awaitable[Any] | None) -> None:
    if promise is not None:
        await promise


async def _send(events: list[bytes]) -> AsyncGenerator[bytes]:
    for event in events:
        yield event
