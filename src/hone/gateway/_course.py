"""A streamed answer that goes on with the next model when one is cut off, where the caller has asked for that."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec

from hone.core import to_json
from hone.errors import CallError, ProjectError, UpstreamError
from hone.gateway._asking import Asking, Chain
from hone.gateway._attempt import Asked
from hone.gateway._call import Sink
from hone.gateway._output import Output
from hone.gateway._prepare import Prepared
from hone.gateway._race import NobodyLeft
from hone.gateway._relay import Relay
from hone.providers._sse import Splitter, payload_of
from hone.providers._wire import event


class Course:
    """The stream of one call, over all the models that gave a part of it. Iterate once.

    `asked` is the model that gives now; it is None while the next one is sought. `cut` is told of each part that was
    cut off and goes on.
    """

    def __init__(
        self,
        asking: Asking,
        chain: Chain,
        prepared: Prepared,
        asked: Asked,
        cut: Callable[[Asked, UpstreamError], None],
    ) -> None:
        self._asking = asking
        self._chain = chain
        self._prepared = prepared
        self._cut = cut
        self._id: str | None = None
        self._sink: Sink | None = None
        self.asked: Asked | None = asked

    @property
    def done(self) -> bool:
        return self.asked is not None and _relay(self.asked).done

    @property
    def continued(self) -> bool:
        """Several models have given parts of the answer."""
        return bool(self._chain.said)

    @property
    def output(self) -> Output:
        """What was said in all; the finish and the usage are those of the last part."""
        last = _relay(self.asked).output if self.asked is not None else Output()
        if not self._chain.said:
            return last
        message = msgspec.json.decode(last.message) if last.message else {"role": "assistant"}
        message["content"] = self._chain.said + (message.get("content") or "")
        return msgspec.structs.replace(last, message=to_json(message))

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        """Blocks of whole events, the first part's as they came.

        Raises:
            UpstreamError: the stream was cut, and nobody goes on with it.
        """
        asked = self.asked
        assert asked is not None
        self._id = _id_in(asked.first)
        later = False
        while True:
            yield self._as_before(asked.first) if later else asked.first
            assert asked.blocks is not None
            try:
                if self._sink is not None and asked.answer.pour is not None and not later:
                    if last := await _relay(asked).pour(asked.answer.pour, self._sink):
                        yield last
                else:
                    async for block in asked.blocks:
                        yield self._as_before(block) if later else block
                self._asking.ended(asked.model, None)
                return
            except UpstreamError as error:
                if not self._chain.total.passed:
                    self._asking.ended(asked.model, error)
                asked, later = await self._next(asked, error), True
            yield f": hone continued by {asked.model.alias}\n\n".encode()

    def direct(self, sink: Sink) -> None:
        """Let what comes after the first block, and before the last, go to `sink`."""
        self._sink = sink

    async def close(self) -> None:
        """Release the connection. Safe to call twice."""
        if self.asked is not None:
            await self.asked.answer.close()

    async def _next(self, asked: Asked, error: UpstreamError) -> Asked:
        """The model that goes on.

        Raises:
            UpstreamError: `error`, where nobody does.
        """
        said = _relay(asked).unfinished_text
        if self._chain.on_cut != "continue" or said is None or self._chain.total.passed:
            raise error
        await asked.answer.close()
        self._cut(asked, error)
        self.asked = None
        self._chain.said += said
        self._chain.story.continued_from = asked.model.alias
        try:
            if self._chain.story.grant is not None:
                await self._chain.story.grant.reserve_again()
            self.asked = await self._asking.ask(self._chain, self._prepared)
        except (UpstreamError, ProjectError, CallError, NobodyLeft):
            raise error from None
        return self.asked

    def _as_before(self, block: bytes) -> bytes:
        """Events of a later part as those of the first one: with its id, and without a role, which was said."""
        return block if self._id is None else b"".join(_adapted(one, self._id) for one in Splitter().feed(block))


def _relay(asked: Asked) -> Relay:
    assert asked.relay is not None
    return asked.relay


def _adapted(one: bytes, id: str) -> bytes:
    value = _object_in(one)
    if value is None:
        return one
    for choice in value.get("choices") or []:
        if isinstance(choice, dict) and isinstance(choice.get("delta"), dict):
            choice["delta"].pop("role", None)
    return event(msgspec.json.encode(value | {"id": id}))


def _id_in(block: bytes) -> str | None:
    """The id of a stream, from its beginning; None where nothing of the answer has come."""
    values = [value for one in Splitter().feed(block) if (value := _object_in(one)) is not None]
    return next((value["id"] for value in values if isinstance(value.get("id"), str)), None)


def _object_in(one: bytes) -> dict[str, Any] | None:
    """The JSON object of an event; None for comments, for the closing mark, and for what only lenient readers read."""
    try:
        value = msgspec.json.decode(payload_of(one))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None
