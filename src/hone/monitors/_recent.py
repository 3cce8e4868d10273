"""The last minutes of the gateway in memory, so that a page can be live without asking the store again and again."""

import math
import threading
from collections import Counter, deque
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from hone.core import Clock, Event, Score, Span
from hone.monitors._seen import asked_a_model, error_class, whole_call

KEPT = 20_000
"""Attempts, and calls, that are remembered at most."""

_MINUTE = 60_000_000_000
_SHOWN = 100  # models


class Latencies(Struct, frozen=True):
    """Exact quantiles, nanoseconds."""

    p50: int
    p95: int
    p99: int


class ModelNow(Struct, frozen=True, kw_only=True):
    """How a model has done. Latencies are of attempts that succeeded."""

    model: str
    provider: str
    calls: int
    errors: int
    cancelled: int
    latency: Latencies | None
    first_token: Latencies | None
    errors_by_class: dict[str, int] = field(default_factory=dict)


class Traffic(Struct, frozen=True, kw_only=True):
    """`since` (ns) is where the figures begin when there was more than is remembered."""

    minutes: int
    since: int | None
    calls: int
    errors: int
    overhead: Latencies | None  # of calls that asked a model
    models: list[ModelNow]


class _Attempt(Struct, frozen=True):
    end: int
    model: str
    provider: str
    status: str
    error: str
    duration: int
    first_token: int | None


class _Call(Struct, frozen=True):
    end: int
    failed: bool
    overhead: int | None


class Recent:
    """Fed by one thread, read by any."""

    def __init__(self, clock: Clock, *, minutes: int = 5) -> None:
        self._clock = clock
        self._minutes = minutes
        self._lock = threading.Lock()
        self._attempts: deque[_Attempt] = deque(maxlen=KEPT)
        self._calls: deque[_Call] = deque(maxlen=KEPT)

    def see(self, records: Sequence[Span | Score | Event]) -> None:
        """Remember a group of newly committed records."""
        with self._lock:
            for span in records:
                if isinstance(span, Span) and "config" in span.attributes:
                    self._see(span)
            self._forget()

    def traffic(self) -> Traffic:
        with self._lock:
            self._forget()
            calls, attempts = list(self._calls), list(self._attempts)
        full = [kept[0].end for kept in (calls, attempts) if len(kept) == KEPT]
        return Traffic(
            minutes=self._minutes,
            since=max(full, default=None),
            calls=len(calls),
            errors=sum(call.failed for call in calls),
            overhead=_latencies(call.overhead for call in calls),
            models=_by_model(attempts),
        )

    def _see(self, span: Span) -> None:
        if (whole := whole_call(span)) is not None:
            overhead = whole.overhead if whole.attempts else None
            self._calls.append(_Call(span.start + whole.duration, whole.status == "error", overhead))
        if asked_a_model(span):
            assert span.provider is not None
            self._attempts.append(
                _Attempt(
                    span.end, span.model or span.name, span.provider, span.status, error_class(span), span.duration,
                    span.first_token,
                )
            )  # fmt: skip

    def _forget(self) -> None:
        """Spans come nearly in the order of their ends, which is enough here."""
        start = self._clock() - self._minutes * _MINUTE
        for kept in (self._attempts, self._calls):
            while kept and kept[0].end < start:
                kept.popleft()


def _by_model(attempts: Iterable[_Attempt]) -> list[ModelNow]:
    """The busiest first."""
    found: dict[tuple[str, str], list[_Attempt]] = {}
    for attempt in attempts:
        found.setdefault((attempt.model, attempt.provider), []).append(attempt)
    busiest = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))[:_SHOWN]
    return [_model(model, provider, made) for (model, provider), made in busiest]


def _model(model: str, provider: str, made: list[_Attempt]) -> ModelNow:
    failed = Counter(attempt.error for attempt in made if attempt.status == "error")
    return ModelNow(
        model=model,
        provider=provider,
        calls=len(made),
        errors=failed.total(),
        cancelled=sum(attempt.status == "cancelled" for attempt in made),
        latency=_latencies(attempt.duration for attempt in made if attempt.status == "ok"),
        first_token=_latencies(attempt.first_token for attempt in made),
        errors_by_class=dict(failed.most_common()),
    )


def _latencies(values: Iterable[int | None]) -> Latencies | None:
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    return Latencies(*(known[math.ceil(len(known) * share) - 1] for share in (0.5, 0.95, 0.99)))
