"""What the vendors' endpoints take and answer, as far as it is always there.

A body is what hone itself reads of it; every other field goes on to the model as it is. An answer may have more fields
than these, as the model's server gives them.
"""

from typing import Any, Literal

from msgspec import Struct

from hone.server.anthropic._request import Asked as AskedMessages
from hone.server.openai._parse import Parsed
from hone.server.openai.responses._asked import Reasoning, Text


class ErrorSaid(Struct):
    message: str
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class OpenAIError(Struct):
    """An error in the OpenAI dialect."""

    error: ErrorSaid


class AnthropicErrorSaid(Struct):
    type: str
    message: str


class AnthropicError(Struct):
    """An error in the Anthropic dialect."""

    type: Literal["error"]
    error: AnthropicErrorSaid
    request_id: str | None = None


class ChatBody(Parsed):
    """`messages` may be left out where `hone.input` gives a task its input."""

    messages: list[dict[str, Any]] | None = None
    max_completion_tokens: int | None = None
    tools: list[dict[str, Any]] | None = None
    temperature: float | None = None


class EmbeddingBody(Struct):
    """`input` is a text, or a list of texts or tokens."""

    model: str
    input: str | list[str | int | list[int]]
    user: str | None = None
    dimensions: int | None = None


class CompletionBody(Parsed):
    """One prompt."""

    prompt: str | list[str] | None = None
    echo: bool | None = None
    n: int | None = None
    max_tokens: int | None = None


class ResponseBody(Parsed):
    """Items of earlier turns are sent along: no conversation is kept here."""

    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    text: Text | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: int | None = None


class MessagesBody(AskedMessages):
    """A request of the Messages API."""

    max_tokens: int | None = None


class Choice(Struct):
    index: int
    message: dict[str, Any]
    finish_reason: str | None = None


class ChatCompletion(Struct):
    id: str
    object: str
    created: int
    model: str
    choices: list[Choice]
    usage: dict[str, Any] | None = None


class TextChoice(Struct):
    index: int
    text: str
    finish_reason: str | None = None


class TextCompletion(Struct):
    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[TextChoice]
    usage: dict[str, Any] | None = None


class Vector(Struct):
    """Base64 of little-endian floats where `encoding_format` asks for it."""

    index: int
    embedding: list[float] | str
    object: str = "embedding"


class Embeddings(Struct):
    object: str
    data: list[Vector]
    model: str
    usage: dict[str, Any] | None = None


class Response(Struct):
    id: str
    object: Literal["response"]
    created_at: int
    status: str
    model: str
    output: list[dict[str, Any]]
    usage: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class Message(Struct):
    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[dict[str, Any]]
    usage: dict[str, Any]
    stop_reason: str | None = None
    stop_sequence: str | None = None


class Tokens(Struct):
    """An estimate where the header `x-hone-estimate` says so."""

    input_tokens: int


class Model(Struct):
    """A task, a variant or a model. `hone` tells what is known of it."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    hone: dict[str, Any]


class Models(Struct):
    object: Literal["list"]
    data: list[Model]


class StoredFile(Struct):
    id: str
    object: Literal["file"]
    bytes: int
    created_at: int
    filename: str
    purpose: str
    status: str
    expires_at: int | None = None


class StoredFiles(Struct):
    object: Literal["list"]
    data: list[StoredFile]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None


class Deleted(Struct):
    id: str
    object: str
    deleted: bool


class StoredBatch(Struct):
    id: str
    object: Literal["batch"]
    endpoint: str
    input_file_id: str
    completion_window: str
    status: str
    created_at: int
    expires_at: int
    request_counts: dict[str, int]
    output_file_id: str | None = None
    error_file_id: str | None = None
    metadata: dict[str, str] | None = None
    errors: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    hone: dict[str, Any] | None = None


class StoredBatches(Struct):
    object: Literal["list"]
    data: list[StoredBatch]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
