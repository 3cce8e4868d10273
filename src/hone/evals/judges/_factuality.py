"""Facts of an answer against those of an expert's, in the five categories of OpenAI's evals (modelgraded/fact)."""

from typing import TYPE_CHECKING

from hone.evals._case import Answer, Evaluator, Given
from hone.evals.judges._making import Making, Side
from hone.evals.judges._material import right_answer, text_of
from hone.evals.judges._panel import Verdict
from hone.evals.judges._seat import REASON, Seat, one_of, prompt_of

if TYPE_CHECKING:
    from hone.datasets import Example

CATEGORIES = {
    "A": "says less, and agrees",
    "B": "says more, and agrees",
    "C": "has the same facts",
    "D": "contradicts",
    "E": "differs in nothing that matters",
}


def factuality(given: Given) -> Evaluator:
    """True unless the facts contradict those of `value`, or of what the example expects; `passing` = "ABCE"."""
    return _factuality(Making(given, "factuality", own=("passing",)))


def model_graded_factuality(given: Given) -> Evaluator:
    """The same under its older name."""
    return _factuality(Making(given, "model-graded-factuality", own=("passing",)))


def _factuality(making: Making) -> Evaluator:
    passing: str = making.setting("passing", str, "ABCE")

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        expert = right_answer(example, making.value)
        if expert is None:
            return None
        texts = {"question": text_of(example.input), "expert": expert, "answer": answer.text}
        fields = {"reason": REASON, "category": one_of([*CATEGORIES])}
        told = await seat.put(prompt_of("factuality"), texts, fields)
        category = told.value["category"]
        reason = f"({category}) {CATEGORIES[category]}: {told.value['reason']}"
        return Verdict(values={"": category in passing, "category": category}, reason=reason)

    return making.boolean(once, "factuality", sides=[Side("category", kind="category")])
