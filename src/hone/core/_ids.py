"""Ids: W3C trace and span ids as lower-case hex, and time-ordered ids for everything else."""

import os
import re
import time

_TRACE = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN = re.compile(r"(?!0{16})[0-9a-f]{16}")


def new_trace_id() -> str:
    """32 hex digits, random, never all zero (W3C Trace Context, section 3.2.2.3)."""
    return os.urandom(16).hex()


def new_span_id() -> str:
    """16 hex digits, random."""
    return os.urandom(8).hex()


def new_id() -> str:
    """32 hex digits that sort by time: 48 bits of milliseconds, then 80 random bits (the layout of a ULID)."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def valid_trace_id(text: str) -> bool:
    return _TRACE.fullmatch(text) is not None


def valid_span_id(text: str) -> bool:
    return _SPAN.fullmatch(text) is not None
