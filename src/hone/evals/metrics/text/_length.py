"""How long is the answer?"""

from typing import Any

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check, number
from hone.store import Judgement

_HINT = '{"type": "word-count", "value": 50}, or {"min": 20, "max": 50} with one of both or both'


def word_count(given: Given) -> Evaluator:
    """The number of words, split at white space. With a `value` right or wrong: the count itself, or an object with
    `min` and `max`, of which one may be missing.

    Raises:
        CallError: the value is neither.
    """
    check("word-count", given, threshold=given.value is None)
    if given.value is None:
        return number("word-count", lambda _, answer: [Judgement("word-count", float(_count(answer)))], worst=None)
    least, most = _bounds(given.value)

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        count = _count(answer)
        wanted = f"{least:g}" if least == most else f"{least:g} to {most:g}"
        return [Judgement("word-count", least <= count <= most, f"{count} words, {wanted} are asked for")]

    return boolean("word-count", judge)


def _count(answer: Answer) -> int:
    return len(answer.text.split())


def _bounds(value: Any) -> tuple[float, float]:
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if _is_number(value):
        return value, value
    if not isinstance(value, dict) or not value or not value.keys() <= {"min", "max"}:
        raise CallError(f"word-count cannot use the value {to_json(value)}", hint=_HINT)
    least, most = value.get("min", 0), value.get("max", float("inf"))
    if not (_is_number(least) and _is_number(most) and least <= most):
        raise CallError(f"word-count cannot use the value {to_json(value)}", hint="min is at most max")
    return least, most


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
