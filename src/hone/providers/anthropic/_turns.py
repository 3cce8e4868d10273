"""Messages of the OpenAI dialect as the turns and content blocks of the Messages API."""

from typing import Any

from hone.errors import CallError
from hone.providers import _asked

Block = dict[str, Any]
Turn = dict[str, Any]

_UNKNOWN_THERE = {"input_audio", "file"}  # parts of the OpenAI dialect that the Messages API has no block for


class _Call(_asked.Call):
    cache_control: Block | None = None


class Message(_asked.Message):
    """`is_error` and `cache_control` are the API's own words about the result of a tool."""

    tool_calls: list[_Call] | None = None  # type: ignore[assignment]
    is_error: bool | None = None
    cache_control: Block | None = None


def turns_of(messages: list[Message], *, late_system: bool = False) -> tuple[list[Block], list[Turn]]:
    """The system blocks, wherever they stood, and the turns. Turns of one role in a row become one.

    `late_system`: a system message between the turns is one of them, as newer models take it.

    Raises:
        CallError: a message holds what the Messages API cannot take.
    """
    system: list[Block] = []
    turns: list[Turn] = []
    for message in messages:
        if message.role in ("system", "developer"):
            if not (turns and late_system):
                system += blocks_of(message.content)
                continue
            role, blocks = "system", blocks_of(message.content)
        else:
            role, blocks = _turn(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return system, turns


def blocks_of(content: str | list[Block] | None) -> list[Block]:
    """Content as blocks. Empty texts are left out, for the API refuses them."""
    blocks = [_block(part) for part in _asked.parts_of(content)]
    return [block for block in blocks if block.get("type") != "text" or block.get("text")]


def _turn(message: Message) -> tuple[str, list[Block]]:
    match message.role:
        case "user":
            return "user", blocks_of(message.content)
        case "assistant":
            calls = [_tool_use(call) for call in message.tool_calls or []]
            # Thinking must open the turn, and only with its signature, else the API refuses what follows it.
            return "assistant", [*map(_plain, message.thinking_blocks or ()), *blocks_of(message.content), *calls]
        case "tool":
            return "user", [_tool_result(message)]
    raise CallError(f"a message of the role {message.role!r} cannot be sent to the Messages API")


def _plain(thought: Block) -> Block:
    """The block without the number that it had in a stream."""
    return {name: value for name, value in thought.items() if name != "index"}


def _tool_use(call: _Call) -> Block:
    block = {"type": "tool_use", "id": call.id, "name": call.function.name, "input": call.given()}
    return block | _said(cache_control=call.cache_control)


def _tool_result(message: Message) -> Block:
    more = _said(content=blocks_of(message.content), is_error=message.is_error, cache_control=message.cache_control)
    return {"type": "tool_result", "tool_use_id": message.answers()} | more


def _said(**fields: Any) -> Block:
    return {name: value for name, value in fields.items() if value}


def _block(part: Block) -> Block:
    """One part of a content. What is a block of the Messages API already stays as it is, cache_control included."""
    kind = part.get("type")
    if kind == "image_url":
        rest = {name: value for name, value in part.items() if name != "image_url"}
        return rest | {"type": "image", "source": _source(part.get("image_url"))}
    if kind == "refusal":
        return {"type": "text", "text": part.get("refusal")}
    if kind in _UNKNOWN_THERE:
        raise CallError(f"a content part of the type {kind!r} cannot be sent to the Messages API")
    return part


def _source(image: Any) -> Block:
    url = _asked.address_of(image)
    if not url.startswith("data:"):
        return {"type": "url", "url": url}
    kind, data = _asked.inline(url)
    return {"type": "base64", "media_type": kind, "data": data}
