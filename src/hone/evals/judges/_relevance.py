"""Does an answer belong to the question, and a turn to the conversation?"""

import asyncio
from typing import TYPE_CHECKING, Any

from hone.evals._ask import Embed
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.judges._context import NUMBERS, named
from hone.evals.judges._making import Making
from hone.evals.judges._material import numbered, sentences, text_of, transcript, turns
from hone.evals.judges._panel import Verdict
from hone.evals.judges._seat import REASON, Seat, list_of, prompt_of

if TYPE_CHECKING:
    from hone.datasets import Example

_QUESTIONS = 3
_WINDOW = 5  # turns


def answer_relevance(given: Given) -> Evaluator:
    """From 0 to 1. Where texts can be embedded: the mean cosine between the question and those that a model thinks the
    answer is an answer to, 0 for an evasive one (Es et al. 2023, *RAGAS*, section 3). Else the share of the answer's
    sentences that help to answer the question.
    """
    making = Making(given, "answer-relevance", own=("by",))
    by: str = making.setting("by", str, "meaning" if given.embed is not None else "sentences")
    embed = given.embed

    async def by_meaning(seat: Seat, example: "Example", answer: Answer) -> Verdict:
        assert embed is not None
        fields = {"questions": list_of({"type": "string"}), "evasive": {"type": "boolean"}}
        told = await seat.put(prompt_of("answer-questions"), {"answer": answer.text}, fields, {"count": _QUESTIONS})
        asked = [str(each) for each in told.value["questions"] if str(each).strip()]
        if told.value["evasive"] or not asked:
            return Verdict(values={"": 0.0}, reason="the answer evades the question")
        score = await asyncio.to_thread(_nearness, embed, text_of(example.input), asked)
        return Verdict(values={"": score}, reason=f"the answer would answer: {' / '.join(asked)}")

    async def by_sentences(seat: Seat, example: "Example", answer: Answer) -> Verdict:
        parts = sentences(answer.text)
        if not parts:
            return Verdict(values={"": 0.0}, reason="the answer is empty")
        texts = {"question": text_of(example.input), "sentences": numbered(parts)}
        told = await seat.put(prompt_of("answer-relevance"), texts, {"reason": REASON, "relevant": NUMBERS})
        found = named(told.value["relevant"], len(parts))
        return Verdict(values={"": len(found) / len(parts)}, reason=told.value["reason"])

    if by == "meaning" and embed is not None:
        return making.number(by_meaning, "answer-questions")
    return making.number(by_sentences, "answer-relevance")


def conversation_relevance(given: Given) -> Evaluator:
    """The share of the assistant's turns that respond to the turns before them, of which `window` are shown."""
    making = Making(given, "conversation-relevance", own=("window",))
    window: int = making.setting("window", int, _WINDOW)

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        held = [each for each in turns(example, answer) if each.get("role") in ("user", "assistant")]
        places = [place for place, each in enumerate(held) if place and each["role"] == "assistant"]
        if not places:
            return None
        found = await asyncio.gather(*(_fits(seat, held[max(0, at - window) : at], held[at]) for at in places))
        missed = [f"turn {at + 1}: {why}" for at, (fits, why) in zip(places, found, strict=True) if not fits]
        share = sum(fits for fits, _ in found) / len(found)
        return Verdict(values={"": share}, reason="; ".join(missed) or "every turn responds to what was said")

    return making.number(once, "conversation-relevance")


async def _fits(seat: Seat, before: list[dict[str, Any]], turn: dict[str, Any]) -> tuple[bool, str]:
    texts = {"before": transcript(before), "turn": text_of(turn.get("content"))}
    fields = {"reason": REASON, "relevant": {"type": "boolean"}}
    told = await seat.put(prompt_of("conversation-relevance"), texts, fields)
    return bool(told.value["relevant"]), str(told.value["reason"])


def _nearness(embed: Embed, question: str, asked: list[str]) -> float:
    """The mean cosine, at least 0."""
    rows = embed([question, *asked])
    return max(0.0, float((rows[1:] @ rows[0]).mean()))
