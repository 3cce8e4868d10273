"""A model without weights: it answers with the sentences of its context that fit the question, or summarises.

It is the floor that every real model must beat, and it is honest about it: its name is `extractive` in every response.
The same request gets the same answer, from the same installation: where MiniLM is installed, the model compares
meaning too. It cannot follow instructions: the shape, tone or language that a system message
asks for, tools, images, temperature and a count of choices are passed over. What it reads and how it chooses stands in
`_extract`.
"""

import asyncio
import re
from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from hone.core import Usage
from hone.errors import CallError, MissingExtra, ProjectError
from hone.providers import _wire, embedders
from hone.providers._extract import Cosines, Message, extract
from hone.providers._remembering import Remembering
from hone.providers._seam import Answer, ChatRequest, Model

NAME = "extractive"

_TOKEN = re.compile(r"\w{1,6}|[^\w\s]")

_Limit = Annotated[int, Meta(ge=1)]


class _Turn(Struct):
    role: str
    content: str | list[dict[str, Any]] | None = None

    def plain(self) -> Message:
        """Its text; parts that are no text, such as images, are passed over."""
        if isinstance(self.content, list):
            return Message(self.role, "\n".join(str(part.get("text") or "") for part in self.content))
        return Message(self.role, self.content or "")


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Body(Struct):
    messages: Annotated[list[_Turn], Meta(min_length=1)]
    max_completion_tokens: _Limit | None = None
    max_tokens: _Limit | None = None
    stream_options: _StreamOptions | None = None


_body = msgspec.json.Decoder(_Body)


def count(text: str) -> int:
    """Tokens as this model counts them: up to six characters of a word, or one sign of punctuation.

    No vendor's tokeniser agrees exactly; for English the count is near that of byte-pair encodings.
    """
    return sum(1 for _ in _TOKEN.finditer(text))


def cut(text: str, limit: int | None) -> tuple[str, str]:
    """`text` within `limit` tokens, and why it ends there: `stop` or `length`."""
    after = None if limit is None else next(islice(_TOKEN.finditer(text), limit, None), None)
    return (text, "stop") if after is None else (text[: after.start()].rstrip(), "length")


class Extractive:
    """Serves every model name; there is one model behind all of them."""

    def __init__(self) -> None:
        # Read at the first call, and off the event loop: that takes a third of a second.
        self._cosines = cache(_cosines)

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """Answer from the passages in the messages; see `Provider.chat`.

        Raises:
            CallError: the body is not a chat completion request.
        """
        body = _read(request.body)
        # A book as the user message takes a while to summarise; other calls go on meanwhile.
        text, finish, usage = await asyncio.to_thread(self._reply, body)
        if not request.stream:
            return Answer(body=_wire.completion(NAME, text, usage, finish=finish))
        wanted = body.stream_options is not None and body.stream_options.include_usage
        return Answer(
            chunks=_wire.stream(_wire.chunks(NAME, _wire.pieces(text), usage if wanted else None, finish=finish))
        )

    async def close(self) -> None:
        """Nothing is held open."""

    def _reply(self, body: _Body) -> tuple[str, str, Usage]:
        messages = [turn.plain() for turn in body.messages]
        said = extract(messages, self._cosines())
        text, finish = cut(said, body.max_completion_tokens or body.max_tokens)
        return text, finish, Usage(input=sum(count(message.text) for message in messages), output=count(text))


def _read(body: bytes) -> _Body:
    try:
        return _body.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise CallError(f"not a chat completion request: {problem}") from None


def _cosines() -> Cosines | None:
    """Nearness in meaning as MiniLM sees it; None where it is not installed, or is not what it should be."""
    try:
        model = Remembering(embedders.load("minilm")())
    except (MissingExtra, ProjectError):
        return None

    def cosines(text: str, others: Sequence[str]) -> list[float]:
        # In one batch, because reading the weights costs more than a few texts do.
        vector, *vectors = model.embed([text, *others])
        return [float(vector @ other) for other in vectors]

    return cosines
