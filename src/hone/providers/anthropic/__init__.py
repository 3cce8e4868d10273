"""Anthropic's Messages API behind the OpenAI chat dialect: a request, a response and a stream are translated.

`use = "anthropic/claude-..."`. The key is `api_key`, else `ANTHROPIC_API_KEY`.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from hone.errors import UpstreamGarbage
from hone.providers._asked import fields_of, wants_usage
from hone.providers._http import Response, Upstream
from hone.providers._pool import Upstreams
from hone.providers._refusal import read_of, refuse, worth_keeping
from hone.providers._seam import Answer, ChatRequest, Model
from hone.providers.anthropic import _request, _response, _stream

URL = "https://api.anthropic.com"
VERSION = "2023-06-01"

T = TypeVar("T")


class Anthropic:
    """Calls `{base_url}/v1/messages`; a base URL that already ends in `/v1` is the same one."""

    def __init__(self) -> None:
        self._upstreams = Upstreams()

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Make the call; see `Provider.chat`."""
        fields = fields_of(request.body)
        body = _request.translate(fields, stream=request.stream, dialect=request.dialect)

        async def read(upstream: Upstream, response: Response) -> Answer:
            return await _answer(upstream, response, fields, request.stream)

        return await self._post(model, "/v1/messages", body, request, read)

    async def count_tokens(self, model: Model, request: ChatRequest) -> int:
        """Have them counted; see `TokenCounting.count_tokens`."""
        body = _request.translate_for_counting(fields_of(request.body), request.dialect)
        return await self._post(model, "/v1/messages/count_tokens", body, request, _counted)

    async def _post(
        self,
        model: Model,
        path: str,
        body: dict[str, Any],
        request: ChatRequest,
        read: Callable[[Upstream, Response], Awaitable[T]],
    ) -> T:
        key = model.api_key or os.environ.get("ANTHROPIC_API_KEY")
        upstream = self._upstreams.at((model.base_url or URL).rstrip("/").removesuffix("/v1"))
        response = await upstream.request(
            "POST", path, body=msgspec.json.encode(body), headers=_headers(key, request), timeout=request.timeout
        )
        return await read_of(response, read(upstream, response), key)

    async def close(self) -> None:
        """Release pooled connections."""
        await self._upstreams.close()


def _headers(key: str | None, request: ChatRequest) -> dict[str, str]:
    headers = {
        "content-type": "application/json",
        "user-agent": "hone",
        "anthropic-version": VERSION,
        **request.headers,
    }
    if key:
        headers["x-api-key"] = key
    return headers


async def _answer(upstream: Upstream, response: Response, fields: dict[str, Any], stream: bool) -> Answer:
    if response.status >= 300:
        await refuse(upstream, response, _response.error_body)
    kind = response.headers.get("content-type", "")
    headers = worth_keeping(response.headers)
    if stream and kind.startswith("text/event-stream"):

        async def close() -> None:
            response.close()

        return Answer(chunks=_stream.translate(response.chunks(), wants_usage(fields)), headers=headers, close=close)
    body = _response.translate(upstream.origin, kind, await response.read(), stream)
    return Answer(body=body, headers=headers)


class _Counted(msgspec.Struct):
    input_tokens: int


async def _counted(upstream: Upstream, response: Response) -> int:
    if response.status >= 300:
        await refuse(upstream, response, _response.error_body)
    try:
        return msgspec.json.decode(await response.read(), type=_Counted).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UpstreamGarbage(f"{upstream.origin} answered with something that is no count of tokens") from None
