"""Counts, money and quantiles of latency, by group and by time."""

from typing import Any

from hone.store._ask import Dimension, Figures, Order, SpanQuery
from hone.store._duck import Duck
from hone.store._mirror import View
from hone.store._newest import within
from hone.store._rows import SPAN
from hone.store._where import conditions

_MEASURES = """
count(*) AS count,
count(*) FILTER (status = 'error') AS errors,
sum(cost) AS cost,
coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
quantile_disc("end" - "start", [0.5, 0.95, 0.99]) AS quantiles
"""
_ORDERS: dict[Order, str] = {
    "count": "count",
    "cost": "cost",
    "errors": "errors",
    "tokens": "input_tokens + output_tokens",
    "p95": "quantiles[2]",
}


def figures(
    duck: Duck,
    view: View,
    query: SpanQuery,
    *,
    by: Dimension | None = None,
    bucket: int | None = None,
    order: Order | None = None,
) -> list[Figures]:
    """Figures of every group, or with `order` of the first few."""
    if by is not None and by not in SPAN.columns:
        raise ValueError(f"spans have no dimension {by!r}")
    segments = within(view.segments_of("span"), query.since, query.until)
    found, parameters = conditions(query)
    if by is not None and order is not None:
        found.append(f'"{by}" IS NOT NULL')
    group = "NULL" if by is None else f'"{by}"'
    stretch = "NULL" if bucket is None else '"start" // $bucket * $bucket'
    select = f'{group} AS "by", {stretch} AS bucket, {_MEASURES}'
    last = "ORDER BY 2, 1" if order is None else f'ORDER BY {_ORDERS[order]} DESC NULLS LAST, "by" LIMIT $limit'
    hot = view.tables["span"]
    rows = duck.ask(select, SPAN, segments, hot, found, f"GROUP BY 1, 2 {last}", parameters | {"bucket": bucket})
    return [_figures(row) for row in rows]


def _figures(row: dict[str, Any]) -> Figures:
    p50, p95, p99 = row.pop("quantiles")
    return Figures(**row, p50=p50, p95=p95, p99=p99)
