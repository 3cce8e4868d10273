"""One call at the cache: what it finds there, and what it leaves."""

import asyncio
from types import TracebackType
from typing import Self

from hone.core import Clock
from hone.gateway._cache import Cache
from hone.gateway._output import Output
from hone.gateway._place import Place
from hone.gateway._replay import as_body, complete
from hone.gateway._spans import Story
from hone.providers import Model
from hone.store import CachedAnswer

_SECOND = 1_000_000_000


class Visit:
    """Within `with`, equal calls that are not streams wait for the first of them, and have its answer as hits.

    If that fails, or gives nothing that may be used again, each goes on by itself.
    """

    def __init__(self, cache: Cache | None, place: Place | None, story: Story, clock: Clock) -> None:
        """Without a place there is nothing to find or to leave."""
        self._cache = cache
        self.place = place if cache is not None else None
        self._story = story
        self._clock = clock
        self._leads: asyncio.Future[CachedAnswer | None] | None = None
        self._heard: list[bytes] = []
        self._vector: bytes | None = None
        self.likeness: dict[str, float] = {}  # how near the question was that had this answer, if it was another one
        self.begun = clock()
        if self.place is not None:
            story.cache = "miss"

    async def find(self) -> CachedAnswer | None:
        """An answer that is there, or comes meanwhile."""
        if self._cache is None or self.place is None or self._story.call.refresh:
            return None
        if not self._story.call.stream:
            flight = self._cache.flights.get(self.place.address)
            if flight is not None:
                return self._found(await asyncio.shield(flight))
            self._leads = self._cache.flights[self.place.address] = asyncio.get_running_loop().create_future()
        known = await self._cache.find(self.place)
        if known is None and (alike := await self._cache.find_alike(self.place)) is not None:
            self._vector, known = alike.vector, alike.answer
            if known is not None:
                self.likeness = {"similarity": round(alike.similarity, 4)}
        return self._found(known)

    def keep(self, model: Model, body: bytes) -> None:
        """A whole answer of a conversation has come."""
        if self.place is not None and model == self.place.model and complete(body):
            self.keep_as_it_is(body)

    def keep_as_it_is(self, body: bytes) -> None:
        """An answer has come that may be used again."""
        if self._cache is None or self.place is None:
            return
        now = self._clock()
        answer = CachedAnswer(
            address=self.place.address,
            environment=self.place.environment,
            task=self.place.task,
            body=body,
            trace_id=self._story.call.trace_id,
            created=now,
            expires=now + int(self.place.seconds * _SECOND),
        )
        self._cache.keep(answer, self.place.alike, self._vector)
        self._land(answer)

    def hear(self, block: bytes) -> None:
        """A part of a stream has come."""
        if self.place is not None:
            self._heard.append(block)

    def keep_heard(self, model: Model, output: Output) -> None:
        """The stream was complete."""
        if self.place is not None and (body := as_body(b"".join(self._heard), output.usage)) is not None:
            self.keep(model, body)
        self._heard = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._land(None)

    def _found(self, answer: CachedAnswer | None) -> CachedAnswer | None:
        if answer is not None:
            self._story.cache = "hit"
            self._land(answer)
        return answer

    def _land(self, answer: CachedAnswer | None) -> None:
        if self._cache is not None and self.place is not None and self._leads is not None and not self._leads.done():
            del self._cache.flights[self.place.address]
            self._leads.set_result(answer)
