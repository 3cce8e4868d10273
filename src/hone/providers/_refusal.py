"""Errors that an upstream answers with: their status, words and telling headers are kept."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from hone.errors import UpstreamError, UpstreamGarbage, UpstreamRefused
from hone.providers._http import Response, Upstream

T = TypeVar("T")

_ERROR_BODY = 256 * 1024
_ERROR_SECONDS = 1.0  # the status is known already; its words are worth a moment
_SAID = 500  # characters of an upstream's message that go into ours

# What a caller may need: when to come back, and the id to quote to the vendor, under the name the OpenAI SDKs look for.
_KEPT = {
    "retry-after": "retry-after",
    "retry-after-ms": "retry-after-ms",
    "request-id": "x-request-id",
    "x-request-id": "x-request-id",
    "x-amzn-requestid": "x-request-id",
    "x-debug-trace-id": "x-request-id",
}


async def refuse(upstream: Upstream, response: Response, reshape: Callable[[bytes], bytes] = bytes) -> None:
    """Raise what a status past 299 says. `reshape` makes the OpenAI-shaped body of the vendor's own.

    Raises:
        UpstreamRefused: an error status.
        UpstreamGarbage: a redirect.
    """
    body = b""
    with suppress(UpstreamError, TimeoutError):
        async with asyncio.timeout(_ERROR_SECONDS):
            body = await response.read(_ERROR_BODY)
    body = reshape(body)
    said = error_in(body) or body[:200].decode("utf-8", "replace").strip() or "no reason given"
    if response.status < 400:
        raise UpstreamGarbage(
            f"{upstream.origin} redirects (status {response.status})", hint="mend base_url in hone.toml"
        )
    status = response.status if response.status < 600 else 502
    said = said if len(said) <= _SAID else f"{said[:_SAID]}..."
    error = UpstreamRefused(f"{upstream.origin} answered {response.status}: {said}", status=status, body=body)
    error.details = worth_keeping(response.headers)
    raise error


def without_key(error: UpstreamRefused, key: str | None) -> UpstreamRefused:
    """Some servers repeat the key they refuse. It goes neither to the caller nor into a span."""
    if key:
        error.message = error.message.replace(key, "[key]")
        error.args = (error.message,)
        error.body = error.body.replace(key.encode(), b"[key]")
    return error


async def read_of(response: Response, reading: Awaitable[T], *secrets: str | None) -> T:
    """What `reading` makes of a response. Where it makes nothing, the connection is given back, and no error has a key.

    Raises:
        UpstreamError: what `reading` raises.
    """
    try:
        return await reading
    except UpstreamRefused as error:
        response.close()
        for secret in secrets:
            error = without_key(error, secret)
        raise error from None
    except BaseException:
        response.close()
        raise


def error_in(body: bytes) -> str | None:
    """The message of an error object, if the body is one.

    Vendors write `{"error": {"message": ...}}`, `{"error": "..."}` or `{"message": "..."}`.
    """
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(value, dict):
        return None
    if isinstance(error := value.get("error"), dict):
        return str(error.get("message") or error)
    names = ("error", "message", "Message")
    return next((value[name] for name in names if isinstance(value.get(name), str)), None)


def worth_keeping(headers: dict[str, str]) -> dict[str, str]:
    """What a caller may need of the upstream's headers."""
    return {kept: headers[name] for name, kept in _KEPT.items() if name in headers}
