"""Judges that give a number on a scale: fluency, coherence, and G-Eval with criteria of one's own."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hone.errors import CallError
from hone.evals._ask import Told
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.judges._making import Making
from hone.evals.judges._material import right_answer, text_of
from hone.evals.judges._panel import Verdict
from hone.evals.judges._seat import REASON, Seat, list_of, one_of, prompt_of

if TYPE_CHECKING:
    from hone.datasets import Example

FLUENCY = """\
Fluency: the quality of the single sentences. Grammar, spelling, word order, complete sentences, no text that is broken
or repeated by accident. Neither truth nor content counts.
1: hardly a sentence can be read. 2: faults in most sentences. 3: some faults that disturb. 4: small faults.
5: reads as if written by a careful person."""

COHERENCE = """\
Coherence: the quality of the text as a whole. Its sentences belong together, follow from one another and build up to
one body of information, rather than being a heap of facts. Neither truth nor grammar counts.
1: a heap of unrelated sentences. 2: a thread is seen at times. 3: a thread with gaps or leaps. 4: small leaps.
5: well structured from the first sentence to the last."""

_TOPS = 20  # likeliest tokens of a place, the most that OpenAI's API gives


def fluency(given: Given) -> Evaluator:
    """A number from 1 to 5: how well written are the sentences?"""
    return _fixed(Making(given, "fluency"), FLUENCY, asked=False)


def coherence(given: Given) -> Evaluator:
    """A number from 1 to 5: does the text hold together?"""
    return _fixed(Making(given, "coherence"), COHERENCE, asked=False)


def _fixed(making: Making, rubric: str, *, asked: bool) -> Evaluator:
    low, high = 1, 5

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict:
        texts = {"question": text_of(example.input) if asked else None, "answer": answer.text}
        fields = {"reason": REASON, "score": one_of(list(range(low, high + 1)))}
        told = await seat.put(prompt_of("scale"), texts, fields, {"rubric": rubric, "low": low, "high": high})
        return Verdict(values={"": float(told.value["score"])}, reason=told.value["reason"])

    return making.number(once, "scale", worst=float(low), most=float(high))


def g_eval(given: Given) -> Evaluator:
    """A number by criteria, through steps of evaluation that the model writes once unless `steps` gives them.

    `scale` is [1, 5] unless said otherwise. With `logprobs`, the number is the mean of the scale under the
    probabilities of its numbers: sum p(s) s / sum p(s). Liu et al. 2023, *G-Eval*, equation 1.
    """
    making = Making(given, "g-eval", own=("steps", "scale", "logprobs"), takes_option=True)
    criteria = making.text(needs="criteria")
    steps: list[str] = making.setting("steps", list[str], [])
    weighted: bool = making.setting("logprobs", bool, False)
    low, high = scale_of(making.setting("scale", tuple[int, int], (1, 5)))
    plain = {"criteria": criteria, "low": low, "high": high}

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict:
        texts = {
            "question": text_of(example.input),
            "answer": answer.text,
            "reference": right_answer(example),
        }
        known = steps or await _steps(seat, criteria)
        shown = "\n".join(f"{number}. {step}" for number, step in enumerate(known, 1))
        fields = {"reason": REASON, "score": one_of(list(range(low, high + 1)))}
        told = await _weighing(seat, weighted).put(prompt_of("g-eval"), texts, fields, {**plain, "steps": shown})
        score = float(told.value["score"])
        return Verdict(values={"": weighed(told, low, high, score) if weighted else score}, reason=told.value["reason"])

    return making.number(once, "g-eval", *([] if steps else ["g-eval-steps"]), worst=float(low), most=float(high))


def scale_of(scale: tuple[float, float]) -> tuple[Any, Any]:
    """
    Raises:
        CallError: it is none.
    """
    low, high = scale
    if not (math.isfinite(low) and math.isfinite(high) and low < high and high - low <= 100):
        raise CallError(f"`scale` is from a low number to a higher one, not {low:g} to {high:g}", hint="scale = [1, 5]")
    return low, high


def weighed(told: Told, low: int, high: int, score: float) -> float:
    """The mean of the scale under the probabilities that the model gave its numbers, at the place where it wrote the
    score; the score itself where the model gave none."""
    for tops in reversed(told.tops or ()):
        found = _on_scale(tops, low, high)
        if score in found:
            whole = math.fsum(found.values())
            return math.fsum(number * share for number, share in found.items()) / whole
    return score


def _on_scale(tops: Mapping[str, float], low: int, high: int) -> dict[float, float]:
    shares: dict[float, float] = {}
    for token, logprob in tops.items():
        text = token.strip()
        if text.isdecimal() and low <= int(text) <= high:
            shares[float(int(text))] = shares.get(float(int(text)), 0.0) + math.exp(logprob)
    return shares


async def _steps(seat: Seat, criteria: str) -> list[str]:
    """Asked of each model once: the question is the same for every example, and answers are kept."""
    told = await seat.put(prompt_of("g-eval-steps"), {}, {"steps": list_of({"type": "string"})}, {"criteria": criteria})
    steps = [str(each) for each in told.value["steps"] if str(each).strip()]
    if not steps:
        raise CallError("the judge wrote no steps for g-eval", hint='give them: "steps": ["...", "..."]')
    return steps


def _weighing(seat: Seat, weighted: bool) -> Seat:
    if not weighted:
        return seat
    from msgspec.structs import replace

    return replace(seat, parameters={"logprobs": True, "top_logprobs": _TOPS, **seat.parameters})
