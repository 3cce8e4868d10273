"""The OpenAI door: `/v1/chat/completions`, `/v1/embeddings` and `/v1/models`."""

from hone.server.openai._door import Door, chat_door, embeddings_door
from hone.server.openai._errors import error_body
from hone.server.openai._models import models_body

__all__ = ["Door", "chat_door", "embeddings_door", "error_body", "models_body"]
