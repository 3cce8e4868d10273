"""OpenAI and every server that speaks its chat dialect: vLLM, SGLang, llama.cpp, Ollama and many vendors."""

import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated

import msgspec
from msgspec.structs import replace

from hone.errors import CallError, ProjectError, UpstreamGarbage, UpstreamRefused
from hone.providers._formats import in_words_of
from hone.providers._http import Response, Upstream
from hone.providers._plain import plain
from hone.providers._pool import Upstreams
from hone.providers._refusal import error_in, read_of, refuse, worth_keeping
from hone.providers._seam import Answer, ChatRequest, EmbeddingRequest, Model
from hone.providers._vendors import Vendor

_NOBODY = Vendor(None)


class _Shape(msgspec.Struct):
    """As much of a completion as says that it is one."""

    choices: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)]


class _Embedded(msgspec.Struct):
    """As much of an answer as says that it holds vectors."""

    data: list[msgspec.Raw]


_embedded = msgspec.json.Decoder(_Embedded)
_shape = msgspec.json.Decoder(_Shape)


class OpenAICompatible:
    """Relays chat completions. `base_url` ends before `/chat/completions`, as vendors write it.

    The key is the model's `api_key`, else that of the vendor's environment variable, which a proxy of the vendor under
    another `base_url` gets too.
    """

    def __init__(self, vendor: Vendor = _NOBODY) -> None:
        self._vendor = vendor
        self._upstreams = Upstreams()

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Make the call; see `Provider.chat`."""
        if request.dialect == "messages":
            headers = {name: value for name, value in request.headers.items() if not name.startswith("anthropic-")}
            request = replace(request, body=plain(request.body, self._vendor), headers=headers)
        request = _renamed(request, self._vendor.renamed) if self._vendor.renamed else request
        if (body := in_words_of(self._vendor, request.body)) is not request.body:
            request = replace(request, body=body)
        return await self._post(model, "/chat/completions", request, partial(self._answer, stream=request.stream))

    async def embeddings(self, model: Model, request: EmbeddingRequest) -> Answer:
        """Make vectors; see `EmbeddingProvider.embeddings`."""
        return await self._post(model, "/embeddings", request, self._vectors)

    async def _post(
        self,
        model: Model,
        path: str,
        request: ChatRequest | EmbeddingRequest,
        read: Callable[[Upstream, Response], Awaitable[Answer]],
    ) -> Answer:
        headers = {"content-type": "application/json", "user-agent": "hone", **request.headers}
        upstream, key = self._upstream(model), self._key(model)
        if key:
            headers |= self._vendor.key_header(key)
        response = await upstream.request("POST", path, body=request.body, headers=headers, timeout=request.timeout)
        return await read_of(response, read(upstream, response), key)

    async def _answer(self, upstream: Upstream, response: Response, stream: bool) -> Answer:
        if response.status >= 300:
            await refuse(upstream, response)
        kind = response.headers.get("content-type", "")
        headers = worth_keeping(response.headers)
        if stream and kind.startswith("text/event-stream"):

            async def close() -> None:
                response.close()

            return Answer(chunks=response.chunks(), pour=response.pour, headers=headers, close=close)
        body = await response.read()
        _check(upstream.origin, kind, body, stream)
        return Answer(body=body, headers=headers)

    async def _vectors(self, upstream: Upstream, response: Response) -> Answer:
        if response.status >= 300:
            await refuse(upstream, response)
        body = await response.read()
        try:
            _embedded.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            start = body[:80].decode("utf-8", "replace")
            raise UpstreamGarbage(
                f"{upstream.origin} answered with something that holds no embeddings ({start!r})"
            ) from None
        return Answer(body=body, headers=worth_keeping(response.headers))

    def _upstream(self, model: Model) -> Upstream:
        url = self._vendor.address(model.base_url)
        if url is None:
            export = f", or export {self._vendor.endpoint}=..." if self._vendor.endpoint else ""
            raise ProjectError(
                f"the model {model.alias!r} has no base_url",
                hint=f'add base_url = "http://host:port/v1" to [models.{model.alias}]{export}',
            )
        return self._upstreams.at(url)

    def _key(self, model: Model) -> str | None:
        """
        Raises:
            ProjectError: the vendor wants a key, and there is none.
        """
        key = model.api_key or (os.environ.get(self._vendor.key) if self._vendor.key else None)
        if self._vendor.key and not key and model.base_url is None:
            raise ProjectError(
                f"the model {model.alias!r} needs a key, and {self._vendor.key} is not set",
                hint=f"export {self._vendor.key}=... before starting hone",
            )
        return key

    async def close(self) -> None:
        """Release pooled connections."""
        await self._upstreams.close()


def _renamed(request: ChatRequest, names: Sequence[tuple[str, str]]) -> ChatRequest:
    """
    Raises:
        CallError: the body is not a JSON object.
    """
    try:
        fields = msgspec.json.decode(request.body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise CallError(f"not a chat completion request: {problem}") from None
    if not any(old in fields for old, _ in names):
        return request
    for old, new in names:
        if old in fields:
            fields[new] = fields.pop(old)
    return replace(request, body=msgspec.json.encode(fields))


def _check(origin: str, kind: str, body: bytes, stream: bool) -> None:
    """Nothing is passed on as an answer that is not one: a proxy's HTML page, an error with status 200, half a body."""
    try:
        _shape.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    else:
        if not stream:
            return
        raise UpstreamGarbage(f"{origin} answered a request for a stream with a whole body")
    if (error := error_in(body)) is not None:
        raise UpstreamRefused(f"{origin} answered with an error: {error}", status=502, body=body)
    start = body[:80].decode("utf-8", "replace")
    raise UpstreamGarbage(
        f"{origin} answered with something that is not a chat completion ({kind or 'no type'}: {start!r})"
    )
