"""The Anthropic door: `/v1/messages` and `/v1/messages/count_tokens`, in front of every model and task."""

from functools import partial

from hone.gateway import Gateway
from hone.server._door import Door
from hone.server.anthropic._errors import ANTHROPIC, error_body
from hone.server.anthropic._parse import parse_count, parse_messages
from hone.server.anthropic._tokens import count

__all__ = ["count_tokens_door", "error_body", "messages_door"]


def messages_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/messages`."""
    return Door(ANTHROPIC, gateway, gateway.chat, parse_messages, max_body)


def count_tokens_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/messages/count_tokens`."""
    return Door(ANTHROPIC, gateway, partial(count, gateway), parse_count, max_body)
