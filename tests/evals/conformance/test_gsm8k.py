"""GSM8K: four models' solutions that were graded when the benchmark was published."""

import asyncio
from collections.abc import Callable
from typing import Any

from hone.datasets import Example
from hone.evals import Answer, make

Rows = Callable[[str], list[dict[str, Any]]]


def test_every_published_grade_is_given_again(rows: Rows) -> None:
    (grader,) = make(["gsm8k"])

    async def grade() -> list[bool]:
        agree = []
        for row in rows("gsm8k/example_model_solutions.jsonl.gz"):
            example = Example(input=row["question"], expected=row["ground_truth"])
            for graded in (each for each in row.values() if isinstance(each, dict)):
                (said,) = await grader.said(example, Answer(text=graded["solution"]))
                agree.append(said.value is graded["is_correct"])
        return agree

    agree = asyncio.run(grade())
    assert (sum(agree), len(agree)) == (5276, 5276)


def test_the_answers_of_the_benchmark_itself_are_right(rows: Rows) -> None:
    (grader,) = make(["gsm8k"])
    for row in rows("gsm8k/test.jsonl")[:200]:
        (said,) = grader.judgements(Example(input=row["question"], expected=row["answer"]), Answer(text=row["answer"]))
        assert said.value is True, said.explanation
