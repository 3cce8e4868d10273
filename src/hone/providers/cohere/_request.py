"""A request in the OpenAI chat dialect, made one for Cohere's chat API (version 2).

Fields that no list names go through as they are: `documents`, `safety_mode`, `thinking`, `seed`, and what comes later.
"""

from typing import Any

from hone.errors import CallError
from hone.providers._asked import Asked, Call, Message, address_of, asked_of, others_of

_API = "Cohere's chat API"
_UNKNOWN_THERE = {"input_audio", "file"}


def translate(fields: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    """
    Raises:
        CallError: the request is not in the dialect, or asks for something that the API cannot do.
    """
    asked = asked_of(fields, _API, Asked)
    known = _sampling(asked) | _tools(asked)
    known |= {
        "messages": [_message(message) for message in asked.messages],
        "max_tokens": asked.limit(),
        "stop_sequences": asked.stops(),
        "response_format": _response_format(asked),
        "stream": stream or None,
    }
    others = others_of(fields)
    if "top_k" in others:
        others["k"] = others.pop("top_k")
    if asked.reasoning_effort == "none":
        others.setdefault("thinking", {"type": "disabled"})
    return others | {name: value for name, value in known.items() if value is not None}


def _sampling(asked: Asked) -> dict[str, Any]:
    """What is out of the API's range is cut to it. A penalty of 0 is none, and some models refuse two at once."""
    return {
        "temperature": asked.temperature,
        "p": None if asked.top_p is None else min(max(asked.top_p, 0.01), 0.99),
        "frequency_penalty": min(max(asked.frequency_penalty or 0.0, 0.0), 1.0) or None,
        "presence_penalty": min(max(asked.presence_penalty or 0.0, 0.0), 1.0) or None,
    }


def _tools(asked: Asked) -> dict[str, Any]:
    """Functions. One that must be called is the only one sent, for the API cannot name it."""
    functions = [_function(tool) for tool in asked.tools or ()]
    word, name = asked.choice()
    if word == "named" and name not in {function["name"] for function in functions}:
        raise CallError(f"tool_choice names {name!r}, which is not among the tools")
    kept = [function for function in functions if word != "named" or function["name"] == name]
    strict = [function.pop("strict", False) for function in kept]
    return {
        "tools": [{"type": "function", "function": function} for function in kept] or None,
        "tool_choice": {"auto": None, "none": "NONE"}.get(word, "REQUIRED") if kept else None,
        "strict_tools": True if any(strict) else None,
    }


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    function = tool.get("function")
    if not isinstance(function, dict):
        raise CallError(f"a tool of the type {tool.get('type')!r} cannot be sent to {_API}")
    known = {name: function[name] for name in ("name", "description", "strict") if function.get(name) is not None}
    return {"name": None} | known | {"parameters": function.get("parameters") or {"type": "object", "properties": {}}}


def _response_format(asked: Asked) -> dict[str, Any] | None:
    """JSON, with a schema where one is given. A format of the API's own, which has its schema inside, stays."""
    if (described := asked.schema()) is None or "schema" not in described:
        return asked.response_format
    return {"type": "json_object", "json_schema": described["schema"]}


def _message(message: Message) -> dict[str, Any]:
    match message.role:
        case "system" | "developer":
            return {"role": "system", "content": _content(message)}
        case "user":
            return {"role": "user", "content": _content(message)}
        case "assistant":
            return {"role": "assistant"} | _said(message)
        case "tool":
            return {"role": "tool", "tool_call_id": message.answers(), "content": _content(message)}
    raise CallError(f"a message of the role {message.role!r} cannot be sent to {_API}")


def _said(message: Message) -> dict[str, Any]:
    """A turn of the model. What it thought goes back with the tool calls that it led to."""
    content = _content(message)
    if message.tool_calls and (thought := (message.reasoning_content or "").removesuffix(message.tool_plan or "")):
        parts = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
        content = [{"type": "thinking", "thinking": thought}, *parts]
    said = {
        "content": content or None,
        "tool_plan": message.tool_plan,
        "tool_calls": [_call(call) for call in message.tool_calls or ()] or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _call(call: Call) -> dict[str, Any]:
    function = {"name": call.function.name, "arguments": call.function.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}


def _content(message: Message) -> str | list[dict[str, Any]]:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    return [_part(part) for part in message.content]


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """One part of a content. Images are parts there too, and so are the API's own documents and thinking."""
    match part.get("type"):
        case "image_url":
            address_of(part.get("image_url"))
        case "refusal":
            return {"type": "text", "text": part.get("refusal")}
        case kind if kind in _UNKNOWN_THERE:
            raise CallError(f"a content part of the type {kind!r} cannot be sent to {_API}")
    return part
