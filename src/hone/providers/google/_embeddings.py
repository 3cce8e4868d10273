"""Embedding requests of the OpenAI dialect as `batchEmbedContents`, and its answers as lists of embeddings."""

import base64
import struct
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hone.errors import CallError, UpstreamGarbage
from hone.providers.google._answer import Tokens

_MOST = 100  # texts that the API takes at once
_LEFT_OUT = {"model", "user"}


class Asked(Struct):
    input: str | list[str]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None


_TRANSLATED = frozenset(Asked.__struct_fields__)


class _Embedding(Struct):
    values: list[float]


class _Batch(Struct, rename="camel"):
    embeddings: list[_Embedding]
    usage_metadata: Tokens | None = None


_batch = msgspec.json.Decoder(_Batch)


def read(body: bytes) -> tuple[Asked, dict[str, Any]]:
    """What is asked, and the fields of the vendor's own, such as `taskType`.

    Raises:
        CallError: the body is not an embedding request, or not one of texts.
    """
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
        asked = msgspec.convert(fields, Asked)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise CallError(f"not an embedding request that the Gemini API can serve: {problem}") from None
    if not asked.input:
        raise CallError("`input` is a text or a list of them")
    own = {name: value for name, value in fields.items() if name not in _TRANSLATED | _LEFT_OUT}
    return asked, own


def requests(asked: Asked, own: dict[str, Any], model: str) -> list[bytes]:
    """The bodies to be sent, one after another: the API takes fewer texts at once than OpenAI's does."""
    more = own | ({"outputDimensionality": asked.dimensions} if asked.dimensions is not None else {})
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    each = [{"model": model, "content": {"parts": [{"text": text}]}} | more for text in texts]
    return [msgspec.json.encode({"requests": each[at : at + _MOST]}) for at in range(0, len(each), _MOST)]


def translate(origin: str, bodies: Sequence[bytes], asked: Asked, model: str) -> bytes:
    """The list of embeddings in the answers to `requests`. Usage that the API does not tell is left out.

    Raises:
        UpstreamGarbage: an answer holds no embeddings, or not one for each text.
    """
    try:
        batches = [_batch.decode(body) for body in bodies]
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UpstreamGarbage(f"{origin} answered with something that holds no embeddings ({problem})") from None
    vectors = [embedding.values for batch in batches for embedding in batch.embeddings]
    wanted = 1 if isinstance(asked.input, str) else len(asked.input)
    if len(vectors) != wanted:
        raise UpstreamGarbage(f"{origin} answered with {len(vectors)} embeddings for {wanted} texts")
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector, asked.encoding_format)}
        for index, vector in enumerate(vectors)
    ]
    return msgspec.json.encode({"object": "list", "data": data, "model": model} | _usage(batches))


def _usage(batches: list[_Batch]) -> dict[str, Any]:
    counts = [batch.usage_metadata.prompt_token_count if batch.usage_metadata else None for batch in batches]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        return {}
    return {"usage": {"prompt_tokens": sum(known), "total_tokens": sum(known)}}


def _encoded(vector: list[float], kind: str | None) -> Any:
    """Base64 of little-endian float32 is what the official SDK asks for unless told otherwise."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if kind == "base64" else vector
