"""Evaluators of everything but the words: does the answer have its shape, how long did it take, what did it cost?"""

from collections.abc import Mapping
from typing import Any

from hone.core import from_json
from hone.datasets import Example
from hone.errors import CallError, MissingExtra, ProjectError
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.store import Judgement, Metric


def json_schema(given: Given) -> Evaluator:
    """Right when the answer is JSON that fits the task's output schema, or the file of `json-schema:FILE`.

    Raises:
        CallError: there is no schema.
        ProjectError: the schema is none.
        MissingExtra: jsonschema is not installed.
    """
    schema = given.schema
    if given.option is not None and given.read_schema is not None:
        schema = given.read_schema(given.option)
    if schema is None:
        raise CallError(
            "json-schema needs a schema", hint="give the task an `output`, or write json-schema:schemas/answer.json"
        )
    validator = _validator(schema)

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        try:
            value = from_json(answer.text)
        except ValueError as problem:
            return [Judgement("json-schema", False, f"not JSON: {problem}")]
        wrong = next(iter(sorted(validator.iter_errors(value), key=lambda each: each.json_path)), None)
        why = None if wrong is None else f"{wrong.json_path}: {wrong.message}"[:300]
        return [Judgement("json-schema", wrong is None, why)]

    measure = Measure(name="json-schema", metric=Metric(kind="boolean"), worst=False)
    return Evaluator(name="json-schema", measures=(measure,), judge=judge)


def _validator(schema: Mapping[str, Any]) -> Any:
    try:
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for
    except ModuleNotFoundError:
        raise MissingExtra("the evaluator `json-schema`", "evals") from None
    full = dict(schema)
    checker = validator_for(full)
    try:
        checker.check_schema(full)
    except SchemaError as problem:
        raise ProjectError(f"the JSON Schema is wrong: {problem.message}") from None
    return checker(full)


def latency(_: Given) -> Evaluator:
    """Seconds from the call to the whole answer, as its caller counts them; with many calls at once they wait for each
    other. A failed call has none."""
    return _measured("latency", lambda answer: answer.seconds)


def cost(_: Given) -> Evaluator:
    """Dollars of the call. An unknown price is left out: it is not nothing."""
    return _measured("cost", lambda answer: answer.cost)


def _measured(name: str, read: Any) -> Evaluator:
    def judge(_: Example, answer: Answer) -> list[Judgement]:
        value = read(answer)
        return [] if value is None else [Judgement(name, float(value))]

    measure = Measure(name=name, metric=Metric(kind="number", direction="down"))
    return Evaluator(name=name, measures=(measure,), judge=judge)


def spelled_out(fields: Mapping[str, str]) -> dict[str, Any]:
    """`{ field = "string" }`, as hone.toml writes an object, as a JSON Schema."""
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in fields.items()},
        "required": list(fields),
    }
