"""Messages of the OpenAI dialect as the turns and content blocks of Converse."""

from typing import Any

from hone.errors import CallError
from hone.providers._asked import Message, address_of, inline

Block = dict[str, Any]

_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}


def turns_of(messages: list[Message]) -> tuple[list[Block], list[Block]]:
    """The system blocks, wherever they stood, and the turns. Turns of one role in a row become one.

    Raises:
        CallError: a message holds what Converse cannot take.
    """
    system: list[Block] = []
    turns: list[Block] = []
    for message in messages:
        if message.role in ("system", "developer"):
            system += _blocks(message)
            continue
        role, blocks = _turn(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return system, turns


def cache_point(marked: Block) -> list[Block]:
    """The block that ends what is to be cached, after what is marked so as Anthropic's own API has it."""
    control = marked.get("cache_control")
    if not isinstance(control, dict):
        return []
    return [{"cachePoint": {"type": "default"} | ({"ttl": control["ttl"]} if control.get("ttl") else {})}]


def _turn(message: Message) -> tuple[str, list[Block]]:
    match message.role:
        case "user":
            return "user", _blocks(message)
        case "assistant":
            calls = [
                {"toolUse": {"toolUseId": call.id, "name": call.function.name, "input": call.given()}}
                for call in message.tool_calls or ()
            ]
            return "assistant", [*_thought(message), *_blocks(message), *calls]
        case "tool":
            return "user", _result(message)
    raise CallError(f"a message of the role {message.role!r} cannot be sent to Converse")


def _blocks(message: Message) -> list[Block]:
    return [block for part in message.parts() for block in _block(part)]


def _block(part: Block) -> list[Block]:
    """One part of a content. A block of Converse, which has no `type`, stays as it is; blank texts would be refused."""
    match part.get("type"):
        case None:
            return [part]
        case "text" | "refusal" as kind:
            said = part.get(kind)
            return [*([{"text": said}] if said and str(said).strip() else []), *cache_point(part)]
        case "image_url":
            return [{"image": _image(address_of(part.get("image_url")))}, *cache_point(part)]
    raise CallError(f"a content part of the type {part['type']!r} cannot be sent to Converse")


def _image(url: str) -> Block:
    if not url.startswith("data:"):
        raise CallError("Converse takes images inline, not by address", hint="send the image as a data: URL")
    kind, data = inline(url)
    if kind not in _FORMATS:
        raise CallError(f"Converse takes no images of the type {kind!r}", hint=f"one of {', '.join(_FORMATS)}")
    return {"format": _FORMATS[kind], "source": {"bytes": data}}


def _result(message: Message) -> list[Block]:
    blocks = _blocks(message)
    points = [block for block in blocks if "cachePoint" in block]
    content = [block for block in blocks if "cachePoint" not in block]
    return [{"toolResult": {"toolUseId": message.answers(), "content": content}}, *points]


def _thought(message: Message) -> list[Block]:
    """What was thought opens the turn. Without its signature it would be refused, so then it stays here."""
    found: list[Block] = []
    for block in message.thinking_blocks or ():
        if block.get("type") == "redacted_thinking":
            found.append({"reasoningContent": {"redactedContent": block.get("data")}})
        elif block.get("signature"):
            said = {"text": block.get("thinking") or "", "signature": block["signature"]}
            found.append({"reasoningContent": {"reasoningText": said}})
    return found
