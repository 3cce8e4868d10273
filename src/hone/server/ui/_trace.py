"""One trace: a page of its waterfall, and the span that is open beside it."""

from collections.abc import Callable

from hone.core import Score
from hone.local import House
from hone.server.ui._datasets import dataset_names
from hone.server.ui._face import Asked
from hone.server.ui._scored import quality_metric
from hone.server.ui._shapes import SpanView, TraceView
from hone.server.ui._span import span_view
from hone.server.ui._waterfall import Placed, flat, rows_of
from hone.traces import TraceDetail

PAGE = 400  # rows; a browser lays these out in an instant, 30,000 it does not
THUMBS = "helpful"


def trace(house: House) -> Callable[[Asked], TraceView]:
    def view(asked: Asked) -> TraceView:
        detail = house.traces.show(asked.path["trace_id"])
        placed = flat(detail.roots)
        at = _position(placed, asked.query.get("span"))
        first = asked.number("from", at // PAGE * PAGE)
        root = placed[0].node.span
        start, end = min(one.node.span.start for one in placed), max(one.node.span.end for one in placed)
        return TraceView(
            trace_id=detail.trace_id,
            name=root.name,
            start=start,
            duration=end - start,
            status=root.status,
            tokens=detail.tokens,
            cost=detail.cost,
            spans=len(placed),
            rows=rows_of(placed[first : first + PAGE], start, end),
            first=first,
            size=PAGE,
            span=_open(placed[at], detail),
            scores=_of(detail.scores, detail.trace_id),
            metric=quality_metric(house) or THUMBS,
            datasets=dataset_names(house),
        )

    return view


def _position(placed: list[Placed], span_id: str | None) -> int:
    """Of the span that is asked for; of the first where it is not there."""
    return next((at for at, one in enumerate(placed) if one.node.span.span_id == span_id), 0)


def _open(placed: Placed, detail: TraceDetail) -> SpanView:
    return span_view(placed.node.span, _of(detail.scores, placed.node.span.span_id))


def _of(scores: list[Score], id: str) -> list[Score]:
    return [score for score in scores if score.target.id == id]
