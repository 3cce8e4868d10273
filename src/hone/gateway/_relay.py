"""Relays a stream: the upstream's own bytes go on, whole events at a time, while each is read once on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec

from hone.core import Clock
from hone.errors import UpstreamCut, UpstreamError, UpstreamGarbage, UpstreamRefused
from hone.gateway._output import Gathered, Output, read_event
from hone.providers._sse import Splitter, payload_of
from hone.providers._wire import DONE

_DRAIN_SECONDS = 0.2


class Relay:
    """One stream on its way through. Iterate once; then `output` and `first_token` say what went by."""

    def __init__(self, chunks: AsyncIterator[bytes], *, keep_usage: bool, clock: Clock) -> None:
        """`keep_usage`: the caller asked for the usage event; otherwise it is ours alone and is taken out."""
        self._chunks = chunks
        self._keep_usage = keep_usage
        self._clock = clock
        self._gathered = Gathered()
        self.done = False
        self.first_token: int | None = None  # ns since the epoch

    @property
    def output(self) -> Output:
        """What the model has said so far."""
        return self._gathered.output()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Blocks of whole events. The last block ends with `[DONE]`, and `done` is true when it is yielded.

        Raises:
            UpstreamCut: the stream ended before it was complete.
            UpstreamGarbage: an event is not in the dialect.
            UpstreamRefused: the upstream sent an error event.
        """
        events = Splitter()
        async for chunk in self._chunks:
            block = b"".join(event for event in events.feed(chunk) if not self.done and self._goes_on(event))
            if block:
                yield block
            if self.done:
                await self._drain()
                return
            events.check()
        if not self._gathered.finished or not events.empty:
            raise UpstreamCut("the stream ended before the answer was complete")
        # Some servers leave out the closing mark. The answer is whole: every choice has said why it ended.
        self.done = True
        yield DONE

    async def _drain(self) -> None:
        """Read past the closing mark to the end of the body, so that the connection can be used again."""
        with suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for _ in self._chunks:
                    pass

    def _goes_on(self, event: bytes) -> bool:
        payload = payload_of(event)
        if not payload:
            return True  # a comment that keeps the connection awake
        if payload == b"[DONE]":
            self.done = True
            return True
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
        return self._keep_usage or not found.usage_only
