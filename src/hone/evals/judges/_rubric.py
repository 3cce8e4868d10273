"""Judges that hold an answer against words: a rubric, a criterion."""

from typing import TYPE_CHECKING

from hone.evals._case import Answer, Evaluator, Given
from hone.evals.judges._making import Making, Side
from hone.evals.judges._material import text_of, transcript, turns
from hone.evals.judges._panel import Verdict
from hone.evals.judges._seat import REASON, Seat, prompt_of

if TYPE_CHECKING:
    from hone.datasets import Example

_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def llm_rubric(given: Given) -> Evaluator:
    """`llm-rubric:Is polite.`: a boolean; with a `threshold`, the score from 0 to 1 has to reach it as well."""
    return _rubric(Making(given, "llm-rubric", takes_option=True), steps=False)


def agent_rubric(given: Given) -> Evaluator:
    """The same with the conversation and the calls of tools before the judge's eyes."""
    return _rubric(Making(given, "agent-rubric", takes_option=True), steps=True)


def _rubric(making: Making, *, steps: bool) -> Evaluator:
    rubric = making.text(needs="a rubric")
    least = making.given.threshold

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict:
        texts = {
            "question": text_of(example.input),
            "answer": answer.text,
            "steps": transcript(turns(example, answer)) if steps else None,
        }
        fields = {"reason": REASON, "passed": {"type": "boolean"}, "score": _SHARE}
        told = await seat.put(prompt_of("llm-rubric"), texts, fields, {"rubric": rubric})
        passed = told.value["passed"] and (least is None or told.value["score"] >= least)
        return Verdict(values={"": passed, "score": float(told.value["score"])}, reason=told.value["reason"])

    return making.boolean(once, "llm-rubric", sides=[Side("score", worst=0.0)])


def closedqa(given: Given) -> Evaluator:
    """`model-graded-closedqa:names the deadline`: does the answer meet the criterion?"""
    making = Making(given, "model-graded-closedqa", takes_option=True)
    criterion = making.text(needs="a criterion")

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict:
        texts = {"question": text_of(example.input), "answer": answer.text}
        fields = {"reason": REASON, "passed": {"type": "boolean"}}
        told = await seat.put(prompt_of("closedqa"), texts, fields, {"criterion": criterion})
        return Verdict(values={"": told.value["passed"]}, reason=told.value["reason"])

    return making.boolean(once, "closedqa")
