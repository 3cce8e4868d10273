"""A request in the OpenAI chat dialect, made one for Converse.

Fields of Converse's own go through as they are; any other that no list names is the model's: it goes into
`additionalModelRequestFields`, such as `top_k` and `thinking`.
"""

from typing import Any

import msgspec

from hone.providers._asked import Asked, asked_of, others_of
from hone.providers.bedrock._turns import cache_point, turns_of

_API = "Converse"
_OWN = """
additionalModelRequestFields additionalModelResponseFieldPaths guardrailConfig inferenceConfig outputConfig
performanceConfig projectIdentifier promptVariables requestMetadata serviceTier
"""
_TIERS = ("default", "flex", "priority", "reserved")
_LEFT_OUT = {"model", "seed"}  # the model stands in the path, and the others would be refused

OWN = frozenset(_OWN.split())


def translate(fields: dict[str, Any]) -> dict[str, Any]:
    """
    Raises:
        CallError: the request is not in the dialect, or asks for something that Converse cannot do.
    """
    asked = asked_of(fields, _API, Asked)
    system, turns = turns_of(asked.messages)
    others = others_of(fields)
    own = {name: value for name, value in others.items() if name in OWN}
    more = {name: value for name, value in others.items() if name not in OWN | _LEFT_OUT}
    known = {
        "messages": turns,
        "system": system,
        "inferenceConfig": _inference(asked) | own.get("inferenceConfig", {}),
        "toolConfig": _tools(asked),
        "outputConfig": _output(asked) | own.get("outputConfig", {}),
        "additionalModelRequestFields": more | own.get("additionalModelRequestFields", {}),
        "serviceTier": {"type": asked.service_tier} if asked.service_tier in _TIERS else {},
    }
    return own | {name: value for name, value in known.items() if value}


def _inference(asked: Asked) -> dict[str, Any]:
    said = {
        "maxTokens": asked.limit(),
        # 0 to 1 there, 0 to 2 here: what is over is cut.
        "temperature": None if asked.temperature is None else min(asked.temperature, 1.0),
        "topP": asked.top_p,
        "stopSequences": asked.stops(),
    }
    return {name: value for name, value in said.items() if value is not None}


def _tools(asked: Asked) -> dict[str, Any]:
    """The tools and how one is chosen. Converse cannot forbid tools, so those that must not be called are not sent."""
    word, name = asked.choice()
    if word == "none" or not asked.tools:
        return {}
    choices: dict[str, dict[str, Any]] = {
        "auto": {},
        "required": {"toolChoice": {"any": {}}},
        "named": {"toolChoice": {"tool": {"name": name}}},
    }
    return {"tools": [block for tool in asked.tools for block in _tool(tool)]} | choices[word]


def _tool(tool: dict[str, Any]) -> list[dict[str, Any]]:
    """A function becomes a specification; what is none, such as a system tool, stays."""
    function = tool.get("function")
    if not isinstance(function, dict):
        return [tool]
    more = {name: function[name] for name in ("description", "strict") if function.get(name)}
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return [{"toolSpec": {"name": function.get("name"), "inputSchema": {"json": schema}} | more}, *cache_point(tool)]


def _output(asked: Asked) -> dict[str, Any]:
    """A JSON schema for the answer. `json_object` has no counterpart: the prompt must ask for it."""
    if (described := asked.schema()) is None:
        return {}
    more = {name: described[name] for name in ("name", "description") if described.get(name)}
    schema = {"schema": msgspec.json.encode(described.get("schema")).decode()} | more
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
