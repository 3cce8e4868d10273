"""Relays a stream: the upstream's own bytes go on, whole events at a time, while each is read once on the way."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import msgspec

from hone.core import Clock
from hone.errors import UpstreamCut, UpstreamError, UpstreamGarbage, UpstreamRefused
from hone.gateway._output import Gathered, Output, decode_event
from hone.providers._wire import DONE

_MAX_EVENT = 16 * 1024 * 1024
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
        rest = b""
        async for chunk in self._chunks:
            rest += chunk
            block = b"".join(self._whole_events(rest))
            rest = rest[self._consumed :]
            if block:
                yield block
            if self.done:
                await self._drain()
                return
            if len(rest) > _MAX_EVENT:
                raise UpstreamGarbage(f"an event of the stream is over {_MAX_EVENT:,} bytes")
        if not self._gathered.finished or rest.strip():
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

    def _whole_events(self, data: bytes) -> Iterator[bytes]:
        """The complete events in `data` that go on to the caller; `_consumed` says how far they reach."""
        self._consumed = 0
        while not self.done:
            end, gap = _end_of_event(data, self._consumed)
            if end < 0:
                return
            event = data[self._consumed : end + gap]
            self._consumed = end + gap
            if self._goes_on(event):
                yield event

    def _goes_on(self, event: bytes) -> bool:
        payload = _payload(event)
        if not payload:
            return True  # a comment that keeps the connection awake
        if payload == b"[DONE]":
            self.done = True
            return True
        try:
            found = decode_event(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise UpstreamGarbage(f"an event of the stream is not in the dialect: {problem}") from None
        if found.error is not msgspec.UNSET and bytes(found.error) != b"null":
            raise UpstreamRefused("the upstream sent an error in mid-stream", status=502, body=payload)
        self._gathered.add(found)
        if self.first_token is None and found.speaks:
            self.first_token = self._clock()
        return self._keep_usage or not found.usage_only


def _end_of_event(data: bytes, start: int) -> tuple[int, int]:
    """Where the next blank line begins, and how long it is; -1 when there is none yet."""
    plain, windows = data.find(b"\n\n", start), data.find(b"\r\n\r\n", start)
    if windows >= 0 and (plain < 0 or windows < plain):
        return windows, 4
    return plain, 2


def _payload(event: bytes) -> bytes:
    """The data of an event: its `data:` lines joined, as the HTML standard says (section 9.2.6)."""
    if event.startswith(b"data: ") and event.count(b"\n") == 2:
        return event[6:].strip()
    lines = [line[5:].removeprefix(b" ") for line in event.splitlines() if line.startswith(b"data:")]
    return b"\n".join(lines).strip()
