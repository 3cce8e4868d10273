"""A hone on the other end of HTTP."""

import asyncio
import http.client
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
    InvalidOutput,
    NotAllowed,
    NotFound,
    NotRecorded,
    ProjectError,
    PromptError,
    StoreBusy,
    StoreError,
    TooLarge,
    UnknownModel,
    UpstreamCut,
    UpstreamError,
    UpstreamGarbage,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)

_SECONDS = 600.0  # a model may think for long; the server has its own, shorter limits

_BY_CODE: dict[str, type[HoneError]] = {
    kind.code: kind
    for kind in (
        *(ProjectError, PromptError, CallError, UnknownModel, NotFound, NotRecorded, TooLarge, NotAllowed),
        *(StoreError, StoreBusy),
        *(UpstreamError, UpstreamUnreachable, UpstreamTimeout, UpstreamGarbage, InvalidOutput, UpstreamCut),
    )
}
_BY_STATUS: dict[int, type[HoneError]] = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 413: TooLarge}


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

    def _send_spans(self, spans: Sequence[bytes]) -> None:
        self._post("/api/spans", b"[" + b",".join(spans) + b"]", {})

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        request = urllib.request.Request(self._url + path, body, {**self._headers, **headers})  # noqa: S310 - HONE_URL
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                return answer.read(), {name.lower(): value for name, value in answer.headers.items()}
        except urllib.error.HTTPError as refused:
            raise error_from(refused.code, refused.read()) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as problem:
            raise UpstreamUnreachable(
                f"no hone at {self._url} ({problem})", hint="start it with `hone up`, or mend HONE_URL"
            ) from None


def _headers(request: RunRequest) -> dict[str, str]:
    headers = {"x-hone-tags": _header(",".join(request.tags))} if request.tags else {}
    if request.session:
        headers["x-hone-session"] = _header(request.session)
    if request.user:
        headers["x-hone-user"] = _header(request.user)
    if request.trace:
        headers["traceparent"] = f"00-{request.trace[0]}-{request.trace[1]}-01"
    return headers


def _header(text: str) -> str:
    """Text in one line that goes over the wire as UTF-8; http.client writes Latin-1."""
    return " ".join(text.splitlines()).encode("utf-8", "replace").decode("latin-1")


def error_from(status: int, body: bytes) -> HoneError:
    """The error a server answered with, as the class that its code names; without a known code, by its status."""
    said = _said(body)
    message = said.message or f"the server answered {status}"
    known = _BY_CODE.get(said.code or "")
    if known is None and (said.of_a_model or status == 429 or said.code == UpstreamRefused.code):
        return UpstreamRefused(message, status=status, body=body, hint=said.hint)
    kind = known or _BY_STATUS.get(status) or (CallError if status < 500 else UpstreamError)
    error = kind(message, hint=said.hint)
    error.status = status
    return error


class _Said(msgspec.Struct, frozen=True):
    """`of_a_model`: in the OpenAI dialect, where an upstream's own errors are passed on as they came."""

    message: str
    hint: str | None = None
    code: str | None = None
    of_a_model: bool = False


def _said(body: bytes) -> _Said:
    """What a problem+json or an OpenAI-shaped error says."""
    try:
        value = json.loads(body)
    except ValueError:
        return _Said(body[:200].decode("utf-8", "replace"))
    if not isinstance(value, dict):
        return _Said(str(value))
    inner = value.get("error")
    if isinstance(inner, dict):
        return _Said(str(inner.get("message")), code=_text(inner.get("code")), of_a_model=True)
    return _Said(str(value.get("detail", "")), _text(value.get("hint")), _text(value.get("title")))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
