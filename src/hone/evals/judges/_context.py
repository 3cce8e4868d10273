"""Judges of what was retrieved: was it needed, was it enough, did it stand at the top?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hone.evals._case import Answer, Evaluator, Given
from hone.evals.judges._making import Making
from hone.evals.judges._material import numbered, passages, right_answer, sentences, text_of
from hone.evals.judges._panel import Verdict
from hone.evals.judges._seat import REASON, Seat, list_of, prompt_of

if TYPE_CHECKING:
    from hone.datasets import Example

NUMBERS = list_of({"type": "integer"})


def context_relevance(given: Given) -> Evaluator:
    """The share of the context's sentences that the question needs (Es et al. 2023, *RAGAS*, section 3)."""
    making = Making(given, "context-relevance")

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        parts = [part for passage in passages(example, answer) for part in sentences(passage)]
        if not parts:
            return None
        texts = {"question": text_of(example.input), "sentences": numbered(parts)}
        told = await seat.put(prompt_of("context-relevance"), texts, {"reason": REASON, "needed": NUMBERS})
        return _share(named(told.value["needed"], len(parts)), len(parts), told.value["reason"])

    return making.number(once, "context-relevance")


def context_recall(given: Given) -> Evaluator:
    """The share of the right answer's sentences that the context states: what is missing could not be answered."""
    making = Making(given, "context-recall")

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        found, right = passages(example, answer), right_answer(example, making.value)
        if not found or right is None:
            return None
        parts = sentences(right)
        texts = {"question": text_of(example.input), "context": "\n\n".join(found), "sentences": numbered(parts)}
        told = await seat.put(prompt_of("context-recall"), texts, {"reason": REASON, "stated": NUMBERS})
        return _share(named(told.value["stated"], len(parts)), len(parts), told.value["reason"])

    return making.number(once, "context-recall")


def context_precision(given: Given) -> Evaluator:
    """The average precision of the passages in the order they came: 1 when those of use stand at the top, 0 when there
    is none. Of use is what leads to the right answer, or to the answer that was given where none is known.
    """
    making = Making(given, "context-precision")

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        found = passages(example, answer)
        if not found:
            return None
        right = right_answer(example, making.value) or answer.text
        texts = {"question": text_of(example.input), "answer": right, "passages": numbered(found)}
        told = await seat.put(prompt_of("context-precision"), texts, {"reason": REASON, "useful": NUMBERS})
        useful = named(told.value["useful"], len(found))
        return Verdict(values={"": average_precision(useful)}, reason=told.value["reason"])

    return making.number(once, "context-precision")


def named(numbers: Sequence[Any], most: int) -> list[int]:
    """The numbers that were there to be named, each once, in order."""
    return sorted({int(each) for each in numbers if 1 <= int(each) <= most})


def average_precision(ranks: Sequence[int]) -> float:
    """The mean, over the ranks of what is relevant, of the precision down to there; 0 where nothing is.

    Manning, Raghavan, Schuetze 2008, *Introduction to Information Retrieval*, 8.4.
    """
    return sum(count / rank for count, rank in enumerate(ranks, 1)) / len(ranks) if ranks else 0.0


def _share(found: list[int], of: int, reason: str) -> Verdict:
    return Verdict(values={"": len(found) / of}, reason=f"{len(found)} of {of} sentences: {reason}")
