"""Did the new answer take the user's comment into account?"""

from typing import TYPE_CHECKING

from hone.evals._case import Answer, Evaluator, Given
from hone.evals.judges._making import Making
from hone.evals.judges._material import text_of
from hone.evals.judges._panel import Verdict
from hone.evals.judges._seat import REASON, Seat, one_of, prompt_of

if TYPE_CHECKING:
    from hone.datasets import Example

COMMENT = "comment"
"""Where an example's metadata has the user's comment on the earlier answer."""

_WORTH = {"yes": 1.0, "partly": 0.5, "no": 0.0}


def incorporates_feedback(given: Given) -> Evaluator:
    """1 when all that the comment asks for is done, 0.5 when some of it is, 0 when nothing is.

    The earlier answer is the example's `previous`, the comment `metadata.comment`, or `value`.
    """
    making = Making(given, "incorporates-feedback")

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        comment = making.value or example.metadata.get(COMMENT)
        if example.previous is None or not isinstance(comment, str) or not comment.strip():
            return None
        if " ".join(answer.text.split()) == " ".join(example.previous.split()):
            return Verdict(values={"": 0.0}, reason="the answer is the earlier one, word for word")
        texts = {
            "question": text_of(example.input),
            "previous": example.previous,
            "comment": comment,
            "answer": answer.text,
        }
        told = await seat.put(
            prompt_of("incorporates-feedback"), texts, {"reason": REASON, "verdict": one_of([*_WORTH])}
        )
        return Verdict(values={"": _WORTH[told.value["verdict"]]}, reason=told.value["reason"])

    return making.number(once, "incorporates-feedback")
