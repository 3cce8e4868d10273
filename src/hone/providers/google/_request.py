"""A request in the OpenAI chat dialect, made one for `generateContent`.

Fields that no list below names go through as they are: `safetySettings`, `cachedContent`, and what comes later.
"""

from typing import Any

from hone.providers._asked import asked_of
from hone.providers.google._config import Settings, config_of
from hone.providers.google._tools import calling_of, tools_of
from hone.providers.google._turns import Message, contents_of

_NO_COUNTERPART = """
audio logit_bias logprobs metadata modalities moderation parallel_tool_calls prediction prompt_cache_key
prompt_cache_options prompt_cache_retention safety_identifier service_tier store stream_options top_logprobs user
verbosity web_search_options
"""
LEFT_OUT = frozenset(_NO_COUNTERPART.split())
"""Fields of the OpenAI dialect that the API would refuse."""

_UNSIGNED = ("gemini-1", "gemini-2", "gemma")
"""Models that take a tool call without the signature of the thought that led to it."""


class _Asked(Settings, kw_only=True):
    """The fields that are translated, and those that decide whether they can be."""

    messages: list[Message]
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    functions: list[Any] | None = None
    systemInstruction: dict[str, Any] | None = None  # noqa: N815 - the vendor's own field
    toolConfig: dict[str, Any] | None = None  # noqa: N815 - the vendor's own field
    model: str | None = None  # it stands in the path there
    stream: bool | None = None  # so does this


_TRANSLATED = frozenset(_Asked.__struct_fields__)


def translate(fields: dict[str, Any], model: str) -> dict[str, Any]:
    """
    Raises:
        CallError: the request is not in the dialect, or asks for something the Gemini API cannot do.
    """
    asked = asked_of(fields, "the Gemini API", _Asked)
    signed = not model.rpartition("/")[2].startswith(_UNSIGNED)
    system, contents = contents_of(asked.messages, signed=signed)
    known = {
        "contents": contents,
        "systemInstruction": _system(asked, system),
        "tools": tools_of(asked.tools or []),
        "toolConfig": _tool_config(asked),
        "generationConfig": config_of(asked, model),
    }
    others = {name: value for name, value in fields.items() if name not in LEFT_OUT | _TRANSLATED and value is not None}
    return others | {name: value for name, value in known.items() if value}


def _system(asked: _Asked, parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    own = asked.systemInstruction or {}
    if not parts:
        return own
    return own | {"parts": [*own.get("parts", []), *parts]}


def _tool_config(asked: _Asked) -> dict[str, Any]:
    calling = calling_of(asked.tool_choice)
    return (asked.toolConfig or {}) | ({"functionCallingConfig": calling} if calling else {})
