"""Objects as a project writes them, `{ city = "string", days = "integer" }`, and as JSON Schemas."""

from collections.abc import Mapping
from typing import Any

TYPES = ("string", "number", "integer", "boolean", "array", "object")

_BEYOND = """
allOf oneOf not if then else dependentRequired dependentSchemas patternProperties unevaluatedProperties
"""
_NOT_STRICT = frozenset(_BEYOND.split())


def object_schema(fields: Mapping[str, str]) -> dict[str, Any]:
    """The JSON Schema of an object with just these fields, all of them required. Values are among `TYPES`."""
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def spelled_out(output: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema of fields with their types, or of a JSON Schema: `{ type = "object" }` is one."""
    fields = all(isinstance(kind, str) and kind in TYPES for kind in output.values())
    return object_schema(output) if output and fields and set(output) != {"type"} else dict(output)


def is_strict(schema: Any) -> bool:
    """Does a schema keep to what OpenAI asks of one with `strict`? A server that is strict refuses any other."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, dict):
        return True
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "object" in kinds or "properties" in schema:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
    if "array" in kinds and "items" not in schema:
        return False
    named = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    below = [schema[key] for key in ("items", "anyOf") if key in schema]
    return not _NOT_STRICT & schema.keys() and all(map(is_strict, [*named, *below]))
