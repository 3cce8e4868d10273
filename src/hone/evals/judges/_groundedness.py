"""Groundedness: an answer's claims, each supported by the source, contradicted by it, or not verifiable from it.

A hallucination is one or the other, and what helps against them differs: a contradiction is a reading error, a claim
that cannot be verified is an addition.
"""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from hone.errors import InvalidOutput
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.judges._making import Making, Side
from hone.evals.judges._material import numbered, passages, text_of
from hone.evals.judges._panel import Verdict
from hone.evals.judges._seat import REASON, Seat, answer_schema, list_of, one_of, prompt_of

if TYPE_CHECKING:
    from hone.datasets import Example

SUPPORTED, CONTRADICTED, UNVERIFIABLE = "supported", "contradicted", "not verifiable"

_AT_ONCE = 20  # claims in one question
_SIDES = (
    Side("contradicted", direction="down", worst=1.0),
    Side("unverifiable", direction="down", worst=1.0),
)


def groundedness(given: Given) -> Evaluator:
    """The share of claims that are supported; beside it the shares contradicted and not verifiable. They add up to 1.

    An answer that claims nothing is not judged: it can be neither grounded nor not.
    """
    return _groundedness(Making(given, "groundedness"))


def context_faithfulness(given: Given) -> Evaluator:
    """The same under promptfoo's name."""
    return _groundedness(Making(given, "context-faithfulness"))


def _groundedness(making: Making) -> Evaluator:
    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        source = "\n\n".join(passages(example, answer))
        if not source:
            return None
        texts = {"question": text_of(example.input), "answer": answer.text}
        told = await seat.put(prompt_of("claims"), texts, {"claims": list_of({"type": "string"})})
        claims = [str(each) for each in told.value["claims"] if str(each).strip()]
        if not claims:
            return None
        some = [claims[start : start + _AT_ONCE] for start in range(0, len(claims), _AT_ONCE)]
        found = await asyncio.gather(*(_verdicts(seat, source, each) for each in some))
        return _summed(claims, [each for verdicts in found for each in verdicts])

    return making.number(once, "claims", "groundedness", sides=_SIDES)


async def _verdicts(seat: Seat, source: str, claims: list[str]) -> list[dict[str, Any]]:
    """One for each claim, in order.

    Raises:
        InvalidOutput: a claim was left out.
    """
    one = {
        "claim": {"type": "integer"},
        "reason": REASON,
        "verdict": one_of([SUPPORTED, CONTRADICTED, UNVERIFIABLE]),
    }
    texts = {"source": source, "claims": numbered(claims)}
    told = await seat.put(prompt_of("groundedness"), texts, {"verdicts": list_of(answer_schema(one))})
    by_number = {each["claim"]: each for each in told.value["verdicts"]}
    missing = [number for number in range(1, len(claims) + 1) if number not in by_number]
    if missing:
        raise InvalidOutput(f"the judge gave no verdict on {len(missing)} of {len(claims)} claims: {missing[:5]}")
    return [by_number[number] for number in range(1, len(claims) + 1)]


def _summed(claims: list[str], verdicts: list[dict[str, Any]]) -> Verdict:
    counts = Counter(each["verdict"] for each in verdicts)
    shares = {name: counts[name] / len(claims) for name in (SUPPORTED, CONTRADICTED, UNVERIFIABLE)}
    wrong = [
        f"{each['verdict']}: {claim} ({each['reason']})"
        for claim, each in zip(claims, verdicts, strict=True)
        if each["verdict"] != SUPPORTED
    ]
    return Verdict(
        values={"": shares[SUPPORTED], "contradicted": shares[CONTRADICTED], "unverifiable": shares[UNVERIFIABLE]},
        reason="; ".join(wrong) or f"all {len(claims)} claims are supported",
    )
