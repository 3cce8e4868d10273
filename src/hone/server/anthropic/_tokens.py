"""`count_tokens`: what the vendor says where it is Anthropic, an estimate elsewhere."""

import msgspec

from hone.gateway import Call, Gateway, Reply

ESTIMATE = "x-hone-estimate"
"""The header of a count that is an estimate."""


async def count(gateway: Gateway, call: Call) -> Reply:
    """
    Raises:
        CallError, ProjectError, UpstreamError: nothing was counted.
    """
    counted = await gateway.count_tokens(call)
    body = msgspec.json.encode({"input_tokens": counted.tokens})
    return Reply(headers={ESTIMATE: "true"} if counted.estimated else {}, body=body)
