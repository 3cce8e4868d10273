"""No evaluator breaks, whatever the text: every one is asked about texts that nobody would write."""

import asyncio
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hone.datasets import Example
from hone.evals import Answer, Evaluator, Given, make
from hone.evals.metrics.labels import NAMES as LABELS
from hone.evals.metrics.retrieval import NAMES as RETRIEVAL
from hone.evals.metrics.structure import NAMES as STRUCTURE
from hone.evals.metrics.text import NAMES as TEXT

ASKED: dict[str, Any] = {
    "json-schema": {"type": "json-schema", "value": {"type": "object"}},
    "finish-reason": "finish-reason:stop",
    "classification": {"type": "classification", "labels": ["yes", "no"]},
}
MARKS = [
    *("<a>", "</a>", "<!--", "]]>", "&x;", "{", "}", "[", '"', "\\", "```", " ", "\n"),
    *("select", "from", ";", "####", "A:", "1,0", "-", "\ud800", "\0", "é", "日"),
]
TEXTS = st.lists(st.sampled_from(MARKS), max_size=12).map("".join) | st.text(max_size=40)


def _embed(texts: Any) -> Any:
    import numpy as np

    rows = np.array([[len(text) + 1.0, text.count(" ")] for text in texts], np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _evaluator(name: str) -> Evaluator:
    (made,) = make([ASKED.get(name, name)], given=Given(embed=_embed))
    return made


@pytest.mark.parametrize("name", sorted({**TEXT, **STRUCTURE, **RETRIEVAL, **LABELS}))
@settings(max_examples=60)
@given(text=TEXTS, expected=TEXTS)
@example(text="", expected="x")
@example(text="x" * 10_000, expected="x y " * 2_000)
def test_every_evaluator_has_something_to_say_or_nothing(name: str, text: str, expected: str) -> None:
    if name == "regex":
        expected = "x+"  # what is expected is a pattern here, and not every text is one
    evaluator = _evaluator(name)
    case = Example(input="q", expected=expected, context=[expected], metadata={"table": {"key": expected}})
    answer = Answer(text=text, seconds=1.0, cost=0.0, context=(text, expected), logprobs=(-0.1,))
    for said in asyncio.run(evaluator.said(case, answer)):
        assert not (said.explanation or "").startswith("the evaluator failed"), said.explanation
        if isinstance(said.value, float):
            assert said.value == said.value, "a number, and not none"
