"""Ids: W3C trace and span ids as lower-case hex, and time-ordered ids for everything else."""

import os
import re
import threading
import time

_TRACE = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN = re.compile(r"(?!0{16})[0-9a-f]{16}")


class _Random:
    """Bytes from the system, fetched a page at a time: a call of the gateway needs three ids, and a fetch is slow."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._page, self._at = b"", 0

    def take(self, count: int) -> bytes:
        with self._lock:
            if self._at + count > len(self._page):
                self._page, self._at = os.urandom(4096), 0
            self._at += count
            return self._page[self._at - count : self._at]


_random = _Random()
# A child would give out the ids that its parent gives out, and may have copied a lock that is held.
os.register_at_fork(after_in_child=_random.begin_anew)


def new_trace_id() -> str:
    """32 hex digits, random, never all zero (W3C Trace Context, section 3.2.2.3)."""
    return _random.take(16).hex()


def new_span_id() -> str:
    """16 hex digits, random."""
    return _random.take(8).hex()


def new_id() -> str:
    """32 hex digits that sort by time: 48 bits of milliseconds, then 80 random bits (the layout of a ULID)."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def valid_trace_id(text: str) -> bool:
    return _TRACE.fullmatch(text) is not None


def valid_span_id(text: str) -> bool:
    return _SPAN.fullmatch(text) is not None
