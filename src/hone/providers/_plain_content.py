"""Content blocks of Anthropic's Messages as content parts of the chat dialect."""

from typing import Any

Part = dict[str, Any]

_PARTS = {"text", "refusal", "image_url", "input_audio", "file"}


def plain_content(parts: list[Part], *, answered: bool, caching: bool = False) -> str | list[Part]:
    """Content of a message. Texts alone are one string, which every server takes.

    What Anthropic's own tools did in an earlier turn of the model (`answered`) means nothing to another one, and is
    left out. A block of the user's that has no counterpart stays, so that the server says that it cannot read it.
    """
    found = [_part(part, caching) for part in parts]
    if answered:
        found = [part for part in found if part.get("type") in _PARTS]
    if all(part.keys() == {"type", "text"} for part in found):
        return ("" if answered else "\n").join(str(part["text"]) for part in found)
    return found


def for_tool(message: Part) -> tuple[str, list[Part]]:
    """What a tool said, and what it showed: a message of a tool holds text alone.

    The dialect has no mark for a failure, so it is said in words.
    """
    content = message.get("content")
    parts = [_part(part, False) for part in content] if isinstance(content, list) else []
    said = "\n".join(str(part.get("text")) for part in parts if part.get("type") == "text")
    text = content if isinstance(content, str) else said
    shown = [part for part in parts if part.get("type") != "text"]
    return f"Error: {text}" if message.get("is_error") else text, shown


def _part(part: Part, caching: bool) -> Part:
    match part.get("type"):
        case "text":
            return {
                name: part[name] for name in ("type", "text", *(("cache_control",) if caching else ())) if name in part
            }
        case "document":
            return _document(part)
        case "search_result":
            return {"type": "text", "text": _passage(part)}
    return part if caching else {name: value for name, value in part.items() if name != "cache_control"}


def _document(block: Part) -> Part:
    """A document that is text becomes that text; a file becomes a file; one that is elsewhere has no counterpart."""
    source = block.get("source") or {}
    match source.get("type"):
        case "text":
            return {"type": "text", "text": _titled(block, str(source.get("data")))}
        case "content":
            inner = source.get("content")
            texts = [inner] if isinstance(inner, str) else [str(part.get("text", "")) for part in inner or []]
            return {"type": "text", "text": _titled(block, "\n".join(texts))}
        case "base64":
            data = f"data:{source.get('media_type')};base64,{source.get('data')}"
            return {"type": "file", "file": {"filename": block.get("title") or "document.pdf", "file_data": data}}
    return block


def _passage(block: Part) -> str:
    texts = [str(part.get("text", "")) for part in block.get("content") or []]
    return "\n".join(str(line) for line in (block.get("title"), block.get("source"), *texts) if line)


def _titled(block: Part, text: str) -> str:
    return f"{block['title']}\n{text}" if block.get("title") else text
