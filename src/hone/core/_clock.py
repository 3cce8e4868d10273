"""Time: integer nanoseconds since the Unix epoch, UTC, as OpenTelemetry counts it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""A source of the present moment in nanoseconds; tests hand in one they can hold still."""

now_ns: Clock = time.time_ns


def utc(ns: int) -> datetime:
    """The moment `ns` as an aware datetime; what is finer than a microsecond is dropped."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
