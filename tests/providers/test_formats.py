"""Structured output: who sees to it itself, and what the others are sent."""

import json

import pytest

from hone.providers import VENDORS, enforces
from hone.providers._formats import in_words_of

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WANTED = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA}}


@pytest.mark.parametrize(
    ("provider", "schemas", "objects"),
    [
        ("openai", True, True),
        ("google", True, True),
        ("cohere", True, True),
        ("anthropic", True, False),
        ("bedrock", True, False),
        ("deepseek", False, True),
        ("lmstudio", True, False),
        ("extractive", False, False),
        ("of-somebody-else", True, True),
    ],
)
def test_who_sees_to_it_that_answers_keep_to_their_format(provider, schemas, objects) -> None:
    assert (enforces(provider, "json_schema"), enforces(provider, "json_object")) == (schemas, objects)


def sent(vendor: str, **fields):
    return json.loads(
        in_words_of(VENDORS[vendor], json.dumps({"messages": [{"role": "user", "content": "é"}], **fields}).encode())
    )


def test_a_schema_is_said_in_words_where_none_is_taken() -> None:
    body = sent("deepseek", response_format=WANTED, temperature=0)
    assert (body["response_format"], body["temperature"]) == ({"type": "json_object"}, 0)
    told, asked = body["messages"]
    assert told["role"] == "system"
    assert json.loads(told["content"].partition("\n\n")[2]) == SCHEMA
    assert asked == {"role": "user", "content": "é"}


def test_any_object_is_said_as_a_schema_where_nothing_else_is_taken() -> None:
    assert sent("lmstudio", response_format={"type": "json_object"})["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}},
    }


@pytest.mark.parametrize("body", [b'{"response_format": 3', b'{"messages": "\\"response_format\\""}', b"{}"])
def test_what_cannot_be_said_otherwise_is_sent_as_it_came(body) -> None:
    assert in_words_of(VENDORS["deepseek"], body) is body


def test_vendors_with_both_are_sent_what_came() -> None:
    body = json.dumps({"response_format": WANTED, "messages": []}).encode()
    assert in_words_of(VENDORS["openai"], body) is body
    assert in_words_of(VENDORS["lmstudio"], body) is body
