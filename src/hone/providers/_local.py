"""Models that run in this process: today MiniLM, which makes vectors. `use = "local/minilm"`."""

import asyncio
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hone.errors import CallError, UnknownModel
from hone.providers import _wire, embedders
from hone.providers._seam import Answer, ChatRequest, EmbeddingRequest, Model

_MOST = 2048  # texts at once, as OpenAI has it


class _Body(Struct):
    input: str | list[str]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


_body = msgspec.json.Decoder(_Body)


class Local:
    """Serves the embedders of the registry by their names."""

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """
        Raises:
            CallError: no model here converses.
        """
        raise CallError(f"{model.alias} makes embeddings and answers no questions", hint="POST /v1/embeddings")

    async def embeddings(self, model: Model, request: EmbeddingRequest) -> Answer:
        """See `EmbeddingProvider.embeddings`.

        Raises:
            CallError: the body is not an embedding request, or asks for a size that the model does not have.
            UnknownModel: nothing here has that name.
            MissingExtra: the model is not installed.
        """
        if model.name not in embedders.names():
            raise UnknownModel(f"no local model {model.name!r}", hint=f"there are: {', '.join(embedders.names())}")
        body = _read(request.body)
        return Answer(body=await asyncio.to_thread(_made, model.name, body))

    async def close(self) -> None:
        """Nothing is held open."""


def _read(body: bytes) -> _Body:
    try:
        found = _body.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise CallError(f"not an embedding request that a local model can serve: {problem}") from None
    if not found.input or (len(found.input) > _MOST and isinstance(found.input, list)):
        raise CallError(f"`input` is a text or 1 to {_MOST:,} of them")
    return found


def _made(name: str, body: _Body) -> bytes:
    texts = [body.input] if isinstance(body.input, str) else body.input
    model: Any = embedders.load(name)()
    vectors = model.embed(texts)
    if body.dimensions not in (None, vectors.shape[1]):
        raise CallError(f"{name} makes vectors of {vectors.shape[1]} dimensions, not {body.dimensions}")
    tokens = model.count(texts)
    return _wire.embeddings(name, vectors.tolist(), body.encoding_format, tokens)
