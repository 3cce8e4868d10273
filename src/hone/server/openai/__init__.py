"""The OpenAI door: `/v1/chat/completions`, `/v1/embeddings`, `/v1/models`, `/v1/files` and `/v1/batches`."""

from hone.gateway import Gateway
from hone.server._door import Door
from hone.server.openai._endpoints import Caller, endpoints_of
from hone.server.openai._errors import OPENAI, error_body
from hone.server.openai._models import models_body
from hone.server.openai._parse import parse_chat, parse_embeddings
from hone.server.openai._routes import files_and_batches

__all__ = ["Caller", "chat_door", "embeddings_door", "endpoints_of", "error_body", "files_and_batches", "models_body"]


def chat_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/chat/completions`."""
    return Door(OPENAI, gateway, gateway.chat, parse_chat, max_body)


def embeddings_door(gateway: Gateway, max_body: int) -> Door:
    """`POST /v1/embeddings`."""
    return Door(OPENAI, gateway, gateway.embeddings, parse_embeddings, max_body)
