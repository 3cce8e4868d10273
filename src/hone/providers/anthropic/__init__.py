"""Anthropic's Messages API behind the OpenAI chat dialect: a request, a response and a stream are translated.

`use = "anthropic/claude-..."`. The key is `api_key`, else `ANTHROPIC_API_KEY`.
"""

import os
from typing import Any

import msgspec

from hone.errors import CallError, UpstreamRefused
from hone.providers._http import Response, Upstream
from hone.providers._pool import Upstreams
from hone.providers._refusal import refuse, without_key, worth_keeping
from hone.providers._seam import Answer, ChatRequest, Model
from hone.providers.anthropic import _request, _response, _stream

URL = "https://api.anthropic.com"
VERSION = "2023-06-01"

_fields = msgspec.json.Decoder(dict[str, Any])


class Anthropic:
    """Calls `{base_url}/v1/messages`; a base URL that already ends in `/v1` is the same one."""

    def __init__(self) -> None:
        self._upstreams = Upstreams()

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Make the call; see `Provider.chat`."""
        fields = _read(request.body)
        key = model.api_key or os.environ.get("ANTHROPIC_API_KEY")
        body = msgspec.json.encode(_request.translate(fields, stream=request.stream))
        upstream = self._upstreams.at((model.base_url or URL).rstrip("/").removesuffix("/v1"))
        response = await upstream.request(
            "POST", "/v1/messages", body=body, headers=_headers(key, request), timeout=request.timeout
        )
        try:
            return await _answer(upstream, response, fields, request.stream)
        except UpstreamRefused as error:
            response.close()
            raise without_key(error, key) from None
        except BaseException:
            response.close()
            raise

    async def close(self) -> None:
        """Release pooled connections."""
        await self._upstreams.close()


def _read(body: bytes) -> dict[str, Any]:
    try:
        return _fields.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise CallError(f"not a chat completion request: {problem}") from None


def _options(fields: dict[str, Any]) -> dict[str, Any]:
    options = fields.get("stream_options")
    return options if isinstance(options, dict) else {}


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

        usage = bool(_options(fields).get("include_usage"))
        return Answer(chunks=_stream.translate(response.chunks(), usage), headers=headers, close=close)
    body = _response.translate(upstream.origin, kind, await response.read(), stream)
    return Answer(body=body, headers=headers)
