"""The operations of the vendors' dialects: OpenAI's and Anthropic's, with errors as their SDKs expect them."""

from typing import Any

from hone.server.api import _vendor_shapes as shapes
from hone.server.api._operation import Operation, Parameter, Status
from hone.server.openai._batches import BatchBody
from hone.server.openai._files import PURPOSES

_CALL: tuple[Status, ...] = (400, 401, 402, 403, 404, 413, 429, "4XX", "5XX")
_LOOK: tuple[Status, ...] = (400, 401, 403, 404, 500, 503)
_CHUNKS = "with `stream`: events whose data is a chunk, then `[DONE]`"
_EVENTS = "with `stream`: the events of the dialect"
_ABOUT_CALLS = (
    Parameter("traceparent", "header", about="W3C Trace Context: the call becomes a part of that trace"),
    Parameter("x-hone-session", "header", about="calls of one conversation"),
    Parameter("x-hone-user", "header", about="on whose behalf"),
    Parameter("x-hone-tags", "header", about="with commas between them"),
)
_ID = (Parameter("id", "path"),)
_PAGE = (Parameter("after", "query", about="the last id of the page before"),)


def _limit(most: int) -> Parameter:
    return Parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": most})


def _call(path: str, summary: str, body: Any, answer: Any, events: str | None = None) -> Operation:
    """One that a model answers."""
    anthropic = path.startswith("/v1/messages")
    return Operation(
        method="post",
        path=path,
        summary=summary,
        body=body,
        answers={200: answer},
        events=events,
        errors=_CALL,
        problem=shapes.AnthropicError if anthropic else shapes.OpenAIError,
        parameters=_ABOUT_CALLS,
        tag="Anthropic" if anthropic else "OpenAI",
    )


def _kept(
    method: str, path: str, summary: str, answer: Any, *parameters: Parameter, body: Any = None, form: Any = None
) -> Operation:
    """One about what is kept here."""
    return Operation(
        method=method,
        path=path,
        summary=summary,
        body=body,
        form=form,
        answers={200: answer},
        errors=(*_LOOK, 413) if method == "post" else _LOOK,
        problem=shapes.OpenAIError,
        parameters=parameters,
        tag="OpenAI",
    )


_UPLOAD = {
    "type": "object",
    "required": ["file", "purpose"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "purpose": {"type": "string", "enum": list(PURPOSES)},
        "expires_after[anchor]": {"type": "string", "const": "created_at"},
        "expires_after[seconds]": {"type": "integer"},
    },
}

MODEL_CALLS = [
    _call("/v1/chat/completions", "A chat completion.", shapes.ChatBody, shapes.ChatCompletion, _CHUNKS),
    _call("/v1/completions", "A completion of a prompt.", shapes.CompletionBody, shapes.TextCompletion, _CHUNKS),
    _call("/v1/responses", "A response.", shapes.ResponseBody, shapes.Response, _EVENTS),
    _call("/v1/embeddings", "Vectors of texts.", shapes.EmbeddingBody, shapes.Embeddings),
    _call("/v1/messages", "A message.", shapes.MessagesBody, shapes.Message, _EVENTS),
    _call("/v1/messages/count_tokens", "How many tokens a message has.", shapes.MessagesBody, shapes.Tokens),
    _kept("get", "/v1/models", "What can be asked for.", shapes.Models),
    _kept("get", "/v1/models/{id}", "One of them; its name may hold slashes.", shapes.Model, *_ID),
    _kept("post", "/v1/files", "Upload a file.", shapes.StoredFile, form=_UPLOAD),
    _kept(
        "get",
        "/v1/files",
        "The latest files.",
        shapes.StoredFiles,
        *_PAGE,
        _limit(10_000),
        Parameter("purpose", "query"),
        Parameter("order", "query", {"type": "string", "enum": ["asc", "desc"]}),
    ),
    _kept("get", "/v1/files/{id}", "One file.", shapes.StoredFile, *_ID),
    _kept("delete", "/v1/files/{id}", "Delete a file.", shapes.Deleted, *_ID),
    _kept("get", "/v1/files/{id}/content", "Its bytes.", bytes, *_ID),
    _kept("post", "/v1/batches", "Begin a batch.", shapes.StoredBatch, body=BatchBody),
    _kept("get", "/v1/batches", "The latest batches.", shapes.StoredBatches, *_PAGE, _limit(100)),
    _kept("get", "/v1/batches/{id}", "One batch.", shapes.StoredBatch, *_ID),
    _kept("post", "/v1/batches/{id}/cancel", "Cancel a batch.", shapes.StoredBatch, *_ID),
]
