"""A chat completion as a message of the Messages API."""

import json
from collections.abc import Set
from typing import Any

import msgspec

from hone.core import new_id

Said = dict[str, Any]

INVALID = "INVALID_JSON"
"""The vendor's own word for arguments that are no JSON object: `{"INVALID_JSON": "..."}`."""

_THINKING = ("thinking", "redacted_thinking")
_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


def message_of(body: bytes, stops: Set[str] = frozenset()) -> bytes:
    """`stops` are the stop sequences that were asked for. Details that are odd are left out."""
    completion = said(read(body))
    choices = completion.get("choices")
    choice = said(choices[0]) if isinstance(choices, list) and choices else {}
    message = said(choice.get("message"))
    content = [*_thinking(message), *_text(message), *_calls(message)]
    reason, sequence = stop_of(choice, stops, called=_has_call(content), refused=bool(message.get("refusal")))
    return write(
        start_of(completion)
        | {
            "content": content,
            "stop_reason": reason,
            "stop_sequence": sequence,
            "usage": usage_of(completion.get("usage")),
        }
    )


def start_of(completion: Said) -> Said:
    """What a message says of itself before it has said anything."""
    given, model = completion.get("id"), completion.get("model")
    rest = given.removeprefix("chatcmpl-").removeprefix("msg_") if isinstance(given, str) else ""
    return {
        "id": f"msg_{rest or new_id()}",
        "type": "message",
        "role": "assistant",
        "model": model if isinstance(model, str) else "",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def stop_of(choice: Said, stops: Set[str], *, called: bool, refused: bool) -> tuple[str | None, str | None]:
    """Why a message ended, and the stop sequence that ended it. A word that nobody knows stays as it is."""
    finish = choice.get("finish_reason")
    if not isinstance(finish, str):
        return None, None
    # Two fields that servers have added to the dialect; a token's number in them says nothing here.
    ended_by = next(
        (choice[name] for name in ("stop_reason", "matched_stop") if isinstance(choice.get(name), str)), None
    )
    if finish == "stop" and ended_by in stops:
        return "stop_sequence", ended_by
    if finish == "stop" and called:
        return "tool_use", None  # a call that the caller forced ends in "stop" at OpenAI
    return "refusal" if finish == "stop" and refused else _STOP_REASONS.get(finish, finish), None


def usage_of(given: Any) -> Said:
    """The tokens of a message. The API knows no "unknown": what nobody counted is 0.

    `input_tokens` there excludes what the cache gave and took, and `prompt_tokens` includes it.
    """
    usage = said(given)
    prompt, made = said(usage.get("prompt_tokens_details")), said(usage.get("completion_tokens_details"))
    cached = {
        "cache_creation_input_tokens": _count(prompt.get("cache_write_tokens")),
        "cache_read_input_tokens": _count(prompt.get("cached_tokens")),
    }
    whole = _count(usage.get("prompt_tokens")) or 0
    found: Said = {
        "input_tokens": max(0, whole - sum(tokens or 0 for tokens in cached.values())),
        **{name: tokens for name, tokens in cached.items() if tokens is not None},
        "output_tokens": _count(usage.get("completion_tokens")) or 0,
    }
    if (thinking := _count(made.get("reasoning_tokens"))) is not None:
        found["output_tokens_details"] = {"thinking_tokens": thinking}
    return found


def text_of(content: Any) -> str:
    """The text in a content that may be a list of parts."""
    if isinstance(content, list):
        return "".join(text_of(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def reasoning_of(message: Said) -> str:
    """What was thought, under either name that servers have for it."""
    return text_of(message.get("reasoning_content")) or text_of(message.get("reasoning"))


def thinking_of(message: Said) -> list[Said]:
    """The blocks of what was thought, as an Anthropic model signs them."""
    return [block for block in items(message.get("thinking_blocks")) if block.get("type") in _THINKING]


def said(value: Any) -> Said:
    """An object; what is none says nothing."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Said]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def read(data: bytes) -> Any:
    """JSON as servers write it: half of a surrogate pair at the end of a chunk is no reason to lose an answer."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(data.decode("utf-8", "replace"))


def write(value: Any) -> bytes:
    """JSON; a lone surrogate leaves escaped, as it came."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def _thinking(message: Said) -> list[Said]:
    if blocks := thinking_of(message):
        return blocks
    thought = reasoning_of(message)
    return [{"type": "thinking", "thinking": thought, "signature": ""}] if thought else []


def _text(message: Said) -> list[Said]:
    text = text_of(message.get("content")) or text_of(message.get("refusal"))
    return [{"type": "text", "text": text}] if text else []


def _calls(message: Said) -> list[Said]:
    return [
        {
            "type": "tool_use",
            "id": call.get("id") or f"toolu_{new_id()}",
            "name": said(call.get("function")).get("name") or "",
            "input": _input(said(call.get("function")).get("arguments")),
        }
        for call in items(message.get("tool_calls"))
    ]


def _input(arguments: Any) -> Said:
    if isinstance(arguments, dict):
        return arguments
    text = text_of(arguments)
    try:
        return msgspec.json.decode(text, type=dict[str, Any]) if text.strip() else {}
    except (msgspec.DecodeError, UnicodeEncodeError):
        return {INVALID: text}


def _has_call(content: list[Said]) -> bool:
    return any(block.get("type") == "tool_use" for block in content)


def _count(tokens: Any) -> int | None:
    return tokens if isinstance(tokens, int) and tokens >= 0 else None
