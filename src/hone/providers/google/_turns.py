"""Messages of the OpenAI dialect as the contents and parts of the Gemini API."""

from typing import Any

import msgspec

from hone.errors import CallError
from hone.providers import _asked
from hone.providers.google._media import blob_of, file_of

Part = dict[str, Any]
Content = dict[str, Any]

NO_SIGNATURE = "skip_thought_signature_validator"
"""What the vendor takes in place of the signature of a call that another model made, or whose caller kept none."""


class _Call(_asked.Call):
    extra_content: dict[str, Any] | None = None


class Message(_asked.Message):
    """`extra_content` carries thought signatures back, and `images` what the model painted, as our answer gave them."""

    tool_calls: list[_Call] | None = None  # type: ignore[assignment]
    name: str | None = None
    images: list[Part] | None = None
    extra_content: dict[str, Any] | None = None


def contents_of(messages: list[Message], *, signed: bool) -> tuple[list[Part], list[Content]]:
    """The parts of the system instruction, wherever they stood, and the contents.

    Messages of one role in a row become one content, the results of parallel calls among them. `signed`: the model
    refuses calls without a signature.

    Raises:
        CallError: a message holds what the API cannot take.
    """
    system: list[Part] = []
    contents: list[Content] = []
    names: dict[str, str] = {}
    before = ""
    for message in messages:
        if message.role in ("system", "developer"):
            system += parts_of(message.content)
            continue
        role, parts = _content(message, names, signed)
        if not parts:
            continue
        if message.role == before:
            contents[-1]["parts"] += parts
        else:
            contents.append({"role": role, "parts": parts})
        before = message.role
    return system, contents


def parts_of(content: str | list[Part] | None) -> list[Part]:
    """Content as parts. Empty texts are left out, for the API refuses them."""
    if isinstance(content, str):
        return [{"text": content}] if content else []
    parts = [_part(part) for part in content or []]
    return [part for part in parts if part.keys() != {"text"} or part["text"]]


def _content(message: Message, names: dict[str, str], signed: bool) -> tuple[str, list[Part]]:
    """The role and parts of a message; `names` remembers which function each call was of."""
    match message.role:
        case "user":
            return "user", parts_of(message.content)
        case "assistant":
            calls = [_function_call(call) for call in message.tool_calls or []]
            if calls and signed:
                calls[0].setdefault("thoughtSignature", NO_SIGNATURE)
            names |= {call.id: call.function.name for call in message.tool_calls or []}
            return "model", [*_said(message), *calls]
        case "tool":
            return "user", [_function_response(message, names)]
    raise CallError(f"a message of the role {message.role!r} cannot be sent to the Gemini API")


def _said(message: Message) -> list[Part]:
    """What an assistant said, its signature on the last part, where the model put it; and the images, with theirs."""
    parts = parts_of(message.content)
    if signature := _signature(message.extra_content):
        *rest, last = parts or [{"text": ""}]
        parts = [*rest, last | signature]
    images = [
        file_of(image.get("image_url")) | _signature(image.get("extra_content")) for image in message.images or []
    ]
    return [*parts, *images]


def _signature(extra: dict[str, Any] | None) -> Part:
    """The signature in `extra_content`, as the field of a part."""
    given = extra.get("google") if isinstance(extra, dict) else None
    signature = given.get("thought_signature") if isinstance(given, dict) else None
    return {"thoughtSignature": signature} if isinstance(signature, str) and signature else {}


def _function_call(call: _Call) -> Part:
    called = {"id": call.id, "name": call.function.name, "args": call.given()}
    return {"functionCall": called} | _signature(call.extra_content)


def _function_response(message: Message, names: dict[str, str]) -> Part:
    answered = message.answers()
    name = names.get(answered) or message.name
    if name is None:
        raise CallError(
            f"the result of tool call {answered!r} follows no such call",
            hint="send the assistant's message with its tool_calls before it",
        )
    parts = parts_of(message.content)
    said = _object("".join(part["text"] for part in parts if "text" in part))
    shown = [part for part in parts if "text" not in part]
    response = {"id": answered, "name": name, "response": said}
    return {"functionResponse": response | ({"parts": shown} if shown else {})}


def _object(text: str) -> dict[str, Any]:
    """A result must be an object there: one in JSON is taken as it is, anything else as `output`."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"output": text}


def _part(part: Part) -> Part:
    """One part of a content. What is a part of the Gemini API already stays as it is."""
    match part.get("type"):
        case "text":
            return {"text": part.get("text")}
        case "refusal":
            return {"text": part.get("refusal")}
        case "image_url":
            return file_of(part.get("image_url"))
        case "input_audio" | "file" as kind:
            return blob_of(kind, part.get(kind))
    return part
