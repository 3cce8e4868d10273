"""A request of the Messages API, made one in the chat dialect.

Fields that are not named here go through as they are: `thinking`, `top_k`, `temperature`, and what comes later.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from hone.errors import CallError
from hone.server._fields import Hone
from hone.server.anthropic._turns import Block, Turn, messages_of

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


class Asked(Struct):
    """The fields that are translated."""

    model: str
    messages: list[Turn] | None = None
    system: str | list[Block] | None = None
    stop_sequences: list[str] | None = None
    tools: list[Block] | None = None
    tool_choice: Block | None = None
    metadata: Block | None = None
    output_config: Block | None = None
    output_format: Block | None = None  # what it was called before `output_config` had it
    stream: bool | None = False
    hone: Hone | None = None

    @property
    def user(self) -> str | None:
        user = (self.metadata or {}).get("user_id")
        return user if isinstance(user, str) else None


_TRANSLATED = frozenset(Asked.__struct_fields__)


def to_chat(fields: dict[str, Raw], asked: Asked) -> dict[str, Raw]:
    """
    Raises:
        CallError: the request asks for something that cannot be said in the chat dialect.
    """
    known = {
        "messages": messages_of(asked.system, asked.messages or []),
        "stop": asked.stop_sequences or None,
        "tools": [_tool(tool) for tool in asked.tools] if asked.tools else None,
        "user": asked.user,
        **_tool_choice(asked.tool_choice),
        **_format(asked),
        # The end of a streamed message tells what it took.
        **({"stream": True, "stream_options": {"include_usage": True}} if asked.stream else {}),
    }
    others = {name: raw for name, raw in fields.items() if name not in _TRANSLATED}
    return others | {name: Raw(msgspec.json.encode(value)) for name, value in known.items() if value is not None}


def _tool(tool: Block) -> Block:
    """A tool of the caller's own becomes a function; the vendor's tools stay as they are."""
    if tool.get("type") not in (None, "custom"):
        return tool
    names = ("type", "name", "description", "input_schema", "strict")
    rest = {name: value for name, value in tool.items() if name not in names}
    function = {"name": tool.get("name")} | {name: tool[name] for name in ("description", "strict") if name in tool}
    return {"type": "function", "function": function | {"parameters": tool.get("input_schema") or {}}} | rest


def _tool_choice(choice: Block | None) -> dict[str, Any]:
    if choice is None:
        return {}
    kind = choice.get("type")
    if kind == "tool":
        said: Any = {"type": "function", "function": {"name": choice.get("name")}}
    elif kind in _CHOICES:
        said = _CHOICES[kind]
    else:
        raise CallError(f"`tool_choice` is of the type {kind!r}", hint="auto, any, tool or none")
    return {"tool_choice": said, "parallel_tool_calls": False if choice.get("disable_parallel_tool_use") else None}


def _format(asked: Asked) -> dict[str, Any]:
    """The schema of the answer; what else `output_config` says goes on as it is."""
    config = dict(asked.output_config or {})
    wanted = config.pop("format", None) or asked.output_format
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return {"output_config": asked.output_config, "output_format": asked.output_format}
    schema = {"name": "answer", "schema": wanted.get("schema"), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}, "output_config": config or None}
