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


def chunks(model: str, parts: Iterable[str], usage: Usage | None, *, finish: str = "stop") -> list[bytes]:
    """The events of a streamed completion, the last one `[DONE]`. `usage` is sent when it was asked for."""
    ident, created = f"chatcmpl-{new_id()}", int(time.time())

    def chunk(choices: list[dict[str, Any]], **more: Any) -> bytes:
        base = {"id": ident, "object": "chat.completion.chunk", "created": created, "model": model, "choices": choices}
        return event(msgspec.json.encode(base | more))

    def delta(content: dict[str, Any], finish_reason: str | None = None) -> bytes:
        return chunk([{"index": 0, "delta": content, "logprobs": None, "finish_reason": finish_reason}])

    events = [delta({"role": "assistant", "content": ""})]
    events += [delta({"content": part}) for part in parts]
    events.append(delta({}, finish))
    if usage is not None:
        events.append(chunk([], usage=usage_object(usage)))
    return [*events, DONE]


async def stream(events: Iterable[bytes]) -> AsyncIterator[bytes]:
    for one in events:
        yield one
