"""The parts of a message's content, as the chat dialect has them. A cache mark, and what else a part says, stays."""

from typing import Any

from hone.errors import CallError

Part = dict[str, Any]


def content_of(content: str | list[Part], at: str) -> str | list[Part]:
    """Content of anyone but the assistant; one plain text alone is a string, which every server reads.

    Raises:
        CallError: a part has no counterpart.
    """
    if isinstance(content, str):
        return content
    parts = [_part(part, f"{at}[{position}]") for position, part in enumerate(content)]
    return parts[0]["text"] if len(parts) == 1 and parts[0].keys() == {"type", "text"} else parts


def assistant_content(content: str | list[Part], at: str) -> str | list[Part]:
    """What an earlier answer said: one text, or parts where it refused.

    Raises:
        CallError: a part is neither a text nor a refusal.
    """
    if isinstance(content, str):
        return content
    for position, part in enumerate(content):
        if part.get("type") not in ("output_text", "input_text", "text", "refusal"):
            raise CallError(f"`{at}[{position}]`: an assistant says no part of the type {part.get('type')!r}")
    texts = [_said(part, f"{at}[{position}]") for position, part in enumerate(content)]
    if all(part["type"] == "text" for part in texts):
        return "".join(part["text"] for part in texts)
    return texts


def _said(part: Part, at: str) -> Part:
    if part["type"] == "refusal":
        return {"type": "refusal", "refusal": _string(part, "refusal", at)}
    return {"type": "text", "text": _string(part, "text", at)}


def _part(part: Part, at: str) -> Part:
    match part.get("type"):
        case "input_text" | "output_text" | "text":
            return _rest(part, "annotations", "logprobs", "text") | {"type": "text", "text": _string(part, "text", at)}
        case "input_image":
            return _image(part, at)
        case "input_file":
            return _file(part, at)
        case "input_audio":
            return part
        case kind:
            raise CallError(f"`{at}`: a part of the type {kind!r} cannot be sent to a chat model")


def _image(part: Part, at: str) -> Part:
    if part.get("image_url") is None:
        raise CallError(f"`{at}` has no `image_url`", hint="hone keeps no files: send the image as a data: URL")
    detail = {"detail": part["detail"]} if part.get("detail") else {}
    image = {"url": _string(part, "image_url", at), **detail}
    return _rest(part, "image_url", "file_id", "detail") | {"type": "image_url", "image_url": image}


def _file(part: Part, at: str) -> Part:
    if part.get("file_url") is not None:
        raise CallError(f"`{at}`: a chat model fetches no `file_url`", hint="send the file as `file_data`")
    names = ("file_data", "file_id", "filename")
    file = {name: part[name] for name in names if part.get(name) is not None}
    if not file.keys() & {"file_data", "file_id"}:
        raise CallError(f"`{at}` has no `file_data`")
    return _rest(part, *names, "file_url", "detail") | {"type": "file", "file": file}


def _rest(part: Part, *known: str) -> Part:
    return {name: value for name, value in part.items() if name not in known and value is not None}


def _string(part: Part, name: str, at: str) -> str:
    value = part.get(name)
    if not isinstance(value, str):
        raise CallError(f"`{at}.{name}` must be a string")
    return value
