"""Asking the models of a chain, in order: again where that may help, the next one where it does not."""

import asyncio
import difflib
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from hone.core import Clock
from hone.errors import CallError, ProjectError, UpstreamError, UpstreamRefused
from hone.gateway._attempt import Asked, attempt, request_of
from hone.gateway._breaker import Breakers
from hone.gateway._call import Call
from hone.gateway._continuation import going_on
from hone.gateway._load import Load
from hone.gateway._prepare import Prepared
from hone.gateway._race import LOST, NobodyLeft, race
from hone.gateway._retry import passing, pause_before, retry_after
from hone.gateway._route import Route
from hone.gateway._spans import Story
from hone.gateway._timeouts import TOTAL, Limit, Patience, limit, within
from hone.project import OnCut, Project, Timeout
from hone.providers import Answer, EmbeddingProvider, EmbeddingRequest, Model, Provider, TokenCounting, registry

T = TypeVar("T")

# The caller's own mistakes: another model would be asked the same wrong thing.
_CALLERS_FAULT = {400, 413, 415, 422}


Accept = Callable[[Asked, Callable[[Prepared], Awaitable[Asked]]], Awaitable[Asked]]
"""Takes a whole answer, or asks the same model again; an `UpstreamError` leaves the call to the next model."""


class Embedded(Struct, kw_only=True):
    """Vectors that came back, and what went out for them."""

    model: Model
    body: dict[str, Raw]
    start: int
    answer: Answer


class Chain:
    """One call on its way along its models: those that are left to ask, and the time for all of them."""

    def __init__(self, call: Call, route: Route, story: Story, models: Iterator[Model], accept: Accept) -> None:
        self.call = call
        self.story = story
        self.models = models
        self.accept = accept
        task = route.task
        self.timeout: Timeout | None = task.timeout if task else None
        self.hedge = task.hedge if task else None
        self.on_cut: OnCut = call.on_cut or (task.on_cut if task else "restart")
        self.total: Limit = limit("total", (self.timeout and self.timeout.total) or TOTAL, "the call")
        self.said = ""  # by models whose stream was cut, so that the next one goes on with it


class Asking:
    """Holds the providers and what is known of their health. Use from one event loop."""

    def __init__(self, providers: Mapping[str, Provider], clock: Clock) -> None:
        """`providers` stand in for the registry's."""
        self._given = frozenset(providers)
        self._providers: dict[str, Provider] = dict(providers)
        self._clock = clock
        self.breakers = Breakers(clock)
        self.load = Load(clock)

    def check(self, project: Project) -> None:
        """A slip in `use` is said when the project is read, not to the first caller.

        Raises:
            ProjectError: a model names a provider that there is not.
        """
        for place, use in _named(project):
            provider, _, name = use.partition("/")
            if provider not in self._given and provider not in registry:
                known = {*self._given, *registry.names()}
                near = difflib.get_close_matches(provider, known, n=1)
                hint = f"did you mean `{near[0]}/{name}`?" if near else f"there are: {', '.join(sorted(known))}"
                raise ProjectError(f"no provider {provider!r} (hone.toml, {place})", hint=hint)

    def chain(self, call: Call, route: Route, story: Story, accept: Accept) -> Chain:
        """The way of a call that begins now. `accept` takes each whole answer, or does not."""
        return Chain(call, route, story, self._order(route.chain), accept)

    async def ask(self, chain: Chain, prepared: Prepared) -> Asked:
        """The first model that answers, of those that are left; every failed attempt leaves a span."""
        if chain.hedge is None or chain.said:
            return await self._along(chain, prepared)

        async def lost(asked: Asked) -> None:
            await asked.answer.close()
            error, output = asyncio.CancelledError(LOST), asked.relay.output if asked.relay else None
            start, end = asked.start, self._clock()
            chain.story.model_call(asked.model, asked.body, start=start, end=end, output=output, error=error)

        return await race(partial(self._along, chain, prepared), chain.hedge, lost=lost, final=_final)

    async def _along(self, chain: Chain, prepared: Prepared) -> Asked:
        """
        Raises:
            NobodyLeft: every model has been asked before.
        """
        problem: BaseException = NobodyLeft()
        for model in chain.models:
            patience = Patience(model.alias, chain.timeout, model.timeout, chain.total)
            put = partial(self._put, model, chain, patience)
            try:
                asked = await put(prepared)
                if not chain.call.stream:
                    self.breakers.succeeded(model.alias)
                    asked = await chain.accept(asked, put)
            except (UpstreamError, ProjectError) as error:
                if chain.total.passed or not _another_may_answer(error):
                    raise
                problem = error
            else:
                return asked
        raise problem

    def ended(self, model: Model, error: UpstreamError | None) -> None:
        """A stream of the model came to its end, or was cut."""
        if error is None:
            self.breakers.succeeded(model.alias)
        elif passing(error):
            self.breakers.failed(model.alias)

    def _order(self, chain: Sequence[Model]) -> Iterator[Model]:
        """The models as they stand, those whose breaker is open last. Whoever is not needed is not probed."""
        waiting = []
        for model in chain:
            if self.breakers.allows(model.alias):
                yield model
            else:
                waiting.append(model)
        yield from waiting

    async def embed(self, call: Call, chain: Sequence[Model], story: Story) -> Embedded:
        """Vectors of one model. Only its other deployments may answer in its place: those of another model would not go
        with them.

        Raises:
            CallError: the model makes none.
        """
        total = limit("total", TOTAL, "the call")
        problem: BaseException = NobodyLeft()
        for model in self._order(chain):
            patience = Patience(model.alias, None, model.timeout, total)
            try:
                once = partial(self._embed, call, model, story, patience)
                made = await self._patiently(model, patience.pauses(stream=False), once)
            except (UpstreamError, ProjectError) as error:
                if total.passed or not _another_may_answer(error):
                    raise
                problem = error
            else:
                self.breakers.succeeded(model.alias)
                return made
        raise problem

    async def _embed(self, call: Call, model: Model, story: Story, patience: Patience) -> Embedded:
        fields = {name: raw for name, raw in call.fields.items() if name != "hone"}
        parameters = {name: Raw(msgspec.json.encode(value)) for name, value in model.parameters.items()}
        body = parameters | fields | {"model": Raw(msgspec.json.encode(model.name))}
        start = self._clock()
        try:
            model.require()
            provider = self._provider(model)
            if not isinstance(provider, EmbeddingProvider):
                raise CallError(f"{model.alias} makes no embeddings")
            request = EmbeddingRequest(body=msgspec.json.encode(body), timeout=patience.provider(stream=False))
            answer = await within(patience.answer(stream=False), provider.embeddings(model, request))
            return Embedded(model=model, body=body, start=start, answer=answer)
        except BaseException as error:
            story.model_call(model, body, start=start, end=self._clock(), error=error, given="input")
            raise

    async def count_tokens(self, call: Call, model: Model, body: dict[str, Raw]) -> int | None:
        """The tokens of a request, as the model's vendor counts them; None where it does not say."""
        model.require()
        provider = self._provider(model)
        if not isinstance(provider, TokenCounting):
            return None
        patience = Patience(model.alias, None, model.timeout, limit("total", TOTAL, "the call"))
        request = request_of(call, body, patience.provider(stream=False))
        return await within(patience.answer(stream=False), provider.count_tokens(model, request))

    async def close(self) -> None:
        """Release every provider's connections."""
        for provider in self._providers.values():
            await provider.close()

    async def _patiently(self, model: Model, seconds: float, once: Callable[[], Awaitable[T]]) -> T:
        """One model, as often as its `retries` allow, and no pause that ends later than `seconds` from now."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        for number in itertools.count(1):
            try:
                asked = await once()
            except UpstreamError as error:
                if passing(error):
                    self.breakers.failed(model.alias, retry_after(error))
                else:
                    self.breakers.undecided(model.alias)
                pause = pause_before(number, error, retries=model.retries, left=end - loop.time())
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            except BaseException:
                self.breakers.undecided(model.alias)
                raise
            else:
                self.breakers.undecided(model.alias)  # a stream that has begun may yet be cut
                return asked
        raise AssertionError("counting does not end")

    async def _put(self, model: Model, chain: Chain, patience: Patience, prepared: Prepared) -> Asked:
        once = partial(self._once, model, chain, prepared, patience)
        return await self._patiently(model, patience.pauses(stream=chain.call.stream), once)

    async def _once(self, model: Model, chain: Chain, prepared: Prepared, patience: Patience) -> Asked:
        prepared = going_on(prepared, chain.said, model.provider)
        asking = attempt(model, self._provider(model), chain.call, prepared, chain.story, patience, self._clock)
        return await asking if model.balanced is None else await self._counted(asking, model.alias)

    async def _counted(self, asking: Awaitable[Asked], alias: str) -> Asked:
        """The model is busier until its answer is over, and known to be as quick as that answer began."""
        self.load.begun(alias)
        try:
            asked = await asking
        except BaseException:
            self.load.ended(alias)
            raise
        self.load.answered(alias, self._clock() - asked.start)
        busy, close = [alias], asked.answer.close

        async def end() -> None:
            if busy:
                self.load.ended(busy.pop())
            await close()

        asked.answer.close = end
        if asked.relay is None:
            await end()  # all of it is here
        return asked

    def _provider(self, model: Model) -> Provider:
        if model.provider not in self._providers:
            self._providers[model.provider] = registry.load(model.provider)()
        return self._providers[model.provider]


def _named(project: Project) -> Iterator[tuple[str, str]]:
    """Every `provider/name` of the project, and where it stands."""
    for alias, model in project.models.items():
        yield f"models.{alias}.use", model.use
    for task in project.tasks.values():
        for variant in task.variants.values():
            direct = (name for name in variant.models if name not in project.models and name not in project.balanced)
            yield from ((f"tasks.{task.name}.models", name) for name in direct)


def _final(error: BaseException) -> bool:
    """No other model is to be asked after it."""
    if isinstance(error, NobodyLeft):
        return False
    return not isinstance(error, UpstreamError | ProjectError) or not _another_may_answer(error)


def _another_may_answer(error: UpstreamError | ProjectError) -> bool:
    return not isinstance(error, UpstreamRefused) or error.status not in _CALLERS_FAULT
