"""Faithfulness by questions: what the answer says is asked of the source, and both replies are compared.

Wang et al. 2020, *Asking and Answering Questions to Evaluate the Factual Consistency of Summaries* (QAGS): questions
from the text, answers from text and source, compared by the F1 of their words as in SQuAD.
"""

import re
import string
from collections import Counter
from typing import TYPE_CHECKING

from hone.errors import InvalidOutput
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.judges._making import Making, Side
from hone.evals.judges._material import numbered, passages
from hone.evals.judges._panel import Verdict
from hone.evals.judges._seat import Seat, answer_schema, list_of, prompt_of

if TYPE_CHECKING:
    from hone.datasets import Example

UNANSWERABLE = "unanswerable"

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_TEXT = {"type": "string"}


def qa_faithfulness(given: Given) -> Evaluator:
    """The mean agreement, from 0 to 1, of what the answer and its source say to the same `questions` (10).

    Beside it `unanswerable`: the share of questions that the source does not answer, each of which agrees with nothing.
    """
    making = Making(given, "qa-faithfulness", own=("questions",))
    most: int = making.setting("questions", int, 10)

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        source = "\n\n".join(passages(example, answer))
        if not source or not answer.text.strip():
            return None
        pair = {"question": _TEXT, "answer": _TEXT}
        told = await seat.put(
            prompt_of("questions"),
            {"answer": answer.text},
            {"questions": list_of(answer_schema(pair))},
            {"count": most},
        )
        asked = [each for each in told.value["questions"] if each["question"].strip() and each["answer"].strip()][:most]
        if not asked:
            return None
        replies = await _from_source(seat, source, [each["question"] for each in asked])
        return _compared([(each["question"], each["answer"]) for each in asked], replies)

    side = Side("unanswerable", direction="down", worst=1.0)
    return making.number(once, "questions", "answers", sides=[side])


async def _from_source(seat: Seat, source: str, questions: list[str]) -> list[str]:
    texts = {"source": source, "questions": numbered(questions)}
    told = await seat.put(prompt_of("answers"), texts, {"answers": list_of(_TEXT)})
    replies = [str(each) for each in told.value["answers"]]
    if len(replies) != len(questions):
        raise InvalidOutput(f"the judge gave {len(replies)} answers to {len(questions)} questions")
    return replies


def _compared(asked: list[tuple[str, str]], replies: list[str]) -> Verdict:
    unknown = [UNANSWERABLE in _words(each) for each in replies]
    scores = [
        0.0 if open_ else word_f1(said, reply)
        for (_, said), reply, open_ in zip(asked, replies, unknown, strict=True)
    ]  # fmt: skip
    apart = [
        f"{question} {said!r}, in the source {reply!r}"
        for (question, said), reply, score in zip(asked, replies, scores, strict=True)
        if score < 1
    ]
    values = {"": sum(scores) / len(scores), "unanswerable": sum(unknown) / len(unknown)}
    return Verdict(values=values, reason="; ".join(apart) or f"the source gives the same {len(asked)} answers")


def word_f1(ours: str, theirs: str) -> float:
    """The F1 of the words of two answers, without articles, case and punctuation, as the SQuAD script counts it."""
    first, second = Counter(_words(ours)), Counter(_words(theirs))
    shared = sum((first & second).values())
    if not first or not second:
        return float(first == second)
    return 2 * shared / (sum(first.values()) + sum(second.values()))


def _words(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()
