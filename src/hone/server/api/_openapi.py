"""The OpenAPI document of our own API, its schemas made from the structs that are really sent and read."""

from typing import Any

import msgspec

from hone import __version__
from hone.core import Score, Span
from hone.server.api._bodies import ScoreBody
from hone.server.api._keys import BudgetPage, KeyBody, KeyPage, NewKey, Revoked, RotateBody
from hone.traces import TraceDetail, TracePage


class Problem(msgspec.Struct):
    """An error, as RFC 9457 writes it."""

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None


class Added(msgspec.Struct):
    id: str


class Written(msgspec.Struct):
    """`repeated` spans were there already and have been left as they were."""

    written: int
    repeated: int


class Status(msgspec.Struct):
    status: str


_TYPES = (
    *(ScoreBody, Span, Score, TracePage, TraceDetail, Problem, Added, Written, Status),
    *(KeyBody, RotateBody, NewKey, Revoked, KeyPage, BudgetPage),
)
_FILTERS = (
    "task",
    "variant",
    "session",
    "user",
    "status",
    "model",
    "error",
    "tag",
    "without_tag",
    "score",
    "since",
    "words",
    "cursor",
)


def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "hone", "version": __version__},
        "components": {"schemas": components},
        "paths": {
            "/api/scores": {
                "post": _operation(
                    "Add a score. 201 after the commit; a repeated id is 200.", {"200": Added, "201": Added}, ScoreBody
                )
            },
            "/api/spans": {"post": _operation("Record spans; 200 after the commit.", {"200": Written}, list[Span])},
            "/api/traces": {"get": _operation("The latest traces.", {"200": TracePage}, parameters=_list_parameters())},
            "/api/traces/{trace_id}": {
                "get": _operation(
                    "One trace as a tree.", {"200": TraceDetail}, parameters=[_parameter("trace_id", "path")]
                )
            },
            **_keys(),
            "/healthz": {"get": _operation("This process answers.", {"200": Status})},
            "/readyz": {"get": _operation("The places of record answer.", {"200": Status})},
        },
    }


def _keys() -> dict[str, Any]:
    """For the master key or a session of it; without HONE_API_KEY, for whoever is on this machine."""
    name = [_parameter("name", "path")]
    return {
        "/api/keys": {
            "get": _operation("Every key there is and was.", {"200": KeyPage}),
            "post": _operation("Make a key. Its secret is in this answer and nowhere else.", {"201": NewKey}, KeyBody),
        },
        "/api/keys/{name}/rotate": {
            "post": _operation("A new secret with the same rights.", {"201": NewKey}, RotateBody, name)
        },
        "/api/keys/{name}/revoke": {"post": _operation("End the key.", {"200": Revoked}, parameters=name)},
        "/api/budgets": {"get": _operation("How every budget stands.", {"200": BudgetPage})},
    }


def _operation(
    summary: str, answers: dict[str, Any], body: Any = None, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    responses: dict[str, Any] = {
        status: {"description": "done", "content": {"application/json": {"schema": _ref(kind)}}}
        for status, kind in answers.items()
    }
    responses["default"] = {
        "description": "what went wrong, and whose move it is",
        "content": {"application/problem+json": {"schema": _ref(Problem)}},
    }
    operation: dict[str, Any] = {"summary": summary, "responses": responses}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _ref(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components((kind,), ref_template="#/components/schemas/{name}")
    return schema


def _parameter(name: str, where: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": kind}}


def _list_parameters() -> list[dict[str, Any]]:
    return [_parameter("limit", "query", "integer"), *(_parameter(name, "query") for name in _FILTERS)]
