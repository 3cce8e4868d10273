"""Structured output: what each provider makes its models keep to, and the same wish for servers that know another word.

Vendors of the OpenAI dialect have theirs in their row. A provider that nobody knows is taken at its word.
"""

from typing import Any, Literal

import msgspec

from hone.providers._vendors import BOTH, VENDORS, Vendor

Format = Literal["json_schema", "json_object"]

_OTHERS: dict[str, frozenset[str]] = {
    "anthropic": frozenset({"json_schema"}),
    "bedrock": frozenset({"json_schema"}),
    "extractive": frozenset(),
}

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def enforces(provider: str, kind: Format) -> bool:
    """Does the provider itself see to it that an answer keeps to a `response_format` of that type?"""
    row = VENDORS.get(provider)
    return kind in (row.formats if row is not None else _OTHERS.get(provider, BOTH))


def in_words_of(vendor: Vendor, body: bytes) -> bytes:
    """The request with a `response_format` that the vendor takes.

    Where it takes no schema, the schema is put before the conversation. Where it takes nothing else, it is one that
    any object fits.
    """
    if vendor.formats == BOTH or b'"response_format"' not in body:
        return body
    try:
        fields = _fields.decode(body)
        wanted = msgspec.json.decode(fields.get("response_format", b"null"))
        messages = msgspec.json.decode(fields.get("messages", b"[]"), type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    match wanted:
        case {"type": "json_schema", "json_schema": {"schema": schema}} if "json_schema" not in vendor.formats:
            said: Any = {"type": "json_object"}
            fields["messages"] = _raw([_told(schema), *messages])
        case {"type": "json_object"} if "json_object" not in vendor.formats:
            said = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
        case _:
            return body
    return msgspec.json.encode(fields | {"response_format": _raw(said)})


def _told(schema: Any) -> dict[str, str]:
    text = msgspec.json.encode(schema).decode()
    return {"role": "system", "content": f"Answer with JSON alone, which fits this JSON Schema:\n\n{text}"}


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
