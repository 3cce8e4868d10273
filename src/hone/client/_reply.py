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
    finish_reason: str | None = None
    logprobs: tuple[float, ...] | None = None  # of the answer's tokens, natural; None unless they were asked for
    tops: tuple[dict[str, float], ...] | None = None  # the likeliest tokens at each place, where they were asked for

    def __str__(self) -> str:
        return self.text


class _Top(Struct):
    token: str
    logprob: float


class _Token(Struct):
    logprob: float
    top_logprobs: list[_Top] | None = None


class _Logprobs(Struct):
    content: list[_Token] | None = None


class _Choice(Struct):
    message: dict[str, Any]
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Completion(Struct):
    choices: list[_Choice]
    model: str | None = None
    usage: dict[str, Any] | None = None


_completion = msgspec.json.Decoder(_Completion)


def reply_from(body: bytes, headers: dict[str, str]) -> Reply:
    """The reply in a completion and the contract's headers.

    Raises:
        UpstreamGarbage: the body is not a chat completion.
    """
    try:
        found = _completion.decode(body)
    except msgspec.DecodeError as problem:
        raise UpstreamGarbage(f"the answer is not a chat completion: {problem}") from None
    choice = found.choices[0] if found.choices else _Choice({})
    message, tokens = choice.message, choice.logprobs.content if choice.logprobs else None
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
        finish_reason=choice.finish_reason,
        logprobs=None if tokens is None else tuple(each.logprob for each in tokens),
        tops=_tops(tokens),
    )


def _tops(tokens: list[_Token] | None) -> tuple[dict[str, float], ...] | None:
    if tokens is None or not any(each.top_logprobs for each in tokens):
        return None
    return tuple({top.token: top.logprob for top in each.top_logprobs or ()} for each in tokens)
