"""Errors of our own API: problem+json (RFC 9457), with the hint beside the detail."""

from typing import Any

import msgspec
from starlette.responses import Response

from hone.errors import HoneError


def problem(status: int, code: str, detail: str, hint: str | None = None) -> Response:
    value: dict[str, Any] = {"type": "about:blank", "title": code, "status": status, "detail": detail}
    if hint:
        value["hint"] = hint
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/problem+json")


def problem_of(error: HoneError) -> Response:
    response = problem(error.status, error.code, error.message, error.hint)
    if "retry_after" in error.details:
        response.headers["retry-after"] = str(error.details["retry_after"])
    return response
