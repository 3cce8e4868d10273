"""What a run of a task gives back."""

from typing import Any

import msgspec
from msgspec import Struct

from hone.errors import UpstreamGarbage


class Reply(Struct, frozen=True, kw_only=True):
    """The answer of a task. `cost` is in dollars, None when unknown; `variant` reads `answer@concise`."""

    text: str
    message: dict[str, Any]
    trace_id: str
    span_id: str
    variant: str | None = None
    model: str | None = None
    cost: float | None = None
    usage: dict[str, Any] | None = None
    logprobs: list[dict[str, Any]] | None = None  # of each token, where they were asked for
    finish_reason: str | None = None

    def __str__(self) -> str:
        return self.text


class _Logprobs(Struct):
    content: list[dict[str, Any]] | None = None


class _Choice(Struct):
    message: dict[str, Any]
    logprobs: _Logprobs | None = None
    finish_reason: str | None = None


class _Completion(Struct):
    choices: list[_Choice]
    model: str | None = None
    usage: dict[str, Any] | None = None


def reply_from(body: bytes, headers: dict[str, str]) -> Reply:
    """The reply in a completion and the contract's headers.

    Raises:
        UpstreamGarbage: the body is not a chat completion.
    """
    try:
        found = msgspec.json.decode(body, type=_Completion)
    except msgspec.DecodeError as problem:
        raise UpstreamGarbage(f"the answer is not a chat completion: {problem}") from None
    choice = found.choices[0] if found.choices else _Choice(message={})
    message = choice.message
    cost = headers.get("x-hone-cost")
    return Reply(
        text=message.get("content") or "",
        message=message,
        trace_id=headers.get("x-hone-trace-id", ""),
        span_id=headers.get("x-hone-span-id", ""),
        variant=headers.get("x-hone-variant"),
        model=found.model,
        cost=None if cost is None else float(cost),
        usage=found.usage,
        logprobs=choice.logprobs.content if choice.logprobs else None,
        finish_reason=choice.finish_reason,
    )
