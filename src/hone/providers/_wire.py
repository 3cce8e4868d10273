"""The OpenAI chat dialect written by us: for models that live inside hone and have no wire of their own."""

import base64
import re
import struct
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import msgspec

from hone.core import Usage, new_id

_PIECE = re.compile(r"\s*\S+|\s+$")


def pieces(text: str) -> list[str]:
    """`text` cut before each word, so that the pieces joined are the text: what our own models stream."""
    return _PIECE.findall(text)


def usage_object(usage: Usage) -> dict[str, Any]:
    """The `usage` of a completion; what nobody counted is left out, for 0 would say that nothing was used."""
    counts = {"prompt_tokens": usage.input, "completion_tokens": usage.output}
    if usage.input is not None and usage.output is not None:
        counts["total_tokens"] = usage.input + usage.output
    given = _known(
        cached_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        audio_tokens=usage.input_audio,
        cached_tokens_details=_known(audio_tokens=usage.cache_read_audio),
    )
    made = _known(reasoning_tokens=usage.reasoning, audio_tokens=usage.output_audio)
    return _known(**counts, prompt_tokens_details=given, completion_tokens_details=made) or {}


def _known(**fields: Any) -> dict[str, Any] | None:
    return {name: value for name, value in fields.items() if value is not None} or None


def _counted(usage: Usage | None) -> dict[str, Any]:
    """The field `usage`, where anybody counted anything."""
    value = {} if usage is None else usage_object(usage)
    return {"usage": value} if value else {}


def completion(
    model: str,
    text: str,
    usage: Usage | None,
    *,
    finish: str | None = "stop",
    message: dict[str, Any] | None = None,
    id: str | None = None,
    stopped_by: str | None = None,
) -> bytes:
    """The JSON body of a whole chat completion; without `usage` where nobody counted.

    `stopped_by` is the stop sequence that ended it.
    """
    return msgspec.json.encode(
        _counted(usage)
        | {
            "id": id or f"chatcmpl-{new_id()}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "message": message or {"role": "assistant", "content": text},
                    "logprobs": None,
                    "finish_reason": finish,
                    **_stop(stopped_by),
                }
            ],
        }
    )


def _stop(sequence: str | None) -> dict[str, str]:
    """The dialect has no field for it; this is the one that vLLM adds."""
    return {} if sequence is None else {"stop_reason": sequence}


def embeddings(model: str, vectors: Sequence[Sequence[float]], encoding: str, tokens: int | None) -> bytes:
    """The JSON body of an answer with vectors.

    Base64 of little-endian float32 is what the official SDK asks for unless told otherwise.
    """
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if encoding == "base64" else vector}
        for index, vector in enumerate(vectors)
    ]
    counted = {} if tokens is None else {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
    return msgspec.json.encode({"object": "list", "data": data, "model": model} | counted)


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def event(data: bytes) -> bytes:
    """One server-sent event."""
    return b"data: " + data + b"\n\n"


DONE = event(b"[DONE]")


class Stream:
    """The events of one streamed completion, which share an id."""

    def __init__(self, model: str, id: str | None = None) -> None:
        self._base = {
            "id": id or f"chatcmpl-{new_id()}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def delta(self, content: dict[str, Any], finish: str | None = None, stopped_by: str | None = None) -> bytes:
        choice = {"index": 0, "delta": content, "logprobs": None, "finish_reason": finish, **_stop(stopped_by)}
        return self._chunk([choice])

    def end(self, finish: str, usage: Usage | None, stopped_by: str | None = None) -> list[bytes]:
        last = [self._chunk([], **counted)] if (counted := _counted(usage)) else []
        return [self.delta({}, finish, stopped_by), *last, DONE]

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return event(msgspec.json.encode(self._base | {"choices": choices} | more))


def chunks(model: str, parts: Iterable[str], usage: Usage | None, *, finish: str = "stop") -> list[bytes]:
    """The events of a streamed completion, the last one `[DONE]`. `usage` is sent when it was asked for."""
    stream = Stream(model)
    start = stream.delta({"role": "assistant", "content": ""})
    return [start, *(stream.delta({"content": part}) for part in parts), *stream.end(finish, usage)]


def tool_call_chunks(model: str, calls: list[dict[str, Any]], usage: Usage | None, *, finish: str) -> list[bytes]:
    """Tool calls as a stream sends them: the name first, then the arguments in two pieces."""
    stream = Stream(model)
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
