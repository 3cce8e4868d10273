"""Errors in the OpenAI dialect, so that the official SDKs raise their own exception classes."""

import msgspec

from hone.errors import CallError, HoneError, UpstreamRefused
from hone.server._door import Dialect

_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def error_body(error: HoneError) -> bytes:
    """The body of an error answer. What an OpenAI-shaped upstream said of its own error is passed on as it came."""
    if isinstance(error, UpstreamRefused) and _is_error(error.body):
        return error.body
    kind = _TYPES.get(error.status, "invalid_request_error" if isinstance(error, CallError) else "server_error")
    message = f"{error.message}. {error.hint}" if error.hint else error.message
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": error.code}})


def _error_event(error: HoneError) -> bytes:
    return b"data: " + error_body(error).replace(b"\n", b" ") + b"\n\n"


OPENAI = Dialect(error_body=error_body, error_event=_error_event)


class _Said(msgspec.Struct):
    message: str


class _Error(msgspec.Struct):
    error: _Said


def _is_error(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
