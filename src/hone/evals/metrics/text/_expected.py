"""What an answer is compared with: the value that was asked for, else what the example expects."""

from collections.abc import Callable, Sequence
from typing import Any

from hone.core import to_json
from hone.datasets import Example
from hone.evals._case import Given

Wanted = Callable[[Example], list[str]]


def alternatives(example: Example) -> list[str]:
    """The expected answers as texts; what is no string is its JSON."""
    return [] if example.expected is None else texts(example.expected)


def texts(value: Any) -> list[str]:
    """A value, or each of a list of them, as text."""
    each = value if isinstance(value, list | tuple) else [value]
    return [one if isinstance(one, str) else to_json(one) for one in each if one not in (None, "")]


def wanted(given: Given, *, reference: bool = False) -> Wanted:
    """The texts to compare with, by example. With `reference`, an example's reference counts where nothing is
    expected."""
    if given.value is not None:
        fixed = texts(given.value)
        return lambda _: fixed

    def found(example: Example) -> list[str]:
        known = alternatives(example)
        return known or ([example.reference] if reference and example.reference else [])

    return found


def best(scores: Sequence[float]) -> float:
    """The best over the alternatives."""
    return float(max(scores))
