"""Server-sent events as bytes: where one ends, and what it carries. Who relays a stream and who reads one use it."""

import re
from collections.abc import AsyncIterator

from hone.errors import UpstreamCut, UpstreamGarbage

MAX_EVENT = 16 * 1024 * 1024
_BLANK_LINE = re.compile(rb"\n\r?\n")


class Splitter:
    """Cuts a stream into events, each with the blank line that ends it. What is incomplete waits for more."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that `chunk` completes. No byte is looked at twice, however the chunks come."""
        data = self._rest + chunk
        # The blank line may have begun at the end of what was there before.
        at, begin, events = max(0, len(self._rest) - 2), 0, []
        for blank in _BLANK_LINE.finditer(data, at):
            events.append(data[begin : blank.end()])
            begin = blank.end()
        self._rest = data[begin:]
        return events

    def check(self) -> None:
        """
        Raises:
            UpstreamGarbage: the event that is not complete is over `MAX_EVENT` bytes already.
        """
        if (problem := self.too_long()) is not None:
            raise problem

    def too_long(self) -> UpstreamGarbage | None:
        """The same, for those who do not raise it at once."""
        return UpstreamGarbage(f"an event of the stream is over {MAX_EVENT:,} bytes") if self._over else None

    @property
    def _over(self) -> bool:
        return len(self._rest) > MAX_EVENT

    @property
    def empty(self) -> bool:
        return not self._rest.strip()


def payload_of(event: bytes) -> bytes:
    """The data of an event: its `data:` lines joined, as the HTML standard says (section 9.2.6)."""
    if event.startswith(b"data: ") and event.count(b"\n") == 2:
        return event[6:].strip()
    lines = [line[5:].removeprefix(b" ") for line in event.splitlines() if line.startswith(b"data:")]
    return b"\n".join(lines).strip()


async def payloads(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of every event, however the network cut the bytes; events without data are passed over.

    Raises:
        UpstreamCut: the stream ended within an event.
        UpstreamGarbage: an event is over `MAX_EVENT` bytes.
    """
    events = Splitter()
    async for chunk in chunks:
        for event in events.feed(chunk):
            if payload := payload_of(event):
                yield payload
        events.check()
    if not events.empty:
        raise UpstreamCut("the stream ended within an event")
