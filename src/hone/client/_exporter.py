"""Sends spans in batches from a thread of its own. Memory is bounded; what must be dropped is counted and logged."""

import json
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

import msgspec

from hone.core import Span
from hone.errors import HoneError

log = logging.getLogger("hone.client")

MOST_WAITING = 10_000
MOST_WAITING_BYTES = 64_000_000
MOST_SPAN_BYTES = 7_900_000  # a server takes 8 MB at once, unless it is told otherwise
BATCH = 500
BATCH_BYTES = 1_000_000
EVERY_SECONDS = 0.5
_LONGEST_PAUSE = 30.0
_SAID_AGAIN_AFTER = 5.0
_TRY_LATER = {408, 429}  # the only statuses below 500 that say nothing against what was sent
_TRY_HALVES = {400, 413}  # one span may be wrong, or the batch too large; its neighbours shall not pay for it


class Exporter:
    """`send` delivers one batch of encoded spans or raises.

    What fails through the server's trouble is tried again, with growing pauses, until it is in. A batch that the server
    calls wrong is sent in halves, down to the span that is wrong; that one is dropped.
    """

    def __init__(self, send: Callable[[Sequence[bytes]], None]) -> None:
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._sending = 0
        self._hurry = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._said = ("", 0.0)
        self._dropped_at_flush = 0
        self.dropped = 0

    def add(self, spans: Sequence[Span]) -> None:
        """Take spans; never waits, never raises."""
        encoded = [self._encoded(span) for span in spans]
        with self._changed:
            for why, count in Counter(map(self._take, encoded)).items():
                self._drop(count, why)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="hone-exporter", daemon=True)
                self._thread.start()
            if self._full():
                self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until everything so far has been sent.

        False after `timeout` seconds, and where spans were dropped since the last flush.
        """
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            sent = self._changed.wait_for(lambda: not self._waiting and not self._sending, timeout)
            before, self._dropped_at_flush = self._dropped_at_flush, self.dropped
            return sent and self.dropped == before

    def close(self) -> None:
        """Stop the thread. What has not been flushed is dropped, and said."""
        with self._changed:
            self._closed = True
            self._drop(len(self._waiting), "the program ended before they could be sent")
            self._waiting.clear()
            self._bytes = 0
            self._changed.notify_all()

    def _encoded(self, span: Span) -> bytes | Exception:
        try:
            return encode(span)
        except Exception as problem:
            return problem

    def _take(self, piece: bytes | Exception) -> str:
        """Take one span; why not, where it is not taken."""
        if isinstance(piece, Exception):
            return f"cannot be written as JSON: {piece!r}"
        if len(piece) > MOST_SPAN_BYTES:
            return f"larger than {MOST_SPAN_BYTES:,} bytes"
        if len(self._waiting) >= MOST_WAITING or self._bytes + len(piece) > MOST_WAITING_BYTES:
            return "the server takes spans slower than they come"
        self._waiting.append(piece)
        self._bytes += len(piece)
        return ""

    def _full(self) -> bool:
        return len(self._waiting) >= BATCH or self._bytes >= BATCH_BYTES

    def _drop(self, count: int, why: str) -> None:
        if not why or not count:
            return
        self.dropped += count
        said, until = self._said
        if why != said or time.monotonic() >= until:  # a full queue would else write a line for every span
            log.warning("%d spans dropped (%d in all): %s", count, self.dropped, why)
            self._said = (why, time.monotonic() + _SAID_AGAIN_AFTER)

    def _work(self) -> None:
        pause = EVERY_SECONDS
        while batch := self._next(pause):
            left = self._deliver(batch)
            pause = min(pause * 2, _LONGEST_PAUSE) if left else EVERY_SECONDS
            with self._changed:
                self._put_back(left)

    def _next(self, pause: float) -> list[bytes]:
        """The next batch; empty when closed."""
        until = time.monotonic() + pause
        with self._changed:
            while not self._closed:
                ready = self._full() or self._hurry
                left = until - time.monotonic()
                if self._waiting and (left <= 0 or (ready and pause <= EVERY_SECONDS)):
                    return self._batch()
                self._changed.wait(max(left, 0.01) if self._waiting else None)
        return []

    def _batch(self) -> list[bytes]:
        batch: list[bytes] = []
        size = 0
        while self._waiting and len(batch) < BATCH and (not batch or size + len(self._waiting[0]) <= BATCH_BYTES):
            batch.append(self._waiting.popleft())
            size += len(batch[-1])
        self._bytes -= size
        self._sending = len(batch)
        return batch

    def _put_back(self, left: list[bytes]) -> None:
        if self._closed:
            self._drop(len(left), "the program ended before they could be sent")
            left = []
        self._waiting.extendleft(reversed(left))
        self._bytes += sum(map(len, left))
        self._sending = 0
        self._hurry = self._hurry and bool(self._waiting)
        self._changed.notify_all()

    def _deliver(self, batch: list[bytes]) -> list[bytes]:
        """Send a batch, in halves if need be; what is left of it when the server is in trouble."""
        parts = [batch]
        while parts:
            part = parts.pop()
            try:
                self._send(part)
            except Exception as error:
                if _in_trouble(error):
                    return [piece for rest in (part, *reversed(parts)) for piece in rest]
                parts += self._refused(part, error)
        return []

    def _refused(self, part: list[bytes], error: Exception) -> list[list[bytes]]:
        """The halves to try instead, the second one first; none where there is nothing to be gained."""
        if len(part) > 1 and isinstance(error, HoneError) and error.status in _TRY_HALVES:
            middle = len(part) // 2
            return [part[middle:], part[:middle]]
        with self._changed:
            self._drop(len(part), str(error))
        return []


def _in_trouble(error: Exception) -> bool:
    """Whether it is the server's trouble, or ours for a while, and no fault of the spans."""
    if isinstance(error, HoneError):
        return error.status >= 500 or error.status in _TRY_LATER
    log.warning("sending spans failed in an unforeseen way; they are kept", exc_info=error)
    return True


def encode(span: Span) -> bytes:
    """A span as JSON. Lone surrogates are no UTF-8 and become `?`."""
    try:
        return msgspec.json.encode(span)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(span), ensure_ascii=False).encode("utf-8", "replace")
