"""A request that was made of Anthropic's Messages, for servers that know OpenAI's chat dialect and nothing else.

Such servers refuse what they do not know. What says something is said in their words; what only tunes Anthropic's own
servers, such as the marks of its cache, is left out. Other fields go on as they are: whether `thinking` or `top_k` is
understood is for the server to say.
"""

import hashlib
from typing import Any

import msgspec

from hone.errors import CallError
from hone.providers._plain_content import for_tool, plain_content
from hone.providers._vendors import Vendor

Fields = dict[str, Any]

_TUNING = ("cache_control", "context_management", "diagnostics")
_LONGEST_USER = 64  # characters that OpenAI takes

_fields = msgspec.json.Decoder(Fields)


def plain(body: bytes, vendor: Vendor) -> bytes:
    """
    Raises:
        CallError: the body is not in the chat dialect.
    """
    try:
        fields = _fields.decode(body)
        fields["messages"] = _messages(fields.get("messages") or [], vendor.caching)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError, TypeError) as problem:
        raise CallError(f"not a chat completion request: {problem}") from None
    for name in _TUNING:
        fields.pop(name, None)
    if isinstance(tools := fields.get("tools"), list):
        fields["tools"] = [_tool(tool) for tool in tools]
    if isinstance(user := fields.get("user"), str) and len(user) > _LONGEST_USER:
        fields["user"] = hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()
    if "max_tokens" in fields:
        fields.setdefault(vendor.limit, fields.pop("max_tokens"))
    return msgspec.json.encode(_with_effort(fields))


def _with_effort(fields: Fields) -> Fields:
    config = fields.pop("output_config", None)
    effort = config.get("effort") if isinstance(config, dict) else None
    return fields if effort is None else {"reasoning_effort": effort} | fields


def _tool(tool: Any) -> Any:
    if not isinstance(tool, dict) or "function" not in tool:
        return tool
    return {"type": "function", "function": tool["function"]}


def _messages(messages: list[Fields], caching: bool) -> list[Fields]:
    """Messages without what only Anthropic knows. Tools answer in words: what they show is shown by the user."""
    found: list[Fields] = []
    shown: list[Fields] = []
    for message in messages:
        if shown and message.get("role") != "tool":
            found.append({"role": "user", "content": shown})
            shown = []
        if message.get("role") == "tool":
            said, pictures = for_tool(message)
            found.append({"role": "tool", "tool_call_id": message.get("tool_call_id"), "content": said})
            shown += pictures
        else:
            found.append(_message(message, caching))
    return [*found, {"role": "user", "content": shown}] if shown else found


def _message(message: Fields, caching: bool) -> Fields:
    kept = {name: value for name, value in message.items() if name not in ("thinking_blocks", "cache_control")}
    if isinstance(parts := message.get("content"), list):
        kept["content"] = plain_content(parts, answered=message.get("role") == "assistant", caching=caching)
    if calls := message.get("tool_calls"):
        kept["tool_calls"] = [_without(call, "cache_control") for call in calls]
        kept["content"] = kept.get("content") or None
    return kept


def _without(value: Fields, name: str) -> Fields:
    return {key: part for key, part in value.items() if key != name}
