"""Texts in the order in which they answer a query, by Cohere's rerank API."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hone.errors import UpstreamGarbage
from hone.providers._http import Response, Upstream
from hone.providers._seam import Model, Ranked
from hone.providers.cohere._response import not_an_answer


class _Result(Struct):
    index: int
    relevance_score: float


class _Results(Struct):
    results: list[_Result]


_results = msgspec.json.Decoder(_Results)


def body(model: Model, query: str, documents: Sequence[str], top_n: int | None) -> dict[str, Any]:
    """The request; the model's `parameters`, such as `max_tokens_per_doc`, go with it."""
    asked = model.parameters | {"model": model.name, "query": query, "documents": list(documents)}
    return asked if top_n is None else asked | {"top_n": top_n}


async def answer(count: int, upstream: Upstream, response: Response) -> list[Ranked]:
    """
    Raises:
        UpstreamRefused: an error object, though the status said 200.
        UpstreamGarbage: anything else that ranks none of `count` documents.
    """
    read = await response.read()
    try:
        found = _results.decode(read).results
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind = response.headers.get("content-type", "")
        raise not_an_answer(upstream.origin, kind, read, "a ranking") from None
    if any(not 0 <= each.index < count for each in found):
        raise UpstreamGarbage(f"{upstream.origin} ranked a document that it was not given")
    return [Ranked(each.index, each.relevance_score) for each in found]
