"""The OpenAI door: `/v1/chat/completions` and `/v1/models`."""

from hone.server.openai._chat import ChatDoor
from hone.server.openai._errors import error_body
from hone.server.openai._models import models_body

__all__ = ["ChatDoor", "error_body", "models_body"]
