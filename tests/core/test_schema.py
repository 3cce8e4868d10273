"""JSON Schemas: what fits, what is refused, and that a stranger's schema can do no harm."""

import time
from typing import Any

import pytest

from hone.core import Schema, SchemaProblem, TooLong, compiled, is_strict, known, object_schema, spelled_out
from hone.core._schema import MAX_SCHEMA, _known


def wrong(schema: dict[str, Any], value: Any) -> list[str]:
    return [str(each) for each in Schema(schema).violations(value)]


def refused(schema: dict[str, Any]) -> str:
    with pytest.raises(SchemaProblem) as caught:
        Schema(schema)
    return str(caught.value)


def test_fields_are_an_object_with_just_these() -> None:
    schema = object_schema({"city": "string", "days": "integer"})
    assert wrong(schema, {"city": "Bern", "days": 3}) == []
    assert wrong(schema, {"city": "Bern"}) == ["$: 'days' is a required property"]
    assert wrong(schema, {"city": "Bern", "days": 3, "more": 1}) == ["$: 'more' is not among the properties"]


def test_fields_and_schemas_are_told_apart() -> None:
    assert spelled_out({"city": "string"}) == object_schema({"city": "string"})
    for schema in ({}, {"type": "object"}, {"type": "object", "properties": {"type": {"type": "string"}}}):
        assert spelled_out(schema) == schema


def test_of_alternatives_the_nearest_is_told() -> None:
    schema = {"anyOf": [{"type": "integer"}, {"type": "object", "properties": {"n": {"type": "integer"}}}]}
    assert wrong(schema, {"n": "x"}) == ["$.n: 'x' is not of type 'integer'"]


def test_a_long_value_does_not_hide_what_is_wrong() -> None:
    (said,) = wrong({"type": "integer"}, "x" * 5000)
    assert said.endswith("is not of type 'integer'") and len(said) < 400


def test_older_drafts_count() -> None:
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 3, "exclusiveMaximum": True}
    assert wrong(schema, 3) and not wrong(schema, 2)


def test_references_within_a_schema_are_followed() -> None:
    schema = {
        "$defs": {"day": {"$id": "day", "type": "integer"}},
        "items": {"$ref": "day"},
        "not": {"$ref": "#/$defs/day"},
    }
    assert wrong(schema, [1, "x"]) == ["$[1]: 'x' is not of type 'integer'"]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "objekt"}, "$.type: "),
        ({"$ref": "https://example.com/a.json"}, "$.$ref: 'https://example.com/a.json' is not in the schema"),
        ({"$ref": "file:///etc/passwd"}, "nothing is fetched"),
        ({"items": {"$ref": "#/$defs/none"}}, "$.items.$ref: "),
        ({"$schema": 3}, "$.$schema: "),
        ({"anyOf": [{}, {"pattern": "a(?=b)"}]}, "$.anyOf[1].pattern: the pattern cannot be run"),
        ({"patternProperties": {"(": {}}}, "$.patternProperties: the pattern cannot be run"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_its_place(schema, said) -> None:
    assert said in refused(schema)


def test_a_schema_too_deep_or_too_large_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"not": schema}
    assert "too deeply" in refused(schema)
    with pytest.raises(SchemaProblem, match="bytes long"):
        compiled(b'{"title": "' + b"x" * MAX_SCHEMA + b'"}')


def test_references_in_data_are_data() -> None:
    assert wrong({"const": {"$ref": "https://example.com"}}, {"$ref": "https://example.com"}) == []


def test_patterns_are_searched_for_as_the_standard_says() -> None:
    assert wrong({"pattern": "^[\\u00e4-\\u00ff]+\\d$"}, "äö1") == []
    assert wrong({"pattern": "b+"}, "abc") == []
    assert wrong({"pattern": "b+"}, "\ud800bc") == [], "half of a surrogate pair is a sign like any other"
    assert wrong({"pattern": "^b"}, "abc") == ["$: 'abc' does not match '^b'"]
    schema = {
        "properties": {"a": {}}, "patternProperties": {"^x-": {"type": "integer"}},
        "additionalProperties": {"type": "boolean"},
    }  # fmt: skip
    assert wrong(schema, {"a": "", "x-1": 1, "more": True}) == []
    assert sorted(wrong(schema, {"x-1": "", "more": 1})) == [
        "$.more: 1 is not of type 'boolean'",
        "$['x-1']: '' is not of type 'integer'",
    ]


def test_a_pattern_that_others_hang_on_takes_no_time() -> None:
    start = time.thread_time()
    assert wrong({"pattern": "^(a+)+$"}, "a" * 50_000 + "b")
    assert time.thread_time() - start < 1


@pytest.mark.parametrize("below", [{"$ref": "#"}, {"$schema": "https://json-schema.org/draft/2020-12/schema"}])
def test_naming_the_standard_is_no_way_around_that(below) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"a": {**below, "pattern": "^(a+)+$"}},
        "pattern": "^(a+)+$",
    }
    start = time.thread_time()
    try:
        assert wrong(schema, {"a": "a" * 28 + "b"})
    except SchemaProblem as problem:
        assert problem.path == "$.properties.a.$schema"
    assert time.thread_time() - start < 1


def test_a_schema_that_unfolds_without_end_is_given_up() -> None:
    unfolding = {f"n{i}": {"allOf": [{"$ref": f"#/$defs/n{i + 1}"}] * 2} for i in range(40)}
    schema = Schema({"$defs": {**unfolding, "n40": {"type": "string"}}, "$ref": "#/$defs/n0"})
    with pytest.raises(TooLong):
        schema.violations("x", seconds=0.05)
    assert wrong({"$ref": "#"}, 1) == ["$: it is nested too deeply to be checked"]


def test_a_schema_is_compiled_once() -> None:
    document = b'{"type": "string", "title": "compiled once"}'
    assert known(document) is None
    assert compiled(document) is compiled(document) is known(document)


def test_schemas_of_strangers_do_not_fill_the_memory() -> None:
    for number in range(40):
        compiled(b'{"title": "%d%s"}' % (number, b"x" * 200_000))
    assert sum(map(len, _known)) <= 4_000_000


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (object_schema({"city": "string", "days": "integer"}), True),
        (object_schema({"cities": "array"}), False),
        (object_schema({"place": "object"}), False),
        (an_object(a={}) | {"required": []}, False),
        (an_object(a={"type": "array", "items": an_object(b={"type": "string"})}), True),
        (an_object(a={"anyOf": [{"type": "null"}, {"type": "object"}]}), False),
        (an_object() | {"allOf": []}, False),
    ],
)
def test_strict_is_what_openai_takes_as_strict(schema, strict) -> None:
    assert is_strict(schema) is strict
