"""A streamed answer that goes on with the next model when one is cut off, where the caller has asked for that."""

from collections.abc import AsyncGenerator, Callable

import msgspec

from hone.core import to_json
from hone.errors import ProjectError, UpstreamError
from hone.gateway._asking import Asking, Chain
from hone.gateway._attempt import Asked
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
        self.asked: Asked | None = asked

    @property
    def done(self) -> bool:
        return self.asked is not None and _relay(self.asked).done

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
        problem = None
        while asked is not None:
            yield asked.first if problem is None else self._as_before(asked.first)
            assert asked.blocks is not None
            try:
                async for block in asked.blocks:
                    yield block if problem is None else self._as_before(block)
                return
            except UpstreamError as error:
                asked, problem = await self._next(asked, error), error
            yield f": hone continued by {asked.model.alias}\n\n".encode()

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
            self.asked = await self._asking.ask(self._chain, self._prepared)
        except (UpstreamError, ProjectError, NobodyLeft):
            raise error from None
        return self.asked

    def _as_before(self, block: bytes) -> bytes:
        """Events of a later part as those of the first one: with its id, and without a role, which was said."""
        return b"".join(self._adapted(one) for one in Splitter().feed(block))

    def _adapted(self, one: bytes) -> bytes:
        payload = payload_of(one)
        if not payload or payload == b"[DONE]":
            return one
        value = msgspec.json.decode(payload)
        value |= {} if self._id is None else {"id": self._id}
        for choice in value.get("choices") or []:
            if isinstance(choice.get("delta"), dict):
                choice["delta"].pop("role", None)
        return event(msgspec.json.encode(value))


def _relay(asked: Asked) -> Relay:
    assert asked.relay is not None
    return asked.relay


def _id_in(block: bytes) -> str | None:
    for one in Splitter().feed(block):
        if (payload := payload_of(one)) and payload != b"[DONE]":
            found = msgspec.json.decode(payload).get("id")
            return found if isinstance(found, str) else None
    return None
