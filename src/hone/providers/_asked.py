"""What every translation of a chat request reads alike: its fields, its messages, and what has no counterpart."""

import re
from typing import Any, Literal, Protocol, TypeVar

import msgspec
from msgspec import Struct

from hone.errors import CallError

_DATA_URL = re.compile(r"data:([^;,]+)(?:;[^,]*)?;base64,(.*)", re.DOTALL)
_OURS_ALONE = """
audio function_call logit_bias logprobs metadata modalities moderation prediction prompt_cache_key prompt_cache_options
prompt_cache_retention safety_identifier store stream_options top_logprobs user verbosity web_search_options
"""
LEFT_OUT = frozenset(_OURS_ALONE.split())
"""Fields of the OpenAI dialect that other APIs would refuse."""

_fields = msgspec.json.Decoder(dict[str, Any])


class Function(Struct):
    name: str
    arguments: str = ""


class Call(Struct):
    """A tool call that the model made."""

    id: str
    function: Function

    def given(self) -> dict[str, Any]:
        """
        Raises:
            CallError: the arguments are not a JSON object.
        """
        try:
            return msgspec.json.decode(self.function.arguments or "{}", type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise CallError(f"the arguments of tool call {self.id!r} are not a JSON object: {problem}") from None


class Message(Struct):
    """A message of the OpenAI dialect, with what our answers add to it and a caller may send back."""

    role: str
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str | None = None
    tool_plan: str | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[dict[str, Any]] | None = None

    def parts(self) -> list[dict[str, Any]]:
        """The content as parts."""
        return parts_of(self.content)

    def answers(self) -> str:
        """The tool call that a message of the role `tool` answers.

        Raises:
            CallError: it does not say.
        """
        if self.tool_call_id is None:
            raise CallError("a message of the role 'tool' has no tool_call_id")
        return self.tool_call_id


class Asked(Struct):
    """The fields that are said otherwise elsewhere, and those that decide whether they can be said at all."""

    messages: list[Message]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    reasoning_effort: str | None = None
    service_tier: str | None = None
    n: int | None = None
    functions: list[Any] | None = None
    stream: bool | None = None

    def limit(self) -> int | None:
        """The most tokens of an answer."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    def stops(self) -> list[str] | None:
        return [self.stop] if isinstance(self.stop, str) else self.stop

    def choice(self) -> tuple[Literal["auto", "none", "required", "named"], str]:
        """How tools are to be chosen, and the name of the one that is.

        Raises:
            CallError: a choice that is none of these.
        """
        match self.tool_choice:
            case None | "auto":
                return "auto", ""
            case "none" | "required" as word:
                return word, ""
            case {"function": {"name": str(name)}}:
                return "named", name
        raise CallError(f"tool_choice = {self.tool_choice!r} cannot be sent to this model")

    def schema(self) -> dict[str, Any] | None:
        """The `json_schema` object that the answer is to keep to: `schema`, `name`, `description`."""
        described = (self.response_format or {}).get("json_schema")
        return described if isinstance(described, dict) else None


_TRANSLATED = frozenset(Asked.__struct_fields__)


def parts_of(content: str | list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """A content as parts."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def fields_of(body: bytes) -> dict[str, Any]:
    """
    Raises:
        CallError: the body is not a JSON object.
    """
    try:
        return _fields.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CallError(f"not a chat completion request: {problem}") from None


class _Some(Protocol):
    """What of a request nobody but OpenAI can do."""

    n: int | None
    functions: list[Any] | None


A = TypeVar("A", bound=_Some)


def asked_of(fields: dict[str, Any], api: str, kind: type[A]) -> A:
    """The fields of a request as a struct of this `kind`.

    Raises:
        CallError: the request is not in the dialect, or asks for something that nobody but OpenAI does.
    """
    try:
        asked = msgspec.convert(fields, kind)
    except msgspec.ValidationError as problem:
        raise CallError(f"not a chat completion request: {problem}") from None
    if asked.n not in (None, 1):
        raise CallError(f"{api} gives one choice, not n = {asked.n}")
    if asked.functions:
        raise CallError(f"`functions` cannot be sent to {api}", hint="declare them as `tools`")
    return asked


def others_of(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that no translation names: the vendor's own, and what comes later."""
    return {name: value for name, value in fields.items() if name not in LEFT_OUT | _TRANSLATED and value is not None}


def wants_usage(fields: dict[str, Any]) -> bool:
    """Did the caller ask a stream for its usage?"""
    options = fields.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))


def address_of(image: Any) -> str:
    """The URL of an `image_url`.

    Raises:
        CallError: it has none.
    """
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str):
        raise CallError("an image_url has no url")
    return url


def inline(url: str, what: str = "an image") -> tuple[str, str]:
    """Media type and base64 of the `data:` URL of `what`.

    Raises:
        CallError: it is not base64.
    """
    if (found := _DATA_URL.fullmatch(url)) is None:
        raise CallError(f"the data: URL of {what} is not base64")
    return found[1], found[2]
