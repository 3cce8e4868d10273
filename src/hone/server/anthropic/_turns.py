"""Turns and content blocks of the Messages API as messages of the chat dialect.

What the dialect has no word for stays as it is: an Anthropic model behind hone gets it back unchanged, and for other
servers the provider says it plainly.
"""

from typing import Any

import msgspec
from msgspec import Struct

from hone.errors import CallError

Block = dict[str, Any]
Message = dict[str, Any]


class Turn(Struct):
    """One entry of `messages`."""

    role: str
    content: str | list[Block]


def messages_of(system: str | list[Block] | None, turns: list[Turn]) -> list[Message]:
    """
    Raises:
        CallError: a turn is not one of the API's.
    """
    found: list[Message] = [{"role": "system", "content": _content(system)}] if system else []
    for position, turn in enumerate(turns):
        match turn.role:
            case "user":
                found += _user(turn.content)
            case "assistant":
                found.append(_assistant(turn.content))
            case "system":
                found.append({"role": "system", "content": _content(turn.content)})
            case _:
                raise CallError(f"`messages[{position}]` is of the role {turn.role!r}", hint="user or assistant")
    return found


def _user(content: str | list[Block]) -> list[Message]:
    """The results of tools are messages of their own, and stand right after the calls."""
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results = [_result(block) for block in content if block.get("type") == "tool_result"]
    others = [block for block in content if block.get("type") != "tool_result"]
    return [*results, {"role": "user", "content": _content(others)}] if others or not results else results


def _result(block: Block) -> Message:
    message = {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": _content(block.get("content"))}
    return message | {name: block[name] for name in ("is_error", "cache_control") if block.get(name)}


def _assistant(content: str | list[Block]) -> Message:
    if isinstance(content, str):
        return {"role": "assistant", "content": content}
    calls = [_call(block) for block in content if block.get("type") == "tool_use"]
    said = [block for block in content if block.get("type") != "tool_use"]
    first = next((at for at, block in enumerate(said) if not _is_thinking(block)), len(said))
    # What was thought first opens the turn. Later thoughts keep their place, for their signatures depend on it.
    thinking, rest = said[:first], [block for block in said[first:] if not _is_unsigned(block)]
    message: Message = {"role": "assistant", "content": _content(rest) or (None if calls else "")}
    if signed := [block for block in thinking if not _is_unsigned(block)]:
        message["thinking_blocks"] = signed
    if unsigned := [str(block.get("thinking", "")) for block in said if _is_unsigned(block)]:
        message["reasoning_content"] = "".join(unsigned)
    return message | ({"tool_calls": calls} if calls else {})


def _is_thinking(block: Block) -> bool:
    return block.get("type") in ("thinking", "redacted_thinking")


def _is_unsigned(block: Block) -> bool:
    """Thoughts of a model that does not sign them: Anthropic would refuse them, their own server may want them back."""
    return block.get("type") == "thinking" and not block.get("signature")


def _call(block: Block) -> Message:
    arguments = msgspec.json.encode(block.get("input") or {}).decode()
    call = {"id": block.get("id"), "type": "function", "function": {"name": block.get("name"), "arguments": arguments}}
    return call | ({"cache_control": block["cache_control"]} if block.get("cache_control") else {})


def _content(blocks: Any) -> str | list[Block]:
    """Blocks as parts; one text that says nothing else about itself is a string."""
    if isinstance(blocks, str):
        return blocks
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        if blocks is None:
            return ""
        raise CallError("a content is neither a string nor a list of blocks")
    parts = [_part(block) for block in blocks]
    if len(parts) == 1 and parts[0].keys() == {"type", "text"} and isinstance(parts[0]["text"], str):
        return parts[0]["text"]
    return parts or ""


def _part(block: Block) -> Block:
    """An image becomes the dialect's; everything else stays."""
    source = block.get("source")
    if block.get("type") != "image" or not isinstance(source, dict):
        return block
    rest = {name: value for name, value in block.items() if name not in ("type", "source")}
    match source.get("type"):
        case "base64":
            url = f"data:{source.get('media_type')};base64,{source.get('data')}"
        case "url":
            url = str(source.get("url"))
        case _:
            return block
    return {"type": "image_url", "image_url": {"url": url}} | rest
