"""Cohere's own API behind the OpenAI dialect: chat, embeddings and reranking are translated.

`use = "cohere/command-a-03-2025"`. The key is `api_key`, else `COHERE_API_KEY` or `CO_API_KEY`.
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from hone.errors import ProjectError
from hone.providers._asked import fields_of, wants_usage
from hone.providers._http import Response, Upstream
from hone.providers._pool import Upstreams
from hone.providers._refusal import read_of, refuse, worth_keeping
from hone.providers._seam import Answer, ChatRequest, EmbeddingRequest, Model, Ranked
from hone.providers._timeouts import Timeouts
from hone.providers.cohere import _embed, _request, _rerank, _response, _stream

URL = "https://api.cohere.com"
KEYS = ("COHERE_API_KEY", "CO_API_KEY")

T = TypeVar("T")


class Cohere:
    """Calls `{base_url}/v2/...`; a base URL that already ends in `/v2` is the same one."""

    def __init__(self) -> None:
        self._upstreams = Upstreams()

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Make the call; see `Provider.chat`."""
        fields = fields_of(request.body)
        body = _request.translate(fields, stream=request.stream)
        read = partial(_answer, fields, request.stream)
        return await self._post(model, "/v2/chat", body, request.headers, request.timeout, read)

    async def embeddings(self, model: Model, request: EmbeddingRequest) -> Answer:
        """Make vectors; see `EmbeddingProvider.embeddings`. Each call of the API takes `_embed.MOST` texts."""
        asked = _embed.read(request.body)
        made = [
            await self._post(model, "/v2/embed", body, request.headers, request.timeout, _embed.answer)
            for body in _embed.bodies(asked, model.name)
        ]
        return Answer(body=_embed.written(asked, model.name, made))

    async def rerank(
        self, model: Model, query: str, documents: Sequence[str], *, top_n: int | None = None, seconds: float = 60.0
    ) -> list[Ranked]:
        """Order texts; see `RerankProvider.rerank`."""
        body = _rerank.body(model, query, documents, top_n)
        return await self._post(model, "/v2/rerank", body, {}, seconds, partial(_rerank.answer, len(documents)))

    async def close(self) -> None:
        """Release pooled connections."""
        await self._upstreams.close()

    async def _post(
        self,
        model: Model,
        path: str,
        body: dict[str, Any],
        more: dict[str, str],
        timeout: float | Timeouts,  # noqa: ASYNC109 - handed on
        read: Callable[[Upstream, Response], Awaitable[T]],
    ) -> T:
        key = _key(model)
        headers = {"content-type": "application/json", "user-agent": "hone", **more}
        if key:
            headers["authorization"] = f"Bearer {key}"
        upstream = self._upstreams.at((model.base_url or URL).rstrip("/").removesuffix("/v2"))
        sent = msgspec.json.encode(body)
        response = await upstream.request("POST", path, body=sent, headers=headers, timeout=timeout)

        async def reading() -> T:
            if response.status >= 300:
                await refuse(upstream, response, _response.error_body)
            return await read(upstream, response)

        return await read_of(response, reading(), key)


def _key(model: Model) -> str | None:
    """
    Raises:
        ProjectError: there is none, and the vendor would ask for it.
    """
    key = model.api_key or next((os.environ[name] for name in KEYS if os.environ.get(name)), None)
    if not key and model.base_url is None:
        raise ProjectError(
            f"the model {model.alias!r} needs a key, and {KEYS[0]} is not set",
            hint=f"export {KEYS[0]}=... before starting hone",
        )
    return key


async def _answer(fields: dict[str, Any], stream: bool, upstream: Upstream, response: Response) -> Answer:
    kind = response.headers.get("content-type", "")
    headers = worth_keeping(response.headers)
    name = str(fields.get("model", ""))
    if stream and kind.startswith("text/event-stream"):

        async def close() -> None:
            response.close()

        return Answer(
            chunks=_stream.translate(response.chunks(), name, wants_usage(fields)), headers=headers, close=close
        )
    body = _response.translate(upstream.origin, kind, await response.read(), stream, name)
    return Answer(body=body, headers=headers)
