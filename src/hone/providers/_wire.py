"""The OpenAI chat dialect written by us: for models that live inside hone and have no wire of their own."""

import re
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec

from hone.core import Usage, new_id

_PIECE = re.compile(r"\s*\S+|\s+$")


def pieces(text: str) -> list[str]:
    """`text` cut before each word, so that the pieces joined are the text: what our own models stream."""
    return _PIECE.findall(text)


def usage_object(usage: Usage) -> dict[str, int]:
    prompt, completion = usage.input or 0, usage.output or 0
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def completion(
    model: str, text: str, usage: Usage, *, finish: str = "stop", message: dict[str, Any] | None = None
) -> bytes:
    """The JSON body of a whole chat completion."""
    return msgspec.json.encode(
        {
            "id": f"chatcmpl-{new_id()}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "message": message or {"role": "assistant", "content": text},
                    "logprobs": None,
                    "finish_reason": finish,
                }
            ],
            "usage": usage_object(usage),
        }
    )


def event(data: bytes) -> bytes:
    """One server-sent event."""
    return b"data: " + data + b"\n\n"


DONE = event(b"[DONE]")


class _Stream:
    """The events of one streamed completion, which share an id."""

    def __init__(self, model: str) -> None:
        self._base = {
            "id": f"chatcmpl-{new_id()}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def delta(self, content: dict[str, Any], finish: str | None = None) -> bytes:
        return self._chunk([{"index": 0, "delta": content, "logprobs": None, "finish_reason": finish}])

    def end(self, finish: str, usage: Usage | None) -> list[bytes]:
        last = [] if usage is None else [self._chunk([], usage=usage_object(usage))]
        return [self.delta({}, finish), *last, DONE]

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return event(msgspec.json.encode(self._base | {"choices": choices} | more))


def chunks(model: str, parts: Iterable[str], usage: Usage | None, *, finish: str = "stop") -> list[bytes]:
    """The events of a streamed completion, the last one `[DONE]`. `usage` is sent when it was asked for."""
    stream = _Stream(model)
    start = stream.delta({"role": "assistant", "content": ""})
    return [start, *(stream.delta({"content": part}) for part in parts), *stream.end(finish, usage)]


def tool_call_chunks(model: str, calls: list[dict[str, Any]], usage: Usage | None, *, finish: str) -> list[bytes]:
    """Tool calls as a stream sends them: the name first, then the arguments in two pieces."""
    stream = _Stream(model)
    events = [stream.delta({"role": "assistant", "content": None})]
    for index, call in enumerate(calls):
        function = call["function"]
        arguments: str = function["arguments"]
        middle = len(arguments) // 2
        first = call | {"index": index, "function": {"name": function["name"], "arguments": arguments[:middle]}}
        second = {"index": index, "function": {"arguments": arguments[middle:]}}
        events += [stream.delta({"tool_calls": [part]}) for part in (first, second)]
    return [*events, *stream.end(finish, usage)]


async def stream(events: Iterable[bytes]) -> AsyncIterator[bytes]:
    """`events` as an answer's chunks."""
    for one in events:
        yield one
