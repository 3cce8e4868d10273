"""Is the answer JSON, or is there some in it, and does it fit its schema?"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hone.core import Schema, SchemaProblem, TooLong, Violation, from_json, to_json
from hone.datasets import Example
from hone.errors import CallError, ProjectError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check, short
from hone.store import Judgement

_MOST_TRIED = 1_000  # places where JSON might begin; a longer answer is cut there
_decoder = json.JSONDecoder()


def json_schema(given: Given) -> Evaluator:
    """Right when the answer is JSON that fits the task's output schema, the file of `json-schema:FILE`, or the schema
    that is the `value`.

    Raises:
        CallError: there is no schema.
        ProjectError: the schema is none.
    """
    _check("json-schema", given)
    checker = _schema("json-schema", given, given.schema)
    if checker is None:
        raise CallError(
            "json-schema needs a schema", hint="give the task an `output`, or write json-schema:schemas/answer.json"
        )
    return _whole("json-schema", checker)


def is_json(given: Given) -> Evaluator:
    """Right when the whole answer is JSON; with a schema, as `is-json:FILE` or `value`, that fits it."""
    _check("is-json", given)
    return _whole("is-json", _schema("is-json", given, None))


def contains_json(given: Given) -> Evaluator:
    """Right when an object or a list of JSON stands in the answer; with a schema, one that fits it."""
    _check("contains-json", given)
    checker = _schema("contains-json", given, None)

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        why = "no JSON in the answer"
        for value in values_in(answer.text):
            wrong = _wrong(checker, value)
            if wrong is None:
                return [Judgement("contains-json", True, f"found {short(value)}")]
            why = str(wrong)
        return [Judgement("contains-json", False, why)]

    return boolean("contains-json", judge)


def values_in(text: str) -> Iterator[Any]:
    """The objects and lists of JSON in a text, from left to right; what stands within one is not looked at again."""
    start = 0
    for _ in range(_MOST_TRIED):
        start = min((at for sign in "{[" if (at := text.find(sign, start)) >= 0), default=-1)
        if start < 0:
            return
        try:
            value, start = _decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start += 1
        else:
            yield value


def _whole(name: str, checker: Schema | None) -> Evaluator:
    def judge(_: Example, answer: Answer) -> list[Judgement]:
        try:
            value = from_json(answer.text)
        except (ValueError, RecursionError) as problem:
            return [Judgement(name, False, f"not JSON: {problem}")]
        wrong = _wrong(checker, value)
        return [Judgement(name, wrong is None, None if wrong is None else str(wrong))]

    return boolean(name, judge)


def _wrong(checker: Schema | None, value: Any) -> Violation | None:
    if checker is None:
        return None
    try:
        return next(iter(checker.violations(value)), None)
    except TooLong:
        return Violation("$", "checking it takes too long")


def _check(name: str, given: Given) -> None:
    check(name, given, options=() if given.option is None else (given.option,))


def _schema(name: str, given: Given, schema: Mapping[str, Any] | None) -> Schema | None:
    if given.option is not None:
        if given.read_schema is None:
            raise CallError(f"{name}:{given.option} names a file, and there is no project to look in")
        schema = given.read_schema(given.option)
    if given.value is not None:
        schema = _given_schema(name, given.value)
    try:
        return None if schema is None else Schema(schema)
    except SchemaProblem as problem:
        raise ProjectError(f"the JSON Schema is wrong: {problem.message} (at {problem.path})") from None


def _given_schema(name: str, value: Any) -> Mapping[str, Any]:
    """A schema as an object, or as text in JSON or YAML."""
    if isinstance(value, str):
        import yaml

        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError as problem:
            raise CallError(f"the value of {name} is no JSON Schema: {problem}") from None
    if not isinstance(value, Mapping):
        raise CallError(f"the value of {name} is no JSON Schema: {to_json(value)}", hint='{"type": "object"}')
    return value
