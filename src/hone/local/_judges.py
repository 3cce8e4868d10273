"""Judges put together: questions go through the house's gateway, and answers are kept."""

import asyncio
import hashlib
import itertools
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hone.client import Connection, Reply, RunRequest
from hone.core import is_strict, to_json
from hone.errors import CallError, InvalidOutput, NotAllowed, RateLimited, UpstreamError, UpstreamRefused
from hone.evals import Ask, Question, Told
from hone.gateway import passing, retry_after
from hone.local._configuration import identity
from hone.local._near import Near
from hone.local._plane import Plane
from hone.local._shelf import Shelf, running
from hone.local._slots import Slots
from hone.project import cleared

TAGS = ("eval", "judge")
"""The tags of every call of a judge; the evaluator's name is the third one."""

_FORMAT = 1  # of what is hashed and kept; another one finds nothing of this one
_USUAL = {"temperature": 0}
_FIRST = 0.5  # seconds before a second try; doubled with each
_PATIENT = 20  # tries while a limit of our own is in the way
_LOCKED = (401, 403)  # the key is wrong: no answer is to blame
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
        self,
        house: Plane,
        connection: "Connection | Near[Plane]",
        *,
        concurrency: int = 16,
        retries: int = 2,
        keep: bool = True,
    ) -> None:
        """`concurrency` is of calls of all judges together; `retries` of a call whose failure may pass."""
        self.house = house
        self._connection = connection
        self._retries = retries
        self._keep = keep
        self._slots = Slots(concurrency)
        self._shelf = Shelf(house)
        self._lock = threading.Lock()
        self._flights: dict[str, Future[Told | None]] = {}
        self._without: dict[str, set[str]] = {}  # parameters, by the model that does not take them
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
                    self._flights[address] = mine = running()
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
                hint="""-e '{"type": "llm-rubric", "value": "...", "model": "fast"}', or [judges.NAME] in hone.toml""",
            )
        return named.pop()

    def identity(self, model: str | None) -> str:
        """What tells a model's configuration from another's: vendor, name, place and parameters, not the alias."""
        return to_json(identity(self.house.project, model or self.usual()))

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
        """Again where that may help: after a failure that may pass, and without what the model does not take."""
        assert question.model is not None
        async with self._slots:
            for number in itertools.count():
                try:
                    return await self._once(question)
                except RateLimited as limit:
                    if number >= _PATIENT:
                        raise
                    await asyncio.sleep(float(limit.details.get("retry_after", 1.0)))
                except UpstreamRefused as refusal:
                    without = self._without.setdefault(self.identity(question.model), set())
                    if more := _refused(refusal, question.parameters.keys() - without):
                        without.update(more)
                    elif refusal.status in _LOCKED:
                        raise NotAllowed(f"the judge {question.model!r} cannot be asked: {refusal.message}") from None
                    else:
                        await self._pause(refusal, number)
                except UpstreamError as problem:
                    await self._pause(problem, number)
        raise AssertionError("counting does not end")

    async def _pause(self, problem: UpstreamError, number: int) -> None:
        """
        Raises:
            UpstreamError: the problem itself, where another try would not help or there were enough.
        """
        if number >= self._retries or isinstance(problem, InvalidOutput) or not passing(problem):
            raise problem
        asked = retry_after(problem)
        await asyncio.sleep(_FIRST * 2**number if asked is None else asked)

    async def _once(self, question: Question) -> Told:
        assert question.model is not None
        refused = self._without.get(self.identity(question.model), set())
        fields = {name: value for name, value in question.parameters.items() if name not in refused}
        if question.schema is not None:
            fields["response_format"] = _format(question.schema, question.name)
        tags = (*TAGS, *([question.name] if question.name else []))
        request = RunRequest(
            task=question.model, messages=question.messages, parameters=fields, tags=tags, cache=False,
            validate=question.schema is not None,
        )  # fmt: skip
        reply: Reply | None = None
        try:
            reply = await self._connection.arun(request)
            return told_from(reply, parsed=question.schema is not None)
        except InvalidOutput:
            self._paid(reply)
            raise

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

    def _paid(self, reply: Reply | None) -> None:
        """Count an answer that was paid for and is none."""
        cost = None if reply is None else reply.cost
        with self._lock:
            self.tally.calls += 1
            self.tally.cost += cost or 0.0
            self.tally.unpriced += cost is None

    def _counted(self, told: Told) -> Told:
        with self._lock:
            if told.cached:
                self.tally.kept += 1
            else:
                self.tally.calls += 1
                self.tally.cost += told.cost or 0.0
                self.tally.unpriced += told.cost is None
        return told


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


def _format(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    named = "".join(each if each.isascii() and (each.isalnum() or each in "_-") else "_" for each in name)[:64]
    return {
        "type": "json_schema",
        "json_schema": {"name": named or "verdict", "schema": schema, "strict": is_strict(schema)},
    }


def _refused(refusal: UpstreamRefused, parameters: Iterable[str]) -> list[str]:
    """The parameters of ours that a model says it does not take."""
    if refusal.status != 400:
        return []
    said = refusal.body.decode("utf-8", "replace").lower()
    quoted = said.replace("\\", "").replace('"', "'").replace("`", "'")
    return [name for name in parameters if name in _CHOOSY and f"'{name}'" in quoted]
