"""The operations of our own API. A new route is one more entry."""

from typing import Any

import msgspec

from hone.core import Span
from hone.server.api._bodies import ScoreBody
from hone.server.api._operation import Operation, Parameter, Status
from hone.server.api._shapes import Added, Document, Written
from hone.server.api._shapes import Status as Health
from hone.traces import TraceDetail, TraceFilter, TracePage

_ASKED: tuple[Status, ...] = (400, 401, 403, 500, 503)
_SENT: tuple[Status, ...] = (400, 401, 403, 413, 500, 503)


def _filters() -> tuple[Parameter, ...]:
    """One for each field of the filter, which takes no others."""
    properties: dict[str, Any] = msgspec.json.schema_components((TraceFilter,))[1]["TraceFilter"]["properties"]
    return tuple(Parameter(name, "query", _given(schema)) for name, schema in properties.items())


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """A query cannot say null: a field that is not given is left out."""
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    rest = {name: value for name, value in kinds[0].items() if name != "default"}
    if "enum" in rest:
        return {"type": "string", "enum": [value for value in rest["enum"] if value is not None]}
    return rest


OWN = [
    Operation(
        method="post",
        path="/api/scores",
        summary="Add a score. 201 after the commit; a repeated id is 200.",
        body=ScoreBody,
        answers={200: Added, 201: Added},
        errors=_SENT,
    ),
    Operation(
        method="post",
        path="/api/spans",
        summary="Record spans; 200 after the commit.",
        body=list[Span],
        answers={200: Written},
        errors=_SENT,
    ),
    Operation(
        method="get",
        path="/api/traces",
        summary="The latest traces.",
        parameters=_filters(),
        answers={200: TracePage},
        errors=_ASKED,
    ),
    Operation(
        method="get",
        path="/api/traces/{trace_id}",
        summary="One trace as a tree.",
        parameters=(Parameter("trace_id", "path", about="may be cut short when it is one of the latest"),),
        answers={200: TraceDetail},
        errors=(*_ASKED, 404),
    ),
    Operation(
        method="get",
        path="/api/openapi.json",
        summary="This document.",
        answers={200: Document},
        errors=(401, 403, 500, 503),
    ),
    Operation(
        method="get",
        path="/healthz",
        summary="This process answers.",
        answers={200: Health},
        errors=(403, 500, 503),
        open=True,
    ),
    Operation(
        method="get",
        path="/readyz",
        summary="The places of record answer.",
        answers={200: Health},
        errors=(403, 500, 503),
        open=True,
    ),
]
