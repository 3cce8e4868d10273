"""Asking the models of a chain, in order: again where that may help, the next one where it does not."""

import asyncio
import difflib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from hone.core import Clock
from hone.errors import CallError, ProjectError, UpstreamError, UpstreamGarbage, UpstreamRefused, UpstreamTimeout
from hone.gateway._breaker import Breakers
from hone.gateway._call import Call
from hone.gateway._prepare import Prepared, body_for, wants_usage
from hone.gateway._relay import Relay
from hone.gateway._retry import passing, pause_before, retry_after
from hone.gateway._route import Route
from hone.gateway._spans import Story
from hone.project import Project
from hone.providers import (
    Answer,
    ChatRequest,
    EmbeddingProvider,
    EmbeddingRequest,
    Model,
    Provider,
    TokenCounting,
    registry,
)

T = TypeVar("T")

_DEFAULT_SECONDS = 60.0
# The caller's own mistakes: another model would be asked the same wrong thing.
_CALLERS_FAULT = {400, 413, 415, 422}


class Asked(Struct, kw_only=True):
    """One model asked: what went out, and what began to come back, whole or as a stream whose first block is here."""

    model: Model
    body: dict[str, Raw]
    start: int
    answer: Answer
    relay: Relay | None = None
    blocks: AsyncIterator[bytes] | None = None
    first: bytes = b""
    notes: dict[str, Any] = field(default_factory=dict)  # attributes of its span


Accept = Callable[[Asked, Callable[[Prepared], Awaitable[Asked]]], Awaitable[Asked]]
"""Takes a whole answer, or asks the same model again; an `UpstreamError` leaves the call to the next model."""


class Embedded(Struct, kw_only=True):
    """Vectors that came back, and what went out for them."""

    body: dict[str, Raw]
    start: int
    answer: Answer


class Asking:
    """Holds the providers and what is known of their health. Use from one event loop."""

    def __init__(self, providers: Mapping[str, Provider], clock: Clock) -> None:
        """`providers` stand in for the registry's."""
        self._given = frozenset(providers)
        self._providers: dict[str, Provider] = dict(providers)
        self._clock = clock
        self.breakers = Breakers(clock)

    def check(self, project: Project) -> None:
        """A slip in `use` is said when the project is read, not to the first caller.

        Raises:
            ProjectError: a model names a provider that there is not.
        """
        known = {*self._given, *registry.names()}
        for place, use in _named(project):
            provider, _, name = use.partition("/")
            if provider not in known:
                near = difflib.get_close_matches(provider, known, n=1)
                hint = f"did you mean `{near[0]}/{name}`?" if near else f"there are: {', '.join(sorted(known))}"
                raise ProjectError(f"no provider {provider!r} (hone.toml, {place})", hint=hint)

    async def ask(self, call: Call, route: Route, prepared: Prepared, story: Story, accept: Accept) -> Asked:
        """The first model of the chain that answers; every failed attempt leaves a span."""
        seconds = route.task.timeout if route.task and route.task.timeout else _DEFAULT_SECONDS
        problem: BaseException = AssertionError("a route has at least one model")
        for model in self._order(route.chain):
            try:
                put = partial(self._put, model, call, story, seconds)
                asked = await put(prepared)
                return asked if call.stream else await accept(asked, put)
            except (UpstreamError, ProjectError) as error:
                if not _another_may_answer(error):
                    raise
                problem = error
        raise problem

    def _order(self, chain: Sequence[Model]) -> Iterator[Model]:
        """The models as they stand, those whose breaker is open last. Whoever is not needed is not probed."""
        waiting = []
        for model in chain:
            if self.breakers.allows(model.alias):
                yield model
            else:
                waiting.append(model)
        yield from waiting

    async def embed(self, call: Call, model: Model, story: Story) -> Embedded:
        """Vectors of one model: those of another one would not go with them, so nothing falls over.

        Raises:
            CallError: the model makes none.
        """
        fields = {name: raw for name, raw in call.fields.items() if name != "hone"}
        parameters = {name: Raw(msgspec.json.encode(value)) for name, value in model.parameters.items()}
        body = parameters | fields | {"model": Raw(msgspec.json.encode(model.name))}

        async def once() -> Embedded:
            start = self._clock()
            try:
                model.require()
                provider = self._provider(model)
                if not isinstance(provider, EmbeddingProvider):
                    raise CallError(f"{model.alias} makes no embeddings")
                request = EmbeddingRequest(body=msgspec.json.encode(body), timeout=_DEFAULT_SECONDS)
                answer = await self._in_time(model, provider.embeddings(model, request), _DEFAULT_SECONDS)
                return Embedded(body=body, start=start, answer=answer)
            except BaseException as error:
                story.model_call(model, body, start=start, end=self._clock(), error=error, given="input")
                raise

        # Nobody else could answer, so an open breaker stops nobody; what comes of it is noted all the same.
        return await self._patiently(model, _DEFAULT_SECONDS, once)

    async def count_tokens(self, call: Call, model: Model, body: dict[str, Raw]) -> int | None:
        """The tokens of a request, as the model's vendor counts them; None where it does not say."""
        model.require()
        provider = self._provider(model)
        if not isinstance(provider, TokenCounting):
            return None
        counting = provider.count_tokens(model, _request(call, body, _DEFAULT_SECONDS))
        return await self._in_time(model, counting, _DEFAULT_SECONDS)

    async def close(self) -> None:
        """Release every provider's connections."""
        for provider in self._providers.values():
            await provider.close()

    async def _patiently(self, model: Model, seconds: float, once: Callable[[], Awaitable[T]]) -> T:
        """One model, as often as its `retries` allow, within the time of the call."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        for attempt in itertools.count(1):
            try:
                asked = await once()
            except UpstreamError as error:
                if passing(error):
                    self.breakers.failed(model.alias, retry_after(error))
                else:
                    self.breakers.undecided(model.alias)
                pause = pause_before(attempt, error, retries=model.retries, left=end - loop.time())
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            except BaseException:
                self.breakers.undecided(model.alias)
                raise
            else:
                self.breakers.succeeded(model.alias)
                return asked
        raise AssertionError("counting does not end")

    async def _put(self, model: Model, call: Call, story: Story, seconds: float, prepared: Prepared) -> Asked:
        return await self._patiently(model, seconds, partial(self._once, model, call, prepared, story, seconds))

    async def _once(self, model: Model, call: Call, prepared: Prepared, story: Story, seconds: float) -> Asked:
        body = body_for(prepared, model.name, model.parameters, stream=call.stream)
        request = _request(call, body, seconds)
        start = self._clock()
        try:
            model.require()
            asked = Asked(model=model, body=body, start=start, answer=await self._answer(model, request))
            if call.stream:
                await self._begin(asked, wants_usage(call))
        except BaseException as error:
            story.model_call(model, body, start=start, end=self._clock(), error=error)
            raise
        return asked

    async def _answer(self, model: Model, request: ChatRequest) -> Answer:
        """The answer of one model; a whole one within the time limit, a stream's beginning."""
        asked = self._provider(model).chat(model, request)
        return await asked if request.stream else await self._in_time(model, asked, request.timeout)

    async def _in_time(self, model: Model, work: Awaitable[T], seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError:
            raise UpstreamTimeout(f"{model.alias} did not answer within {seconds:g} s") from None

    async def _begin(self, asked: Asked, keep_usage: bool) -> None:
        """Read a stream up to its first block: until then another model can still answer."""
        if asked.answer.chunks is None:
            raise UpstreamGarbage(f"{asked.model.alias} answered a request for a stream with a whole body")
        asked.relay = Relay(asked.answer.chunks, keep_usage=keep_usage, clock=self._clock)
        asked.blocks = aiter(asked.relay)
        try:
            asked.first = await anext(asked.blocks)
        except BaseException:
            await asked.answer.close()
            raise

    def _provider(self, model: Model) -> Provider:
        if model.provider not in self._providers:
            self._providers[model.provider] = registry.load(model.provider)()
        return self._providers[model.provider]


def _request(call: Call, body: dict[str, Raw], seconds: float) -> ChatRequest:
    return ChatRequest(
        body=msgspec.json.encode(body),
        dialect=call.dialect,
        stream=call.stream,
        headers=call.headers,
        timeout=seconds,
    )


def _named(project: Project) -> Iterator[tuple[str, str]]:
    """Every `provider/name` of the project, and where it stands."""
    for alias, model in project.models.items():
        yield f"models.{alias}.use", model.use
    for task in project.tasks.values():
        for variant in task.variants.values():
            yield from ((f"tasks.{task.name}.models", name) for name in variant.models if name not in project.models)


def _another_may_answer(error: UpstreamError | ProjectError) -> bool:
    return not isinstance(error, UpstreamRefused) or error.status not in _CALLERS_FAULT
