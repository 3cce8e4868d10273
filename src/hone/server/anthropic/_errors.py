"""Errors in the dialect of the Messages API, so that the official SDKs raise their own exception classes."""

import msgspec
from msgspec import Struct

from hone.errors import CallError, HoneError, UpstreamRefused
from hone.server._door import Dialect

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_KNOWN = {*_TYPES.values(), "api_error"}


class _Said(Struct):
    message: str
    type: str | None = None


class _Error(Struct):
    error: _Said


def error_body(error: HoneError) -> bytes:
    """The body of an error answer. What an upstream said of its own error is passed on in its words."""
    said = _said(error.body) if isinstance(error, UpstreamRefused) else None
    if said is None:
        said = _Said(f"{error.message}. {error.hint}" if error.hint else error.message)
    kind = said.type if said.type in _KNOWN else _type(error)
    request_id = error.details.get("x-request-id")
    told = {"type": "error", "error": {"type": kind, "message": said.message}, "request_id": request_id}
    return msgspec.json.encode(told)


def _error_event(error: HoneError) -> bytes:
    return b"event: error\ndata: " + error_body(error) + b"\n\n"


ANTHROPIC = Dialect(
    error_body=error_body, error_event=_error_event, request_id="request-id", sent_on=("anthropic-beta",)
)


def _type(error: HoneError) -> str:
    return _TYPES.get(error.status, "invalid_request_error" if isinstance(error, CallError) else "api_error")


def _said(body: bytes) -> _Said | None:
    try:
        return msgspec.json.decode(body, type=_Error).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
