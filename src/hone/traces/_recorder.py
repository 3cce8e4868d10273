"""The one way in for telemetry: normalise, redact, price, store, publish."""

import logging
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from hone.core import Clock, Span, now_ns
from hone.store import Receipt, Telemetry, Ticket
from hone.traces._normal import Record, normal

_log = logging.getLogger(__name__)

Redactor = Callable[[Span], Span]
Pricer = Callable[[Span], float | None]


class Recorder:
    """Gateway, SDK, OTLP, evals, judges and tuning all end here. Thread-safe.

    `redact` are applied to every span in order; `price` gives the dollars of `llm` spans that came without a cost.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        *,
        redact: Iterable[Redactor] = (),
        price: Pricer | None = None,
        clock: Clock = now_ns,
    ) -> None:
        self._telemetry = telemetry
        self._redact = tuple(redact)
        self._price = price
        self._clock = clock

    def record(self, records: Sequence[Record]) -> Ticket:
        """Take records in; wait for the ticket, or await it, to know that they are durable. Never waits itself.

        Raises:
            StoreBusy: too many records wait already; nothing was taken.
        """
        return self._telemetry.put([self._prepared(record) for record in records])

    async def arecord(self, records: Sequence[Record]) -> Receipt:
        """Take records in and wait until they are durable.

        Raises:
            StoreBusy: too many records wait already; nothing was taken.
            StoreError: the commit failed.
        """
        return await self.record(records)

    def spool(self, records: Sequence[Record]) -> Ticket | None:
        """The gateway's path: kept before this returns, committed within milliseconds. A ticket only if `durable`."""
        return self._telemetry.spool([self._prepared(record) for record in records])

    def subscribe(self, listener: Callable[[list[Record]], None]) -> Callable[[], None]:
        """Call `listener` with each group of newly committed records, as stored; call the result to stop."""
        return self._telemetry.subscribe(listener)

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
