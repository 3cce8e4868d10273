"""A request for vectors in the OpenAI dialect, made calls of Cohere's embed API; and their answers made one."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hone.errors import CallError, UpstreamGarbage
from hone.providers import _wire
from hone.providers._http import Response, Upstream
from hone.providers.cohere._response import Tokens, not_an_answer

MOST = 96
"""Texts that the API takes at once."""

INPUT_TYPE = "search_document"
"""What the texts are for, when the caller does not say: the API asks for a word, and an index is made of documents."""

_TRANSLATED = {"input", "encoding_format", "dimensions", "user", "model", "embedding_types"}


class _Asked(Struct):
    input: str | list[str]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


class _Vectors(Struct):
    float: list[list[float]]


class Made(Struct):
    """An answer of the API."""

    embeddings: _Vectors
    meta: Tokens | None = None


class Asked(Struct):
    """What a caller wants embedded, and the fields that go through: `input_type`, `truncate`."""

    texts: list[str]
    encoding: Literal["float", "base64"]
    fields: dict[str, Any]


_made = msgspec.json.Decoder(Made)


def read(body: bytes) -> Asked:
    """
    Raises:
        CallError: the body is not an embedding request that the API can serve.
    """
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
        asked = msgspec.convert(fields, _Asked)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as problem:
        raise CallError(f"not an embedding request that Cohere can serve: {problem}") from None
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    if not texts:
        raise CallError("`input` is a text or a list of texts, and this list is empty")
    others = {name: value for name, value in fields.items() if name not in _TRANSLATED and value is not None}
    size = {} if asked.dimensions is None else {"output_dimension": asked.dimensions}
    return Asked(texts, asked.encoding_format, {"input_type": INPUT_TYPE} | others | size)


def bodies(asked: Asked, model: str) -> Iterator[dict[str, Any]]:
    """The calls to be made. Floats are always what is asked for: base64 is written here, as the OpenAI SDKs read it."""
    for at in range(0, len(asked.texts), MOST):
        yield asked.fields | {"model": model, "texts": asked.texts[at : at + MOST], "embedding_types": ["float"]}


async def answer(upstream: Upstream, response: Response) -> Made:
    """
    Raises:
        UpstreamRefused: an error object, though the status said 200.
        UpstreamGarbage: anything else that holds no vectors.
    """
    body = await response.read()
    try:
        return _made.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind = response.headers.get("content-type", "")
        raise not_an_answer(upstream.origin, kind, body, "an answer with vectors") from None


def written(asked: Asked, model: str, made: list[Made]) -> bytes:
    """The body of the answer.

    Raises:
        UpstreamGarbage: there is not one vector for each text.
    """
    vectors = [vector for part in made for vector in part.embeddings.float]
    if len(vectors) != len(asked.texts):
        raise UpstreamGarbage(f"{len(vectors)} vectors came back for {len(asked.texts)} texts")
    counts = [part.meta.usage().input if part.meta else None for part in made]
    tokens = None if None in counts else sum(count or 0 for count in counts)
    return _wire.embeddings(model, vectors, asked.encoding, tokens)
