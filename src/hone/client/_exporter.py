"""Sends spans in batches from a thread of its own. Memory is bounded; what must be dropped is counted and logged."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from hone.core import Span
from hone.errors import HoneError

log = logging.getLogger("hone.client")

MOST_WAITING = 10_000
BATCH = 500
EVERY_SECONDS = 0.5
_LONGEST_PAUSE = 30.0


class Exporter:
    """`send` delivers one batch or raises. A batch that fails is tried again, with growing pauses, until it is in.

    A batch that the server calls wrong (status below 500) is dropped: sending it again would not make it right.
    """

    def __init__(self, send: Callable[[Sequence[Span]], None]) -> None:
        self._send = send
        self._waiting: deque[Span] = deque()
        self._changed = threading.Condition()
        self._sending = 0
        self._hurry = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def add(self, spans: Sequence[Span]) -> None:
        """Take spans; never waits, never raises."""
        with self._changed:
            room = MOST_WAITING - len(self._waiting)
            self._waiting.extend(spans[:room])
            self._drop(len(spans) - room, "the server takes spans slower than they come")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="hone-exporter", daemon=True)
                self._thread.start()
            if len(self._waiting) >= BATCH:
                self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until everything so far has been sent; False after `timeout` seconds."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._waiting and not self._sending, timeout)

    def close(self) -> None:
        """Stop the thread. What has not been flushed is dropped, and said."""
        with self._changed:
            self._closed = True
            self._drop(len(self._waiting), "the program ended before they could be sent")
            self._waiting.clear()
            self._changed.notify_all()

    def _drop(self, count: int, why: str) -> None:
        if count > 0:
            self.dropped += count
            log.warning("%d spans dropped (%d in all): %s", count, self.dropped, why)

    def _work(self) -> None:
        pause = EVERY_SECONDS
        while batch := self._next(pause):
            pause = EVERY_SECONDS if self._deliver(batch) else min(pause * 2, _LONGEST_PAUSE)

    def _next(self, pause: float) -> list[Span]:
        """The next batch; empty when closed."""
        until = time.monotonic() + pause
        with self._changed:
            while not self._closed:
                ready = self._waiting and (len(self._waiting) >= BATCH or self._hurry)
                left = until - time.monotonic()
                if self._waiting and (left <= 0 or (ready and pause <= EVERY_SECONDS)):
                    batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                    self._sending = len(batch)
                    return batch
                self._changed.wait(max(left, 0.01) if self._waiting else None)
        return []

    def _deliver(self, batch: list[Span]) -> bool:
        try:
            self._send(batch)
        except HoneError as error:
            wrong = error.status < 500
            with self._changed:
                if wrong:
                    self._drop(len(batch), str(error))
                else:
                    self._waiting.extendleft(reversed(batch))
                self._sending = 0
                self._changed.notify_all()
            return wrong
        with self._changed:
            self._sending = 0
            self._hurry = self._hurry and bool(self._waiting)
            self._changed.notify_all()
        return True
