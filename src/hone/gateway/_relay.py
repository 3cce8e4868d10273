"""Relays a stream: the upstream's own bytes go on, whole events at a time, while each is read once on the way."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec

from hone.core import Clock
from hone.errors import UpstreamCut, UpstreamError, UpstreamGarbage, UpstreamRefused, UpstreamTimeout
from hone.gateway._call import Sink
from hone.gateway._output import Gathered, Output, read_event
from hone.gateway._timeouts import Limit
from hone.providers import Pour
from hone.providers._sse import Splitter, payload_of
from hone.providers._wire import DONE

_DRAIN_SECONDS = 0.2


class Relay:
    """One stream on its way through. Iterate once; then `output` and `first_token` say what went by."""

    def __init__(
        self, chunks: AsyncIterator[bytes], *, keep_usage: bool, clock: Clock, total: Limit | None = None
    ) -> None:
        """`keep_usage`: the caller asked for the usage event; otherwise it is ours alone and is taken out."""
        self._chunks = chunks
        self._total = total
        self._keep_usage = keep_usage
        self._clock = clock
        self._gathered = Gathered()
        self._events = Splitter()
        self._problem: UpstreamError | None = None  # that came in one piece with what went on
        self.done = False
        self.first_token: int | None = None  # ns since the epoch

    @property
    def output(self) -> Output:
        """What the model has said so far."""
        return self._gathered.output()

    @property
    def unfinished_text(self) -> str | None:
        """See `Gathered.unfinished_text`."""
        return self._gathered.unfinished_text()

    @property
    def speaks(self) -> bool:
        """Has the model said something, or why it does not?"""
        return self.first_token is not None or self.done or self._gathered.finished

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Blocks of whole events. The last block ends with `[DONE]`, and `done` is true when it is yielded.

        Raises:
            UpstreamCut: the stream ended before it was complete.
            UpstreamGarbage: an event is not in the dialect.
            UpstreamRefused: the upstream sent an error event.
            UpstreamTimeout: it did not end in time.
        """
        events = self._events
        async for chunk in self._in_time():
            block, self._problem = self._pass(events.feed(chunk))
            if block:
                yield block
            if self._problem is not None:
                raise self._problem
            if self.done:
                await self._drain()
                return
            events.check()
        yield self._unmarked_end()

    async def pour(self, pour: Pour, sink: Sink) -> bytes:
        """What iterating would go on with, given to `sink` as it comes; but the last block, which is returned.

        Nothing is returned where the last one has been had already.

        Raises:
            the errors of iterating.
        """
        last = b""

        def take(chunk: bytes) -> bool:
            nonlocal last
            block, self._problem = self._pass(self._events.feed(chunk))
            if self.done:
                last = block
                return False
            ready = sink(block)
            if self._problem is None:
                self._problem = self._events.too_long()
            return ready and self._problem is None

        try:
            while self.done or self._problem is not None or await pour(take):
                if self._problem is not None:
                    raise self._problem
                if self.done:
                    await self._drain()
                    return last
                await sink.drain()
        except UpstreamTimeout:
            if self._total is not None and self._total.passed:
                raise self._total.error() from None
            raise
        return self._unmarked_end()

    def _unmarked_end(self) -> bytes:
        """Some servers leave out the closing mark. The answer is whole when every choice has said why it ended.

        Raises:
            UpstreamCut: it is not.
        """
        if not self._gathered.finished or not self._events.empty:
            raise UpstreamCut("the stream ended before the answer was complete")
        self.done = True
        return DONE

    async def _in_time(self) -> AsyncIterator[bytes]:
        """The chunks, until the total time is over; a provider that knows of sockets stops waiting by then too."""
        now, end = asyncio.get_running_loop().time, math.inf if self._total is None else self._total.end
        try:
            async for chunk in self._chunks:
                if self._total is not None and now() >= end:
                    raise self._total.error()
                yield chunk
        except UpstreamTimeout:
            if self._total is not None and self._total.passed:
                raise self._total.error() from None
            raise

    def _pass(self, events: list[bytes]) -> tuple[bytes, UpstreamError | None]:
        """What goes on of these events, up to the end of the stream or to an error, which comes along."""
        going: list[bytes] = []
        try:
            for event in events:
                going.append(self._passed(event))
                if self.done:
                    break
        except UpstreamError as problem:
            return b"".join(going), problem
        return b"".join(going), None

    async def _drain(self) -> None:
        """Read past the closing mark to the end of the body, so that the connection can be used again."""
        with suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for _ in self._chunks:
                    pass

    def _passed(self, event: bytes) -> bytes:
        """The event as it goes on; nothing of it where it was ours alone."""
        event = readable(event)
        payload = payload_of(event)
        if not payload:
            return event  # a comment that keeps the connection awake
        if payload == b"[DONE]":
            if self._gathered.empty:
                raise UpstreamCut("the stream ended without an answer")
            self.done = True
            return event
        try:
            found = read_event(payload)
        except ValueError as problem:
            raise UpstreamGarbage(f"an event of the stream is not in the dialect: {problem}") from None
        if found.error is not msgspec.UNSET and bytes(found.error) != b"null":
            said = bytes(found.error)[:300].decode("utf-8", "replace")
            raise UpstreamRefused(f"the upstream sent an error in mid-stream: {said}", status=502, body=payload)
        self._gathered.add(found)
        if self.first_token is None and found.speaks:
            self.first_token = self._clock()
        return event if self._keep_usage or not found.usage_only else b""


def readable(data: bytes) -> bytes:
    """The same bytes where they are UTF-8. Models that cut a character in two send what no JSON reader would take."""
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data
