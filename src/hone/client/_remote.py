"""A hone on the other end of HTTP."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hone.client._connection import RunRequest
from hone.client._exporter import Exporter
from hone.client._reply import Reply, reply_from
from hone.core import Span, new_id
from hone.errors import (
    CallError,
    HoneError,
    NotAllowed,
    StoreBusy,
    TooLarge,
    UnknownModel,
    UpstreamError,
    UpstreamUnreachable,
)

_SECONDS = 600.0  # a model may think for long; the server has its own, shorter limits


class Remote:
    """Speaks to the server at `url`. Spans go out in batches from a thread of their own."""

    project = ""  # the server knows which project it serves

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"content-type": "application/json", "user-agent": "hone-sdk"}
        if api_key:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._exporter = Exporter(self._send_spans)

    def run(self, request: RunRequest) -> Reply:
        body = msgspec.json.encode(request.body)
        return reply_from(*self._post("/v1/chat/completions", body, _headers(request)))

    async def arun(self, request: RunRequest) -> Reply:
        return await asyncio.to_thread(self.run, request)

    def record(self, spans: Sequence[Span]) -> None:
        self._exporter.add(spans)

    def score(self, score: Mapping[str, Any]) -> str:
        # The id is made here, so that a repeated attempt is not a second score.
        value = {**score, "id": score.get("id") or new_id()}
        body, _ = self._post("/api/scores", msgspec.json.encode(value), {})
        return str(msgspec.json.decode(body)["id"])

    def flush(self, timeout: float) -> bool:
        return self._exporter.flush(timeout)

    def close(self) -> None:
        self._exporter.close()

    def _send_spans(self, spans: Sequence[Span]) -> None:
        self._post("/api/spans", msgspec.json.encode(spans), {})

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        request = urllib.request.Request(self._url + path, body, {**self._headers, **headers})  # noqa: S310 - HONE_URL
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                return answer.read(), {name.lower(): value for name, value in answer.headers.items()}
        except urllib.error.HTTPError as refused:
            raise error_from(refused.code, refused.read()) from None
        except (urllib.error.URLError, OSError, ValueError) as problem:
            raise UpstreamUnreachable(
                f"no hone at {self._url} ({problem})", hint="start it with `hone up`, or mend HONE_URL"
            ) from None


def _headers(request: RunRequest) -> dict[str, str]:
    headers = {"x-hone-tags": ",".join(request.tags)} if request.tags else {}
    if request.session:
        headers["x-hone-session"] = request.session
    if request.user:
        headers["x-hone-user"] = request.user
    if request.trace:
        headers["traceparent"] = f"00-{request.trace[0]}-{request.trace[1]}-01"
    return headers


def error_from(status: int, body: bytes) -> HoneError:
    """The error a server answered with, as the class that fits its status."""
    message, hint = _said(body)
    known = {401: NotAllowed, 403: NotAllowed, 404: UnknownModel, 413: TooLarge, 503: StoreBusy}
    kind = known.get(status) or (CallError if status < 500 else UpstreamError)
    error = kind(message or f"the server answered {status}", hint=hint)
    error.status = status
    return error


def _said(body: bytes) -> tuple[str, str | None]:
    """Message and hint of a problem+json or an OpenAI-shaped error."""
    try:
        value = json.loads(body)
    except ValueError:
        return body[:200].decode("utf-8", "replace"), None
    if not isinstance(value, dict):
        return str(value), None
    inner = value.get("error")
    if isinstance(inner, dict):
        return str(inner.get("message")), None
    return str(value.get("detail", "")), value.get("hint")
