"""OpenAI and every server that speaks its chat dialect: vLLM, SGLang, llama.cpp, Ollama and many vendors."""

import os

import msgspec

from hone.errors import ProjectError, UpstreamGarbage, UpstreamRefused
from hone.providers._http import Response, Upstream
from hone.providers._pool import Upstreams
from hone.providers._refusal import error_in, refuse, without_key, worth_keeping
from hone.providers._seam import Answer, ChatRequest, Model


class _Shape(msgspec.Struct):
    """As much of a completion as says that it is one."""

    choices: list[msgspec.Raw]


_shape = msgspec.json.Decoder(_Shape)


class OpenAICompatible:
    """Relays chat completions. `base_url` ends before `/chat/completions`, as vendors write it."""

    def __init__(self, default_url: str | None = None) -> None:
        self._default_url = default_url
        self._upstreams = Upstreams()

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Make the call; see `Provider.chat`."""
        headers = {"content-type": "application/json", "user-agent": "hone", **request.headers}
        if model.api_key:
            headers["authorization"] = f"Bearer {model.api_key}"
        upstream = self._upstream(model)
        response = await upstream.request(
            "POST", "/chat/completions", body=request.body, headers=headers, timeout=request.timeout
        )
        try:
            return await self._answer(upstream, response, request.stream)
        except UpstreamRefused as error:
            response.close()
            raise without_key(error, model.api_key) from None
        except BaseException:
            response.close()
            raise

    async def _answer(self, upstream: Upstream, response: Response, stream: bool) -> Answer:
        if response.status >= 300:
            await refuse(upstream, response)
        kind = response.headers.get("content-type", "")
        headers = worth_keeping(response.headers)
        if stream and kind.startswith("text/event-stream"):

            async def close() -> None:
                response.close()

            return Answer(chunks=response.chunks(), headers=headers, close=close)
        body = await response.read()
        _check(upstream.origin, kind, body, stream)
        return Answer(body=body, headers=headers)

    def _upstream(self, model: Model) -> Upstream:
        url = model.base_url or self._default_url
        if url is None:
            raise ProjectError(
                f"the model {model.alias!r} has no base_url",
                hint=f'add base_url = "http://host:port/v1" to [models.{model.alias}]',
            )
        return self._upstreams.at(url)

    async def close(self) -> None:
        """Release pooled connections."""
        await self._upstreams.close()


class OpenAI(OpenAICompatible):
    """OpenAI itself, or a proxy of it under another `base_url`. The key is `api_key`, else `OPENAI_API_KEY`."""

    def __init__(self) -> None:
        super().__init__("https://api.openai.com/v1")

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Make the call; see `Provider.chat`."""
        if model.api_key is None and (key := os.environ.get("OPENAI_API_KEY")):
            model = msgspec.structs.replace(model, api_key=key)
        return await super().chat(model, request)


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
