"""How these tests ask an evaluator: by name or object, with one answer to one example."""

from collections.abc import Callable
from typing import Any

import pytest

from hone.datasets import Example
from hone.evals import Answer, Given, make
from hone.store import Judgement

Asked = str | dict[str, Any]


def _judged(
    asked: Asked, answer: str | Answer, expected: Any = None, *, given: Given | None = None, **more: Any
) -> list[Judgement]:
    (evaluator,) = make([asked], given=given)
    example = Example(input="q", expected=expected, **more)
    return evaluator.judgements(example, Answer(text=answer) if isinstance(answer, str) else answer)


@pytest.fixture(scope="session")
def judged() -> Callable[..., list[Judgement]]:
    """What an evaluator says of one answer."""
    return _judged


@pytest.fixture(scope="session")
def value() -> Callable[..., Any]:
    """The one value that it gives."""

    def one(asked: Asked, answer: str | Answer, expected: Any = None, **more: Any) -> Any:
        (found,) = _judged(asked, answer, expected, **more)
        return found.value

    return one
