"""What every record has after it came in: ids, times and an order of times. What the sender said is kept."""

from msgspec.structs import replace

from hone.core import Clock, Event, Score, Span, new_id, new_span_id, new_trace_id

Record = Span | Score | Event


def normal(record: Record, clock: Clock) -> Record:
    """The record with an id and a time where it came without."""
    if isinstance(record, Span):
        return _span(record, clock)
    if record.id and record.time > 0:
        return record
    return replace(record, id=record.id or new_id(), time=record.time if record.time > 0 else clock())


def _span(span: Span, clock: Clock) -> Span:
    if span.trace_id and span.span_id and 0 < span.start <= span.end:
        return span
    start = span.start if span.start > 0 else clock()
    return replace(
        span,
        trace_id=span.trace_id or new_trace_id(),
        span_id=span.span_id or new_span_id(),
        start=start,
        end=max(start, span.end),  # clocks of two machines disagree; a duration is never negative
    )
