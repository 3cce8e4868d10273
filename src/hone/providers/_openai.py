"""OpenAI and every server that speaks its chat dialect: vLLM, SGLang, llama.cpp, Ollama and many vendors."""

import asyncio
import os
from contextlib import suppress
from typing import Any

import msgspec

from hone.errors import ProjectError, UpstreamError, UpstreamGarbage, UpstreamRefused
from hone.providers._http import Response, Upstream
from hone.providers._seam import Answer, ChatRequest, Model

_ERROR_BODY = 256 * 1024
_SAID = 500  # characters of an upstream's message that go into ours


class _Shape(msgspec.Struct):
    """As much of a completion as says that it is one."""

    choices: list[msgspec.Raw]


_shape = msgspec.json.Decoder(_Shape)


class OpenAICompatible:
    """Relays chat completions. `base_url` ends before `/chat/completions`, as vendors write it."""

    def __init__(self, default_url: str | None = None) -> None:
        self._default_url = default_url
        self._upstreams: dict[str, Upstream] = {}

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
            raise _without_key(error, model.api_key) from None
        except BaseException:
            response.close()
            raise

    async def _answer(self, upstream: Upstream, response: Response, stream: bool) -> Answer:
        if response.status >= 300:
            await _refuse(upstream, response)
        kind = response.headers.get("content-type", "")
        headers = _worth_keeping(response.headers)
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
        if url not in self._upstreams:
            self._upstreams[url] = Upstream(url)
        return self._upstreams[url]

    async def close(self) -> None:
        """Release pooled connections."""
        for upstream in self._upstreams.values():
            upstream.close()
        await asyncio.sleep(0)  # the transports say goodbye on the next turn of the loop


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
    if (error := _error_in(body)) is not None:
        raise UpstreamRefused(f"{origin} answered with an error: {error}", status=502, body=body)
    start = body[:80].decode("utf-8", "replace")
    raise UpstreamGarbage(
        f"{origin} answered with something that is not a chat completion ({kind or 'no type'}: {start!r})"
    )


def _without_key(error: UpstreamRefused, key: str | None) -> UpstreamRefused:
    """Some servers repeat the key they refuse. It goes neither to the caller nor into a span."""
    if key:
        error.message = error.message.replace(key, "[key]")
        error.args = (error.message,)
        error.body = error.body.replace(key.encode(), b"[key]")
    return error


async def _refuse(upstream: Upstream, response: Response) -> None:
    """Raise what an error status says; the upstream's own words are kept."""
    body = b""
    with suppress(UpstreamError):
        body = await response.read(_ERROR_BODY)
    said = _error_in(body) or body[:200].decode("utf-8", "replace").strip() or "no reason given"
    if response.status < 400:
        raise UpstreamGarbage(
            f"{upstream.origin} redirects (status {response.status})", hint="mend base_url in hone.toml"
        )
    status = response.status if response.status < 600 else 502
    said = said if len(said) <= _SAID else f"{said[:_SAID]}..."
    error = UpstreamRefused(f"{upstream.origin} answered {response.status}: {said}", status=status, body=body)
    error.details = _worth_keeping(response.headers)
    raise error


def _error_in(body: bytes) -> str | None:
    """The message of an OpenAI-shaped error, if the body is one."""
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, dict):
        return str(error.get("message") or error)
    return error if isinstance(error, str) else None


def _worth_keeping(headers: dict[str, str]) -> dict[str, str]:
    """What a caller may need of the upstream's headers: when to come back, and the id to quote to the vendor."""
    return {name: headers[name] for name in ("retry-after", "retry-after-ms", "x-request-id") if name in headers}
