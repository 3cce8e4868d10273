"""What an error of Google's APIs says, in the shape of OpenAI's."""

import math
from typing import Any

import msgspec
from msgspec import Struct

from hone.errors import UpstreamRefused


class Said(Struct):
    """A `google.rpc.Status`. `code` is an HTTP status."""

    code: int = 502
    message: str = "no reason given"
    status: str = "UNKNOWN"
    details: list[dict[str, Any]] = []


class _Error(Struct):
    error: Said


# A stream that was not begun yet may answer with a list of one.
_decoder: msgspec.json.Decoder[_Error | list[_Error]] = msgspec.json.Decoder(_Error | list[_Error])


def error_in(body: bytes) -> Said | None:
    """The error in a body, if there is one."""
    try:
        found = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if isinstance(found, list):
        return found[0].error if found else None
    return found.error


def error_body(body: bytes) -> bytes:
    """The OpenAI-shaped body of an error; what is no error object stays as it came."""
    said = error_in(body)
    return body if said is None else _openai_error(said)


def _openai_error(said: Said) -> bytes:
    error = {"message": said.message, "type": said.status, "param": None, "code": said.status}
    return msgspec.json.encode({"error": error | ({"details": said.details} if said.details else {})})


def refused(said: Said, when: str) -> UpstreamRefused:
    """An error that came without a status line of its own, as in a stream."""
    status = said.code if 400 <= said.code < 600 else 502
    return told(UpstreamRefused(f"{when}: {said.message}", status=status, body=_openai_error(said)))


def told(error: UpstreamRefused) -> UpstreamRefused:
    """The same error with what its details say: that the key is a wrong one, or when to come back."""
    for detail in _details(error.body):
        if detail.get("reason") == "API_KEY_INVALID":
            error.status = 401  # a 400 there, which would make it the caller's mistake
        if (seconds := _seconds(detail.get("retryDelay"))) is not None:
            error.details.setdefault("retry-after", str(seconds))
    return error


class _Details(Struct):
    details: list[dict[str, Any]] = []


class _Shaped(Struct):
    error: _Details


def _details(body: bytes) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(body, type=_Shaped).error.details
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []


def _seconds(delay: Any) -> int | None:
    """A duration such as `34.07s`, rounded up to whole seconds."""
    try:
        return math.ceil(float(str(delay).removesuffix("s"))) if delay else None
    except (ValueError, OverflowError):
        return None
