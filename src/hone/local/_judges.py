"""Judges put together: questions go through the house's gateway, answers are kept, cards are found."""

import asyncio
import hashlib
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hone.client import Connection, Reply, RunRequest, reply_from
from hone.core import is_strict, to_json
from hone.errors import CallError, InvalidOutput, NotAllowed, UpstreamRefused
from hone.evals import Ask, Evaluator, Given, Question, Told
from hone.evals.judges._card import Cards
from hone.evals.judges._own import Own, own_judge
from hone.local._calling import call_of
from hone.local._near import Near
from hone.local._plane import Plane
from hone.project import cleared
from hone.store import CachedAnswer

TAGS = ("eval", "judge")
"""The tags of every call of a judge; the evaluator's name is the third one."""

KEPT = "judges"
"""Under this name `hone cache show` counts the answers of judges, and `hone cache clear --task judges` forgets them."""

_FORMAT = 1  # of what is hashed and kept; another one finds nothing of this one
_USUAL = {"temperature": 0}
_YEARS = 100 * 365 * 86_400 * 1_000_000_000  # ns; until somebody clears them
_CHOOSY = ("temperature", "seed")  # what some models refuse


class Tally(Struct):
    """What judging has taken. `cost` is in dollars; `unpriced` are calls whose cost is unknown."""

    calls: int = 0
    kept: int = 0  # answers that were there already
    cost: float = 0.0
    unpriced: int = 0


class Judging:
    """Asks models for evaluators; see `hone.evals.Ask`. Any event loop and thread may use it.

    Temperature is 0 and the seed the number of the repeat, unless the model's parameters or the question's say
    otherwise. An answer is kept by all that it depends on, so that judging again costs nothing; those of models with a
    mark of privacy are not kept. Equal questions at one time are asked once.
    """

    def __init__(
        self, house: Plane, connection: "Connection | Near[Plane]", *, concurrency: int = 16, keep: bool = True
    ) -> None:
        """`concurrency` is of calls of all judges together."""
        self.house = house
        self._connection = connection
        self._keep = keep
        self._slots = _Slots(concurrency)
        self._shelf = _Shelf(house)
        self._lock = threading.Lock()
        self._flights: dict[str, Future[Told | None]] = {}
        self._refused: dict[str, set[str]] = {}  # parameters, by the model that does not take them
        self.tally = Tally()

    def cleared(self, mark: str | None) -> Ask:
        """Asks the same, but for a task that is marked as private: models with that mark alone."""

        async def ask(question: Question) -> Told:
            self._check(question.model or self.usual(), mark)
            return await self(question)

        return self if mark is None else ask

    async def __call__(self, question: Question) -> Told:
        """
        Raises:
            ProjectError, CallError, UpstreamError: no such model, no answer, or none that fits the schema.
        """
        model = question.model or self.usual()
        asked = replace(question, model=model, parameters=self._parameters(model, question))
        if not self._keep or self._private(model):
            return self._counted(await self._asked(asked))
        address = self.address(asked)
        while True:
            with self._lock:
                flight = self._flights.get(address)
                if flight is None:
                    self._flights[address] = mine = _running()
                    break
            if (found := await asyncio.wrap_future(flight)) is not None:
                return self._counted(replace(found, cost=0.0, cached=True))
        return self._counted(await self._flown(address, asked, mine))

    def usual(self) -> str:
        """The model that judges where none is named: that of the project's judges, or its only one.

        Raises:
            CallError: there is not just one.
        """
        project = self.house.project
        named = {each.model for each in project.judges.values()} or {*project.models, *project.balanced}
        if len(named) != 1:
            known = ", ".join(sorted(named)) or "none"
            raise CallError(
                f"which model judges is not said: there are {known}",
                hint='name it, as in {"type": "llm-rubric", "value": "...", "model": "fast"}, or in [judges.NAME]',
            )
        return named.pop()

    def identity(self, model: str | None) -> str:
        """What tells a model's configuration from another's: vendor, name, place and parameters, not the alias."""
        name = model or self.usual()
        project = self.house.project
        parts: list[Any] = []
        for alias in project.deployments(name):
            config = project.models.get(alias)
            parts.append([alias] if config is None else [config.use, config.base_url, config.parameters])
        return to_json(parts)

    def address(self, question: Question) -> str:
        """SHA-256 of all that an answer depends on."""
        parts = {
            "format": _FORMAT,
            "model": self.identity(question.model),
            "messages": question.messages,
            "schema": question.schema,
            "parameters": question.parameters,
            "repeat": question.repeat,
        }
        plain = msgspec.json.decode(to_json(parts))
        return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()

    def close(self) -> None:
        """Write what is not written."""
        self._shelf.close()

    async def _flown(self, address: str, question: Question, mine: "Future[Told | None]") -> Told:
        found: Told | None = None
        try:
            found = await asyncio.to_thread(self._shelf.get, address)
            if found is None:
                found = await self._asked(question)
                await asyncio.wrap_future(self._shelf.put(address, found))
            return found
        finally:
            with self._lock:
                del self._flights[address]
            mine.set_result(found)  # whoever waits and is told nothing asks for itself

    async def _asked(self, question: Question) -> Told:
        assert question.model is not None
        async with self._slots:
            try:
                return await self._once(question)
            except UpstreamRefused as refusal:
                without = _refused(refusal, question.parameters)
                if not without:
                    raise
                self._refused.setdefault(self.identity(question.model), set()).update(without)
                return await self._once(question)

    async def _once(self, question: Question) -> Told:
        assert question.model is not None
        refused = self._refused.get(self.identity(question.model), set())
        fields = {name: value for name, value in question.parameters.items() if name not in refused}
        if question.schema is not None:
            fields["response_format"] = _format(question.schema, question.name)
        tags = (*TAGS, *([question.name] if question.name else []))
        request = RunRequest(
            task=question.model, messages=question.messages, parameters=fields, tags=tags, cache=False,
            validate=question.schema is not None,
        )  # fmt: skip
        return told_from(await self._sent(request), parsed=question.schema is not None)

    async def _sent(self, request: RunRequest) -> Reply:
        if not isinstance(self._connection, Near):
            return await self._connection.arun(request)
        return await asyncio.wrap_future(self._connection.loop.submit(_chat(self._connection.house, request)))

    def _parameters(self, model: str, question: Question) -> dict[str, Any]:
        config = self.house.project.models.get(model)
        own = {} if config is None else config.parameters
        usual = {name: value for name, value in {**_USUAL, "seed": question.repeat}.items() if name not in own}
        return {name: value for name, value in {**usual, **question.parameters}.items() if value is not None}

    def _check(self, model: str, mark: str | None) -> None:
        """
        Raises:
            NotAllowed: a model that the name stands for is not cleared for what is marked so.
        """
        for alias in self.house.project.deployments(model):
            config = self.house.project.models.get(alias)
            provider = config.provider if config else alias.partition("/")[0]
            if not cleared(mark, config.privacy if config else None, provider):
                raise NotAllowed(
                    f"the task is {mark}, and the model {alias!r} that would judge it is not cleared for that",
                    hint=f'privacy = "{mark}" in [models.{alias}], if it may see it',
                )

    def _private(self, model: str) -> bool:
        models = self.house.project.models
        return any(each in models and models[each].privacy for each in self.house.project.deployments(model))

    def _counted(self, told: Told) -> Told:
        with self._lock:
            if told.cached:
                self.tally.kept += 1
            else:
                self.tally.calls += 1
                self.tally.cost += told.cost or 0.0
                self.tally.unpriced += told.cost is None
        return told


def judging(given: Given, ask: Judging, *, mark: str | None = None) -> Given:
    """What evaluators are given, with the project's judges, a model to ask unless there is one, and every judge's card.

    `mark` is the task's, where it is private.
    """
    return replace(
        given, ask=given.ask or ask.cleared(mark), models=ask.identity, judges=judges_of(ask.house),
        card=cards_of(ask.house).sentence,
    )  # fmt: skip


def cards_of(house: Plane) -> Cards:
    """What calibration has found, beside the project's state."""
    return Cards(house.project.state / "judges")


def judges_of(house: Plane) -> dict[str, Callable[[Given], Evaluator]]:
    """The judges of hone.toml as evaluators, by name."""
    made: dict[str, Callable[[Given], Evaluator]] = {}
    for name, config in house.project.judges.items():
        metric = house.project.metrics.get(name)
        own = Own(
            name=name,
            prompt=house.prompts[config.prompt],
            models=config.models,
            kind=config.kind,
            scale=config.scale,
            categories=config.categories,
            votes=config.votes,
            reducer=config.reducer,
            parameters=config.parameters,
            direction=metric.direction if metric else "up",
        )
        made[name] = own_judge(own)
    return made


def told_from(reply: Reply, *, parsed: bool) -> Told:
    """
    Raises:
        InvalidOutput: JSON was asked for, and it is none.
    """
    value = None
    if parsed:
        try:
            value = msgspec.json.decode(reply.text)
        except msgspec.DecodeError:
            raise InvalidOutput(f"the judge's answer is no JSON: {reply.text[:200]!r}") from None
    return Told(
        text=reply.text,
        value=value,
        model=reply.model or "",
        cost=reply.cost,
        logprobs=reply.logprobs,
        tops=reply.tops,
        trace_id=reply.trace_id or None,
        span_id=reply.span_id or None,
    )


async def _chat(plane: Plane, request: RunRequest) -> Reply:
    reply = await plane.gateway.chat(call_of(request, plane.clock()))
    return reply_from(reply.body or b"", reply.headers)


def _format(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    named = "".join(each if each.isascii() and (each.isalnum() or each in "_-") else "_" for each in name)[:64]
    return {
        "type": "json_schema",
        "json_schema": {"name": named or "verdict", "schema": schema, "strict": is_strict(schema)},
    }


def _refused(refusal: UpstreamRefused, parameters: Mapping[str, Any]) -> list[str]:
    """The parameters of ours that a model says it does not take."""
    if refusal.status != 400:
        return []
    said = refusal.body.decode("utf-8", "replace").lower()
    quoted = said.replace("\\", "").replace('"', "'").replace("`", "'")
    return [name for name in _CHOOSY if name in parameters and f"'{name}'" in quoted]


def _running() -> "Future[Any]":
    """A future that is not cancelled with one of those who wait for it."""
    made = Future[Any]()
    made.set_running_or_notify_cancel()
    return made


class _Slots:
    """At most so many at once, whichever event loops they run on."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._lock = threading.Lock()
        self._waiting: deque[Future[None]] = deque()

    async def __aenter__(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = Future[None]()
            self._waiting.append(turn)
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            if not turn.cancel() and not turn.cancelled():
                self._release()  # it was given a place and does not take it
            raise

    async def __aexit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        with self._lock:
            while self._waiting:
                if self._waiting[0].set_running_or_notify_cancel():
                    self._waiting.popleft().set_result(None)
                    return
                self._waiting.popleft()
            self._free += 1


class _Shelf:
    """The answers of judges, among those that the database keeps. What comes at one time is written in one commit."""

    def __init__(self, house: Plane) -> None:
        self.house = house
        self._lock = threading.Lock()
        self._waiting: list[tuple[CachedAnswer, Future[None]]] = []
        self._thread = ThreadPoolExecutor(1, "hone-judges-writer")

    def get(self, address: str) -> Told | None:
        kept = self.house.answers.get(address)
        if kept is None or kept.task != KEPT:
            return None
        return replace(msgspec.json.decode(kept.body, type=Told), cost=0.0, cached=True)

    def put(self, address: str, told: Told) -> "Future[None]":
        """Done when it is durable."""
        now = self.house.clock()
        answer = CachedAnswer(
            address=address,
            environment=self.house.project.environment,
            task=KEPT,
            body=msgspec.json.encode(told),
            trace_id=told.trace_id or "",
            created=now,
            expires=now + _YEARS,
        )
        done: Future[None] = _running()
        with self._lock:
            self._waiting.append((answer, done))
            if len(self._waiting) == 1:
                self._thread.submit(self._write)
        return done

    def close(self) -> None:
        self._thread.shutdown()

    def _write(self) -> None:
        with self._lock:
            some, self._waiting = self._waiting, []
        try:
            self.house.answers.put([answer for answer, _ in some])
        except BaseException as problem:
            for _, done in some:
                done.set_exception(problem)
        else:
            for _, done in some:
                done.set_result(None)
