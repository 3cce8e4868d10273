"""The endpoints that batches may call, and how one line is called: as its door would, without a socket."""

from collections.abc import Mapping

from msgspec import Struct

from hone.core import Clock, new_span_id
from hone.errors import CallError, HoneError, TooLarge
from hone.gateway import Gateway, Keys
from hone.server._door import Ask, Parse, fault, unread, with_key
from hone.server._identity import Identity
from hone.server.openai._completions import parse_completion
from hone.server.openai._parse import parse_chat, parse_embeddings
from hone.server.openai.responses import parse_response
from hone.store import Batch


class Endpoint(Struct, frozen=True):
    """How a body is read, and what the gateway is asked for."""

    parse: Parse
    ask: Ask


def endpoints_of(gateway: Gateway) -> dict[str, Endpoint]:
    """Every endpoint that a batch may name."""
    return {
        "/v1/chat/completions": Endpoint(parse_chat, gateway.chat),
        "/v1/responses": Endpoint(parse_response, gateway.chat),
        "/v1/completions": Endpoint(parse_completion, gateway.chat),
        "/v1/embeddings": Endpoint(parse_embeddings, gateway.embeddings),
    }


class Caller:
    """Makes the calls of batches, each with the key, the limits and the tags of whoever began the batch."""

    def __init__(
        self, gateway: Gateway, endpoints: Mapping[str, Endpoint], keys: Keys, max_body: int, clock: Clock
    ) -> None:
        self._gateway = gateway
        self._endpoints = endpoints
        self._keys = keys
        self._max_body = max_body
        self._clock = clock

    async def ask(self, batch: Batch, body: bytes, trace_id: str) -> bytes:
        """The body of the answer.

        Raises:
            HoneError: there is none; the error says why.
        """
        caller, start = batch.caller, self._clock()
        tags = (f"batch:{batch.id}", *caller.tags)
        identity = Identity(trace_id, new_span_id(), None, caller.session, caller.user, tags)
        endpoint = self._endpoints[batch.endpoint]
        try:
            if len(body) > self._max_body:
                raise TooLarge(f"the body is {len(body):,} bytes and the limit is {self._max_body:,}")
            request = endpoint.parse(body, identity, start)
            if batch.owner is not None:
                request = with_key(request, await self._keys.named(batch.owner))
            if request.call.stream:
                raise CallError("`stream` is asked for, and a batch cannot stream")
        except HoneError as error:
            self._gateway.refuse(unread(identity, start), error)
            raise
        try:
            reply = await endpoint.ask(request.call)
            answer = reply.body or b""
            return request.body(answer) if request.body else answer
        except HoneError:
            raise
        except Exception as error:
            raise fault(error, trace_id) from None
