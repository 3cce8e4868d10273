"""The one way in for telemetry: normalise, redact, price, keep."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from msgspec.structs import replace

from hone.core import Clock, Span, now_ns
from hone.traces._normal import Record, normal

_log = logging.getLogger(__name__)

Redactor = Callable[[Span], Span]
Pricer = Callable[[Span], float | None]
T_co = TypeVar("T_co", covariant=True)


class Place(Protocol[T_co]):
    """Where records are kept before a call ends: the store of this process, or an outbox that another one empties."""

    def spool(self, records: Sequence[Record], /) -> T_co: ...


class Spooler(Generic[T_co]):
    """Gateway, SDK, OTLP, evals, judges and tuning all end here. Thread-safe.

    `redact` are applied to every span in order; `price` gives the dollars of `llm` spans that came without a cost.
    """

    def __init__(
        self,
        place: Place[T_co],
        *,
        redact: Iterable[Redactor] = (),
        price: Pricer | None = None,
        clock: Clock = now_ns,
    ) -> None:
        self._place = place
        self._redact = tuple(redact)
        self._price = price
        self._clock = clock

    def spool(self, records: Sequence[Record]) -> T_co:
        """The gateway's path: kept before this returns, committed a moment later. A ticket only if `durable`."""
        return self._place.spool([self._prepared(record) for record in records])

    def _prepared(self, record: Record) -> Record:
        record = normal(record, self._clock)
        return self._priced(self._redacted(record)) if isinstance(record, Span) else record

    def _redacted(self, span: Span) -> Span:
        for redactor in self._redact:
            try:
                span = redactor(span)
            except Exception as error:
                # Nobody knows what it would have taken away, so everything that people wrote goes.
                _log.exception("a redactor failed on span %s of trace %s", span.span_id, span.trace_id)
                note = {"hone.redaction": f"failed: {type(error).__name__}"}
                return replace(span, input=None, output=None, error=_first_word(span.error), attributes=note)
        return span

    def _priced(self, span: Span) -> Span:
        if self._price is None or span.kind != "llm" or span.cost is not None:
            return span
        try:
            cost = self._price(span)
        except Exception:
            _log.exception("the price of span %s of trace %s is unknown", span.span_id, span.trace_id)
            return span
        return span if cost is None else replace(span, cost=cost)


def _first_word(error: str | None) -> str | None:
    """The class of an error, which stands first and names nobody."""
    return error.split(maxsplit=1)[0] if error and error.strip() else None
