"""Evaluators of everything but the words: does the answer have its shape, how long did it take, what did it cost?"""

from typing import Any

from hone.core import Schema, SchemaProblem, TooLong, Violation, from_json
from hone.datasets import Example
from hone.errors import CallError, ProjectError
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.store import Judgement, Metric


def json_schema(given: Given) -> Evaluator:
    """Right when the answer is JSON that fits the task's output schema, or the file of `json-schema:FILE`.

    Raises:
        CallError: there is no schema.
        ProjectError: the schema is none.
    """
    schema = given.schema
    if given.option is not None and given.read_schema is not None:
        schema = given.read_schema(given.option)
    if schema is None:
        raise CallError(
            "json-schema needs a schema", hint="give the task an `output`, or write json-schema:schemas/answer.json"
        )
    try:
        checker = Schema(schema)
    except SchemaProblem as problem:
        raise ProjectError(f"the JSON Schema is wrong: {problem.message} (at {problem.path})") from None

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        try:
            value = from_json(answer.text)
        except ValueError as problem:
            return [Judgement("json-schema", False, f"not JSON: {problem}")]
        try:
            wrong = next(iter(checker.violations(value)), None)
        except TooLong:
            wrong = Violation("$", "checking it takes too long")
        return [Judgement("json-schema", wrong is None, None if wrong is None else str(wrong))]

    measure = Measure(name="json-schema", metric=Metric(kind="boolean"), worst=False)
    return Evaluator(name="json-schema", measures=(measure,), judge=judge)


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
