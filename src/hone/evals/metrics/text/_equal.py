"""Is the answer the expected one?"""

from typing import Any

from hone.core import from_json
from hone.datasets import Example
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check, short
from hone.store import Judgement


def exact(given: Given) -> Evaluator:
    """Right when the answer is the expected one, white space around it apart.

    A list holds alternatives. What is no string is compared as JSON, so neither spaces nor the order of keys count.
    """
    return _equality("exact", given)


def equals(given: Given) -> Evaluator:
    """`exact` by the name that promptfoo gives it."""
    return _equality("equals", given)


def _equality(name: str, given: Given) -> Evaluator:
    check(name, given)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        expected = example.expected if given.value is None else given.value
        if expected is None:
            return []
        each = expected if isinstance(expected, list) else []
        right = any(_equal(one, answer.text) for one in [expected, *each])
        return [Judgement(name, right, None if right else f"expected {short(expected)}")]

    return boolean(name, judge)


def _equal(expected: Any, text: str) -> bool:
    if isinstance(expected, str):
        return expected.strip() == text.strip()
    try:
        return same(from_json(text), expected)
    except ValueError:
        return False


def same(a: Any, b: Any) -> bool:
    """Equal as JSON: to Python, True is 1."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
