"""Two answers beside each other, always in both orders: a judge prefers the first place more than it admits.

What wins in both orders has won. What wins in one of them, or wins where it stands and not what it says, is a tie, and
that the order decided is kept: it is the judge's fault and not the answers'. Zheng et al. 2023, *Judging LLM-as-a-Judge
with MT-Bench and Chatbot Arena*, section 3.4.
"""

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.judges._making import Making, Side, gathered, nothing
from hone.evals.judges._material import right_answer, text_of
from hone.evals.judges._panel import Verdict, reduced
from hone.evals.judges._seat import REASON, Seat, one_of, prompt_of
from hone.store import Judgement

if TYPE_CHECKING:
    from hone.datasets import Example
    from hone.prompts import Prompt

Place = Literal["first", "second", "tie"]

USUAL = "Which answer helps more who asked the question: right, to the point, and as it was asked for."
FLIPPED = "flipped"
"""Did the order decide?"""
TOWARD_FIRST = "toward_first"
"""Of those that flipped from one answer to the other: did the judge go for whatever stood first, both times?"""

_WORTH: dict[str, float] = {"first": 1.0, "tie": 0.5, "second": 0.0}
SIDES = (
    Side(FLIPPED, kind="boolean", direction="down"),
    Side(TOWARD_FIRST, kind="boolean", direction="down"),  # a fair judge has a half
)


class Duel(Struct, frozen=True):
    """What the two orders said of `a` against `b`: each 1 (a won), 0.5 (a tie) or 0."""

    straight: float  # a stood first
    turned: float  # b stood first
    reasons: tuple[str, str]

    @property
    def flipped(self) -> bool:
        """Did the order decide?"""
        return self.straight != self.turned

    @property
    def value(self) -> float:
        """1, 0.5 or 0: what both orders say, else a tie."""
        return 0.5 if self.flipped else self.straight

    @property
    def verdict(self) -> Verdict:
        word = {1.0: "win", 0.5: "tie", 0.0: "loss"}
        if self.flipped:
            said = (
                f"tie: the order decided ({word[self.straight]} in the first place, {word[self.turned]} in the second)"
            )
        else:
            said = f"{word[self.value]} in both orders"
        values: dict[str, bool | float | str] = {"": self.value, FLIPPED: self.flipped}
        if abs(self.straight - self.turned) == 1:
            values[TOWARD_FIRST] = self.straight > self.turned
        return Verdict(values=values, reason=f"{said}: {self.reasons[0]}")


async def duel(
    seat: Seat, prompt: "Prompt", texts: Mapping[str, Any], a: str, b: str, plain: Mapping[str, Any]
) -> Duel:
    """Ask in both orders. Equal answers are a tie without a question."""
    if a == b:
        return Duel(0.5, 0.5, ("both answers are the same",) * 2)
    fields = {"reason": REASON, "verdict": one_of([*_WORTH])}
    straight, turned = await asyncio.gather(
        seat.put(prompt, {**texts, "first": a, "second": b}, fields, plain),
        seat.put(prompt, {**texts, "first": b, "second": a}, fields, plain),
    )
    return Duel(
        _WORTH[straight.value["verdict"]],
        1.0 - _WORTH[turned.value["verdict"]],
        (straight.value["reason"], turned.value["reason"]),
    )


def pairwise(given: Given) -> Evaluator:
    """1 for a win, 0.5 for a tie, 0 for a loss against the example's previous answer, or its reference.

    `against` is `previous` or `reference`; unset, the first that is there. `pairwise:variants` compares the variants of
    a run with each other: the mean over all others. `value` says what counts.
    """
    making = Making(given, "pairwise", own=("against",), takes_option=True)
    if given.option not in (None, "variants", "previous", "reference"):
        raise CallError(f"pairwise has no option {given.option!r}", hint="variants, previous or reference")
    against = making.setting("against", Literal["previous", "reference", "variants"], given.option)
    criteria = making.value if given.value is not None else USUAL
    plain = {"criteria": text_of(criteria)}
    if against == "variants":
        return _among(making, plain)

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        other = rival(example, against)
        if other is None:
            return None
        reference = None if other == right_answer(example) else right_answer(example)
        texts = {"question": text_of(example.input), "reference": reference}
        return (await duel(seat, prompt_of("pairwise"), texts, answer.text, other, plain)).verdict

    return making.number(once, "pairwise", sides=SIDES)


def rival(example: "Example", against: str | None) -> str | None:
    """The answer of an example to compare with."""
    known = {"previous": example.previous, "reference": example.reference or right_answer(example)}
    if against is not None:
        return known[against]
    return next((each for each in known.values() if each is not None), None)


def _among(making: Making, plain: Mapping[str, Any]) -> Evaluator:
    """Variants of a run against each other; nothing is said of one answer alone."""

    async def between(example: "Example", a: str, b: str) -> Verdict:
        texts = {"question": text_of(example.input), "reference": right_answer(example)}

        async def once(seat: Seat) -> Verdict:
            return (await duel(seat, prompt_of("pairwise"), texts, a, b, plain)).verdict

        found = await gathered(making.seats(), once)
        return found[0] if len(found) == 1 else reduced(found, making.panel.reducer)[0]

    async def choose(example: "Example", answers: Mapping[str, Answer]) -> dict[str, list[Judgement]]:
        pairs = list(itertools.combinations([name for name in answers if answers[name].error is None], 2))
        found = await asyncio.gather(*(between(example, answers[a].text, answers[b].text) for a, b in pairs))
        points: dict[str, list[Verdict]] = {name: [] for name in answers}
        for (a, b), verdict in zip(pairs, found, strict=True):
            points[a].append(verdict)
            points[b].append(_turned(verdict))
        return {name: _points(making.name, points[name], failed=answers[name].error is not None) for name in answers}

    made = making.number(nothing, "pairwise", sides=SIDES)
    from msgspec.structs import replace

    return replace(made, choose=choose)


def _turned(verdict: Verdict) -> Verdict:
    """The same from the other side. Its first word is the other's, so it is left out."""
    values = {**verdict.values, "": 1.0 - float(verdict.values[""])}
    return Verdict(values=values, reason=verdict.reason.partition(": ")[2] or verdict.reason)


def _points(name: str, found: Iterable[Verdict], *, failed: bool) -> list[Judgement]:
    verdicts = list(found)
    if failed:
        return [Judgement(name, 0.0, "the call failed")]
    if not verdicts:
        return []
    points = [float(each.values[""]) for each in verdicts]
    flipped = any(each.values.get(FLIPPED) for each in verdicts)
    reason = " / ".join(each.reason for each in verdicts)
    return [Judgement(name, sum(points) / len(points), reason), Judgement(f"{name}.{FLIPPED}", flipped)]
