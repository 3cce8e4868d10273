"""A request in the OpenAI chat dialect, made one for the Messages API.

Fields that no list below names go through as they are: `thinking`, `top_k`, `output_config`, and what comes later.
"""

from typing import Any

from msgspec import Struct

from hone.providers._asked import asked_of
from hone.providers._seam import Dialect
from hone.providers.anthropic._turns import Message, blocks_of, turns_of

MAX_TOKENS = 8192
"""The most tokens of an answer when the caller does not say: the API asks for a number, and every model takes this."""

_NO_COUNTERPART = """
audio frequency_penalty logit_bias logprobs modalities moderation n prediction presence_penalty prompt_cache_key
prompt_cache_options prompt_cache_retention reasoning_effort seed store stream_options top_logprobs verbosity
web_search_options
"""
LEFT_OUT = frozenset(_NO_COUNTERPART.split())
"""Fields of the OpenAI dialect that the API would refuse."""

_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_TIERS = ("auto", "standard_only")


class _Asked(Struct):
    """The fields that are translated, and those that decide whether they can be."""

    messages: list[Message]
    system: str | list[dict[str, Any]] | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    temperature: float | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, Any] | None = None
    service_tier: str | None = None
    n: int | None = None
    functions: list[Any] | None = None
    stream: bool | None = None


_TRANSLATED = frozenset(_Asked.__struct_fields__)


def translate(fields: dict[str, Any], *, stream: bool, dialect: Dialect = "chat") -> dict[str, Any]:
    """Who speaks the dialect of the Messages API put a system message between the turns on purpose: there it stays.

    Raises:
        CallError: the request is not in the dialect, or asks for something the Messages API cannot do.
    """
    asked = asked_of(fields, "the Messages API", _Asked)
    system, turns = turns_of(asked.messages, late_system=dialect == "messages")
    known = _known(asked) | {"messages": turns, "system": [*blocks_of(asked.system), *system], "stream": stream or None}
    others = {name: value for name, value in fields.items() if name not in LEFT_OUT | _TRANSLATED and value is not None}
    return others | {name: value for name, value in known.items() if value is not None and value != []}


_NOT_COUNTED = """
max_tokens metadata stop_sequences stream temperature top_p top_k service_tier container inference_geo
"""
NOT_COUNTED = frozenset(_NOT_COUNTED.split())
"""Fields that say nothing of the input: where tokens are only counted, the API refuses them."""


def translate_for_counting(fields: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """The same request for `/v1/messages/count_tokens`.

    Raises:
        CallError: as `translate`.
    """
    body = translate(fields, stream=False, dialect=dialect)
    return {name: value for name, value in body.items() if name not in NOT_COUNTED}


def _known(asked: _Asked) -> dict[str, Any]:
    limits = (asked.max_completion_tokens, asked.max_tokens)
    return {
        "max_tokens": next((limit for limit in limits if limit is not None), MAX_TOKENS),
        "stop_sequences": [asked.stop] if isinstance(asked.stop, str) else asked.stop,
        # 0 to 1 there, 0 to 2 here: what is over is cut, as the vendor's own compatibility layer does.
        "temperature": None if asked.temperature is None else min(asked.temperature, 1.0),
        "tools": [_tool(tool) for tool in asked.tools or ()],
        "tool_choice": _tool_choice(asked),
        "metadata": _metadata(asked),
        "output_config": _output_config(asked),
        "service_tier": asked.service_tier if asked.service_tier in _TIERS else None,
    }


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    """A function becomes a tool with an input schema; what is none, such as the vendor's own tools, stays."""
    function = tool.get("function")
    if not isinstance(function, dict):
        return tool
    rest = {name: value for name, value in tool.items() if name not in ("type", "function")}
    more = {name: function[name] for name in ("description", "strict") if function.get(name) is not None}
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return rest | {"name": function.get("name"), "input_schema": schema} | more


def _tool_choice(asked: _Asked) -> dict[str, Any] | None:
    given = asked.tool_choice
    choice: dict[str, Any] | None = None
    if isinstance(given, str):
        choice = {"type": _CHOICES.get(given, given)}
    elif given is not None:
        named = given.get("function")
        choice = {"type": "tool", "name": named.get("name")} if isinstance(named, dict) else given
    if asked.parallel_tool_calls is False and asked.tools and given != "none":
        choice = (choice or {"type": "auto"}) | {"disable_parallel_tool_use": True}
    return choice


def _metadata(asked: _Asked) -> dict[str, Any] | None:
    """Who the end user is. The API knows nothing else of metadata, and refuses it."""
    user = (asked.metadata or {}).get("user_id") or asked.user or asked.safety_identifier
    return {"user_id": user} if user else None


def _output_config(asked: _Asked) -> dict[str, Any] | None:
    """A JSON schema for the answer. `json_object` has no counterpart: the prompt must ask for it."""
    described = (asked.response_format or {}).get("json_schema")
    if not isinstance(described, dict):
        return asked.output_config
    return {**(asked.output_config or {}), "format": {"type": "json_schema", "schema": described.get("schema")}}
