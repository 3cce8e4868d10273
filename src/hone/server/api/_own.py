"""The operations of our own API. A new route is one more entry."""

from typing import Any

import msgspec

from hone.core import Span
from hone.server.api._bodies import ScoreBody
from hone.server.api._keys import BudgetPage, KeyBody, KeyPage, NewKey, Revoked, RotateBody
from hone.server.api._operation import Operation, Parameter, Status, Text
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
        path="/api/keys",
        summary="Every key there is and was. Secrets are kept nowhere.",
        answers={200: KeyPage},
        errors=_ASKED,
    ),
    Operation(
        method="post",
        path="/api/keys",
        summary="Make a key. Its secret is in this answer and nowhere else.",
        body=KeyBody,
        answers={201: NewKey},
        errors=_SENT,
    ),
    Operation(
        method="post",
        path="/api/keys/{name}/rotate",
        summary="A new secret with the same rights.",
        parameters=(Parameter("name", "path"),),
        body=RotateBody,
        answers={201: NewKey},
        errors=(*_SENT, 404),
    ),
    Operation(
        method="post",
        path="/api/keys/{name}/revoke",
        summary="End the key.",
        parameters=(Parameter("name", "path"),),
        answers={200: Revoked},
        errors=(*_ASKED, 404),
    ),
    Operation(
        method="get",
        path="/api/budgets",
        summary="How every budget stands.",
        answers={200: BudgetPage},
        errors=_ASKED,
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
        path="/metrics",
        summary="For Prometheus: counters of calls, tokens and dollars, and what goes on now.",
        answers={200: Text},
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
