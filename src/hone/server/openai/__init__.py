"""The OpenAI doors: `/v1/chat/completions`, `/v1/responses`, `/v1/completions`, `/v1/embeddings` and `/v1/models`."""

from hone.gateway import Gateway
from hone.server._door import Door
from hone.server.openai._completions import parse_completion
from hone.server.openai._errors import OPENAI, error_body
from hone.server.openai._models import MODELS_UNDER, ModelsDoor
from hone.server.openai._parse import parse_chat, parse_embeddings
from hone.server.openai.responses import parse_response

__all__ = [
    "MODELS_UNDER",
    "ModelsDoor",
    "chat_door",
    "completions_door",
    "embeddings_door",
    "error_body",
    "responses_door",
]


def chat_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/chat/completions`."""
    return Door(OPENAI, gateway, gateway.chat, parse_chat, max_body)


def embeddings_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/embeddings`."""
    return Door(OPENAI, gateway, gateway.embeddings, parse_embeddings, max_body)


def responses_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/responses`."""
    return Door(OPENAI, gateway, gateway.chat, parse_response, max_body)


def completions_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/completions`."""
    return Door(OPENAI, gateway, gateway.chat, parse_completion, max_body)
