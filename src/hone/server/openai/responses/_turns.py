"""From the items of `input` to the messages of the chat dialect.

An assistant's turn is several items there (what it thought, what it said, each call) and one message here.
"""

from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from hone.errors import CallError
from hone.server.openai.responses._parts import assistant_content, content_of
from hone.server.openai.responses._thinking import unpacked

Item = dict[str, Any]
Message = dict[str, Any]


class _Message(Struct):
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[dict[str, Any]]


class _Call(Struct):
    call_id: str
    name: str
    arguments: str


class _Output(Struct):
    call_id: str
    output: str | list[dict[str, Any]]


class _Text(Struct):
    text: str = ""


class _Reasoning(Struct):
    content: list[_Text] | None = None
    encrypted_content: str | None = None


T = TypeVar("T", _Message, _Call, _Output, _Reasoning)


def messages_in(given: str | list[Item], instructions: str | None) -> list[Message]:
    """
    Raises:
        CallError: an item is not well formed, or has no counterpart.
    """
    turns = _Turns()
    if instructions is not None:
        turns.messages.append({"role": "system", "content": instructions})
    if isinstance(given, str):
        turns.messages.append({"role": "user", "content": given})
    else:
        for position, item in enumerate(given):
            turns.add(item, f"input[{position}]")
    return turns.messages


class _Turns:
    """The messages so far, and what the assistant thought before it goes on."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._blocks: list[dict[str, Any]] = []
        self._thought = ""

    def add(self, item: Item, at: str) -> None:
        match item.get("type", "message"):
            case "message":
                self._message(_read(item, _Message, at), at)
            case "reasoning":
                self._reasoning(_read(item, _Reasoning, at), at)
            case "function_call":
                self._call(_read(item, _Call, at))
            case "function_call_output":
                result = _read(item, _Output, at)
                content = content_of(result.output, f"{at}.output")
                self._other({"role": "tool", "tool_call_id": result.call_id, "content": content})
            case "item_reference":
                raise CallError(
                    f"`{at}` refers to the item {item.get('id')!r}, and hone keeps none", hint="send the item itself"
                )
            case kind:
                raise CallError(
                    f"`{at}`: an item of the type {kind!r} cannot be sent to a chat model",
                    hint="leave it out of `input`",
                )

    def _other(self, message: Message) -> None:
        """A turn of someone else ends what the assistant was about to say."""
        self._blocks, self._thought = [], ""
        self.messages.append(message)

    def _message(self, message: _Message, at: str) -> None:
        if message.role != "assistant":
            self._other({"role": message.role, "content": content_of(message.content, f"{at}.content")})
            return
        content = assistant_content(message.content, f"{at}.content")
        last = self.messages[-1] if self.messages else {}
        if last.get("tool_calls") and isinstance(content, str):
            # Results must follow the calls at once, so that what is said after a call belongs into the same message.
            last["content"] = (last["content"] or "") + content
        else:
            self.messages.append({"role": "assistant", "content": content})
        self._attach()

    def _call(self, call: _Call) -> None:
        if not self.messages or self.messages[-1]["role"] != "assistant":
            self.messages.append({"role": "assistant", "content": None})
        message = self._attach()
        function = {"name": call.name, "arguments": call.arguments}
        calls = message.setdefault("tool_calls", [])
        calls.append({"id": call.call_id, "type": "function", "function": function})
        if self._thought:
            # Servers that give their reasoning away want it back between a call and its result, and only there.
            message["reasoning_content"] = message.get("reasoning_content", "") + self._thought
            self._thought = ""

    def _attach(self) -> Message:
        message = self.messages[-1]
        if self._blocks:
            message["thinking_blocks"] = [*message.get("thinking_blocks", []), *self._blocks]
            self._blocks = []
        return message

    def _reasoning(self, item: _Reasoning, at: str) -> None:
        self._blocks += unpacked(item.encrypted_content, at)
        self._thought += "".join(part.text for part in item.content or [])


def _read(item: Item, kind: type[T], at: str) -> T:
    try:
        return msgspec.convert(item, kind)
    except msgspec.ValidationError as problem:
        raise CallError(f"`{at}`: {problem}") from None
