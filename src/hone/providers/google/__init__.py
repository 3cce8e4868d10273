"""Gemini models behind the OpenAI chat dialect: requests, responses, streams and embeddings are translated.

`use = "google/gemini-..."`. The key is `api_key`, else `GOOGLE_API_KEY`, else `GEMINI_API_KEY`.
"""

import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar
from urllib.parse import quote

import msgspec

from hone.errors import ProjectError, UpstreamRefused
from hone.providers._asked import fields_of, wants_usage
from hone.providers._http import Response, Upstream
from hone.providers._pool import Upstreams
from hone.providers._refusal import read_of, refuse, worth_keeping
from hone.providers._seam import Answer, ChatRequest, EmbeddingRequest, Model
from hone.providers.google import _embeddings, _request, _response, _stream
from hone.providers.google._errors import error_body, told

URL = "https://generativelanguage.googleapis.com/v1beta"
KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")

T = TypeVar("T")


class Google:
    """Calls `{base_url}/models/NAME:generateContent` and its like."""

    def __init__(self) -> None:
        self._upstreams = Upstreams()

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Make the call; see `Provider.chat`."""
        fields = fields_of(request.body)
        body = msgspec.json.encode(_request.translate(fields, model.name))
        verb = "streamGenerateContent?alt=sse" if request.stream else "generateContent"
        usage = wants_usage(fields)
        read = partial(_answer, model=model.name, stream=request.stream, usage=usage)
        return await self._post(model, verb, body, request, read)

    async def embeddings(self, model: Model, request: EmbeddingRequest) -> Answer:
        """Make vectors; see `EmbeddingProvider.embeddings`."""
        asked, own = _embeddings.read(request.body)
        upstream = self._upstream(model)
        bodies = [
            await self._post(model, "batchEmbedContents", body, request, _whole)
            for body in _embeddings.requests(asked, own, _path(model.name))
        ]
        return Answer(body=_embeddings.translate(upstream.origin, bodies, asked, model.name))

    async def close(self) -> None:
        """Release pooled connections."""
        await self._upstreams.close()

    async def _post(
        self,
        model: Model,
        verb: str,
        body: bytes,
        request: ChatRequest | EmbeddingRequest,
        read: Callable[[Upstream, Response], Awaitable[T]],
    ) -> T:
        upstream, key = self._upstream(model), _key(model)
        headers = {"content-type": "application/json", "user-agent": "hone", **request.headers}
        if key:
            headers["x-goog-api-key"] = key
        response = await upstream.request(
            "POST", f"/{_path(model.name)}:{verb}", body=body, headers=headers, timeout=request.timeout
        )

        async def reading() -> T:
            try:
                if response.status >= 300:
                    await refuse(upstream, response, error_body)
                return await read(upstream, response)
            except UpstreamRefused as error:
                raise told(error) from None

        return await read_of(response, reading(), key)

    def _upstream(self, model: Model) -> Upstream:
        return self._upstreams.at(model.base_url or URL)


def _path(name: str) -> str:
    """The resource of a model: `models/NAME`, unless the name says that it is of another kind."""
    kind, slash, rest = name.partition("/")
    return f"{quote(kind, safe='')}/{quote(rest, safe='')}" if slash else f"models/{quote(name, safe='')}"


def _key(model: Model) -> str | None:
    """
    Raises:
        ProjectError: the vendor wants a key, and there is none.
    """
    key = model.api_key or next((key for name in KEYS if (key := os.environ.get(name))), None)
    if not key and model.base_url is None:
        raise ProjectError(
            f"the model {model.alias!r} needs a key, and {KEYS[0]} is not set",
            hint=f"export {KEYS[0]}=... before starting hone",
        )
    return key


async def _answer(upstream: Upstream, response: Response, *, model: str, stream: bool, usage: bool) -> Answer:
    kind = response.headers.get("content-type", "")
    headers = worth_keeping(response.headers)
    if stream and kind.startswith("text/event-stream"):

        async def close() -> None:
            response.close()

        return Answer(chunks=_stream.translate(response.chunks(), usage, model), headers=headers, close=close)
    body = _response.translate(upstream.origin, kind, await response.read(), model=model, stream=stream)
    return Answer(body=body, headers=headers)


async def _whole(_: Upstream, response: Response) -> bytes:
    return await response.read()
