"""Repair: an answer that is not what was asked for is mended, or the model is told what is wrong and asked again."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from hone.core import Clock, Usage
from hone.errors import InvalidOutput
from hone.gateway._attempt import Asked
from hone.gateway._contract import Contract
from hone.gateway._judge import Verdict, choices_in, judge, with_texts
from hone.gateway._output import Output, read_completion
from hone.gateway._prepare import Prepared
from hone.gateway._spans import Story
from hone.providers import Model

_MOST_SHOWN = 20_000  # characters of an answer that its model is shown again


class Repair:
    """Holds the whole answers of one call to its contract. Every answer that does not fit leaves a span."""

    def __init__(
        self, prepared: Prepared, story: Story, cost: Callable[[Model, Usage], float | None], clock: Clock
    ) -> None:
        self._prepared = prepared
        self._story = story
        self._cost = cost
        self._clock = clock

    async def accept(self, asked: Asked, again: Callable[[Prepared], Awaitable[Asked]]) -> Asked:
        """The answer, if it fits or can be mended; else the next one of the same model, as often as is allowed.

        Raises:
            InvalidOutput: none of them fits.
            BudgetSpent, RateLimited: there is no money left to ask again.
        """
        contract = self._prepared.contract
        if contract is None or not contract.concerns(asked.model.provider):
            return asked
        for number in range(contract.repairs + 1):
            asked.notes = {"repaired": number} if number else {}
            try:
                verdict = await self._judged(asked, contract)
            except BaseException as error:
                self._record(asked, error)  # it was paid, and nobody else knows of it yet
                raise
            if verdict.fits:
                return asked
            problem = invalid(asked.model, verdict)
            self._record(asked, problem)
            if number == contract.repairs or verdict.cut:
                await self._reserve_for_others()
                raise problem
            await self._reserve()
            asked = await again(_told(self._prepared, verdict))
        raise AssertionError("the last answer fits or raises")

    async def _judged(self, asked: Asked, contract: Contract) -> Verdict:
        body = asked.answer.body or b""
        verdict = await judge(choices_in(body), contract.schema)
        asked.notes["valid"] = verdict.fits
        if verdict.mended:
            asked.notes["mended"] = list(verdict.mended)
            asked.answer.body = with_texts(body, verdict.texts)
        return verdict

    def _record(self, asked: Asked, problem: BaseException) -> None:
        output = read_completion(asked.answer.body or b"")
        self._story.model_call(
            asked.model, asked.body, start=asked.start, end=self._clock(), output=output,
            cost=self._cost(asked.model, output.usage), error=problem, notes=asked.notes,
        )  # fmt: skip

    async def _reserve(self) -> None:
        if self._story.grant is not None:
            await self._story.grant.reserve_again()

    async def _reserve_for_others(self) -> None:
        """A model that answered is paid, whatever its answer is worth: the next one needs money of its own."""
        route = self._story.route
        asked = {model.alias for model, _ in self._story.attempts}
        if route is not None and any(model.alias not in asked for model in route.chain):
            await self._reserve()


async def fits(contract: Contract | None, model: Model, body: bytes) -> bool:
    """May an answer that was kept be given to a call with this contract?"""
    if contract is None or not contract.concerns(model.provider):
        return True
    verdict = await judge(choices_in(body), contract.schema)
    return verdict.fits and not verdict.mended


async def judge_stream(contract: Contract | None, asked: Asked, output: Output) -> InvalidOutput | None:
    """What is wrong with a stream that is complete, where its caller asked to know. It cannot be mended any more."""
    if contract is None or not contract.concerns(asked.model.provider) or output.message is None:
        return None
    said = msgspec.json.decode(output.message)
    messages = said if isinstance(said, list) else [said]
    verdict = await judge([{"message": each, "finish_reason": output.finish} for each in messages], contract.schema)
    asked.notes = {"valid": verdict.fits and not verdict.mended}
    if asked.notes["valid"] or not contract.asked:
        return None
    if verdict.fits:
        return InvalidOutput(f"the answer of {asked.model.alias!r} is not JSON alone: {', '.join(verdict.mended)}")
    return invalid(asked.model, verdict)


def invalid(model: Model, verdict: Verdict) -> InvalidOutput:
    """The error that names the first thing that is wrong."""
    first = verdict.violations[0]
    hint = "it ended at its limit of tokens: raise `max_tokens`" if verdict.cut else None
    return InvalidOutput(f"the answer of {model.alias!r} is not what was asked for: {first}", hint=hint)


def _told(prepared: Prepared, verdict: Verdict) -> Prepared:
    """The conversation with the answer in it, and what is wrong with it."""
    turns: list[Mapping[str, Any] | Raw] = msgspec.json.decode(prepared.fields.get("messages", b"[]"), type=list[Raw])
    problems = "\n".join(f"- {each}" for each in verdict.violations)
    wanted = "Answer again, with JSON alone that is as asked for: no other text, no code fence."
    turns += [
        {"role": "assistant", "content": (verdict.wrong or "")[:_MOST_SHOWN] or "(nothing)"},
        {"role": "user", "content": f"That answer cannot be used:\n{problems}\n\n{wanted}"},
    ]
    return replace(prepared, fields=prepared.fields | {"messages": Raw(msgspec.json.encode(turns))})
