"""Spans as rows: the tree laid flat, each bar with the time that is the span's own."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from hone.core import Span
from hone.server.ui._shapes import Row
from hone.traces import SpanNode

_CELLS = 200  # stretches of its own that one bar shows; more are narrower than a pixel


class Placed(Struct, frozen=True):
    node: SpanNode
    depth: int


def flat(roots: Sequence[SpanNode]) -> list[Placed]:
    """Parents before their children. Without recursion: a trace may be deeper than Python's stack."""
    found: list[Placed] = []
    waiting = [Placed(root, 0) for root in reversed(roots)]
    while waiting:
        placed = waiting.pop()
        found.append(placed)
        waiting += [Placed(child, placed.depth + 1) for child in reversed(placed.node.children)]
    return found


def rows_of(placed: Iterable[Placed], start: int, end: int) -> list[Row]:
    """Rows whose places are shares of the time from `start` to `end`."""
    whole = max(end - start, 1)
    return [_row(one, start, whole) for one in placed]


def _row(placed: Placed, start: int, whole: int) -> Row:
    span = placed.node.span
    own = own_time(span, [child.span for child in placed.node.children])
    first = None if span.first_token is None else (span.start + span.first_token - start) / whole
    return Row(
        span_id=span.span_id,
        depth=placed.depth,
        name=span.name,
        kind=span.kind,
        status=span.status,
        at=(span.start - start) / whole,
        long=span.duration / whole,
        own=[((low - start) / whole, (high - low) / whole) for low, high in drawable(own, span)],
        first_token=first,
        duration=span.duration,
        self_time=sum(high - low for low, high in own),
        cost=span.cost,
    )


def own_time(span: Span, children: Iterable[Span]) -> list[tuple[int, int]]:
    """The stretches of a span in which none of its children ran."""
    found: list[tuple[int, int]] = []
    at = span.start
    for child in sorted(children, key=lambda child: child.start):
        low, high = min(max(child.start, span.start), span.end), min(child.end, span.end)
        if low > at:
            found.append((at, low))
        at = max(at, high)
    if at < span.end:
        found.append((at, span.end))
    return found


def drawable(own: list[tuple[int, int]], span: Span) -> list[tuple[int, int]]:
    """As many stretches as can be seen: of a great many, the parts of the span that are its own for the most part."""
    if len(own) <= _CELLS:
        return own
    cell = max(span.duration / _CELLS, 1)
    filled = [0.0] * (_CELLS + 1)
    for low, high in own:
        at = float(low - span.start)
        while at < high - span.start:
            index = int(at / cell)
            end = min((index + 1) * cell, high - span.start)
            filled[min(index, _CELLS)] += end - at
            at = max(end, at + 1)  # always forward, however the division rounds
    mine = [index for index in range(_CELLS) if filled[index] >= cell / 2]
    return [(span.start + int(index * cell), span.start + int((index + 1) * cell)) for index in mine]
