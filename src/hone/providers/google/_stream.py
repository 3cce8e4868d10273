"""The pieces of a streamed answer, each turned into what the OpenAI dialect says for it."""

from collections.abc import AsyncIterator

import msgspec

from hone.errors import UpstreamCut, UpstreamGarbage
from hone.providers._sse import payloads
from hone.providers._wire import Stream
from hone.providers.google._answer import Candidate, Generated, Parts, Tokens, finish_of, signed
from hone.providers.google._errors import refused

_decode = msgspec.json.Decoder(Generated).decode


async def translate(chunks: AsyncIterator[bytes], include_usage: bool, model: str) -> AsyncIterator[bytes]:
    """The events of a chat completion, the last one `[DONE]`.

    Nothing marks the end of such a stream: it has ended well when the body has, and the last thing said was why.

    Raises:
        UpstreamCut: the stream ended before the answer did.
        UpstreamRefused: the upstream sent an error.
        UpstreamGarbage: a piece is not in the dialect.
    """
    answer = _Answer(include_usage, model)
    async for payload in payloads(chunks):
        for event in answer.add(payload):
            yield event
    for event in answer.close():
        yield event


class _Answer:
    """What has been said so far, and so what the next piece means."""

    def __init__(self, include_usage: bool, model: str) -> None:
        self._include_usage = include_usage
        self._model = model
        self._stream: Stream | None = None
        self._tokens = Tokens()
        self._parts = Parts()
        self._finish: str | None = None

    def add(self, payload: bytes) -> list[bytes]:
        """Events of the OpenAI dialect for one piece."""
        try:
            piece = _decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise UpstreamGarbage(f"a piece of the stream is not in the dialect: {problem}") from None
        if piece.error is not None:
            raise refused(piece.error, "the upstream sent an error in mid-stream")
        events: list[bytes] = []
        if self._stream is None:
            self._stream = Stream(piece.model_version or self._model, piece.response_id)
            events.append(self._stream.delta({"role": "assistant", "content": ""}))
        if piece.usage_metadata is not None:
            self._tokens = self._tokens.updated(piece.usage_metadata)
        if piece.blocked is not None:
            self._finish = "content_filter"
            events.append(self._stream.delta({"refusal": piece.blocked}))
        if piece.candidate is not None:
            events += self._say(self._stream, piece.candidate)
        return events

    def _say(self, stream: Stream, candidate: Candidate) -> list[bytes]:
        deltas = [delta for part in candidate.parts if (delta := self._parts.delta(part)) is not None]
        # A round of the vendor's own tools ends with a reason too, and then more is said: only the last one counts.
        finish = finish_of(candidate.finish_reason, called=self._parts.called)
        said = any(part.text != "" for part in candidate.parts)
        self._finish = finish or (None if said else self._finish)
        return [stream.delta(delta) for delta in deltas]

    def close(self) -> list[bytes]:
        """The end of the events, after the end of the body."""
        # Why it ended is passed on only now, so that no cut stream looks complete.
        if self._stream is None or self._finish is None:
            raise UpstreamCut("the stream ended before the answer was complete")
        signature = signed(self._parts.signature)
        last = [self._stream.delta(signature)] if signature else []
        return [*last, *self._stream.end(self._finish, self._tokens.usage() if self._include_usage else None)]
