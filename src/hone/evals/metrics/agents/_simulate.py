"""Conversations with a simulated user: a model plays somebody who wants something, the application answers."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from hone.errors import CallError
from hone.evals._ask import Ask
from hone.evals._case import Answer
from hone.evals.metrics.agents._user import Message, Move, User

VERDICT = "verdict"
"""The key of the last user message under which the simulated user says whether it got what it wanted."""

Application = Callable[[Sequence[Message]], Awaitable[str | Answer]]
"""What is tested: the messages so far to its reply."""


class Simulated(Struct, frozen=True, kw_only=True):
    """A conversation that has ended. `answer.messages` holds all of it, `answer.text` the application's last reply.

    `answer.seconds` and `answer.cost` are the application's over all turns; `user_cost` is what playing the user cost,
    in dollars, None where that is unknown. `reached` is the user's own verdict.
    """

    answer: Answer
    ended: Literal["finished", "turns", "failed"]
    reached: bool | None = None
    why: str | None = None
    user_cost: float | None = None


async def simulate(
    application: Application,
    ask: Ask,
    instructions: str,
    *,
    turns: int = 10,
    before: Sequence[Message] = (),
    model: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    repeat: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Simulated:
    """Let a model play the person of `instructions` against `application`, for so many new turns at most.

    `before` are messages that stand before it all, and count as no turns; when the last of them is the user's, the
    application answers it first. `model` plays the user (None: the project's usual judge). The user ends the
    conversation in its structured answer or by the word `###STOP###`; what it says with it is not sent on. When the
    turns run out it is asked for its verdict alone. An application that raises ends the conversation: `answer.error`
    says at which turn.

    Raises:
        CallError: there is no instruction, or no turn.
        HoneError: the model that plays the user fails; that says nothing about the application.
    """
    if not instructions.strip() or turns < 1:
        raise CallError("a simulated user needs instructions, and at least one turn")
    user = User(ask, instructions, model, parameters or {}, repeat)
    talk = _Talk(application, before, clock)
    for turn in range(turns):
        if turn or not talk.waits:
            move = await user.move(talk.messages)
            if move.finished:
                talk.hear(move.message, _verdict(move))
                return talk.ended("finished", move, user)
            talk.hear(move.message)
        if not await talk.go_on():
            return talk.ended("failed", None, user)
    last = await user.move(talk.messages, last=True)
    talk.hear("", _verdict(last))
    return talk.ended("turns", last, user)


class _Talk:
    """The conversation, as the application sees it."""

    def __init__(self, application: Application, before: Sequence[Message], clock: Callable[[], float]) -> None:
        self._application, self._clock = application, clock
        self.messages: list[dict[str, Any]] = [dict(each) for each in before]
        self._replies: list[Answer] = []
        self._seconds = 0.0
        self._error: str | None = None

    @property
    def waits(self) -> bool:
        """Is it the application's turn?"""
        return bool(self.messages) and self.messages[-1].get("role") == "user"

    def hear(self, message: str, verdict: Mapping[str, Any] | None = None) -> None:
        """Add what the user says; a verdict makes it the last message, which is not sent."""
        if not message and verdict is None:
            return
        said: dict[str, Any] = {"role": "user", "content": message}
        self.messages.append(said if verdict is None else said | {VERDICT: verdict})

    async def go_on(self) -> bool:
        """Have the application reply; False when it fails."""
        began = self._clock()
        try:
            reply = await self._application(tuple(self.messages))
        except Exception as problem:  # whatever the user's own code may raise
            reply = Answer(error=f"{type(problem).__name__}: {problem}")
        self._seconds += self._clock() - began
        found = Answer(text=reply) if isinstance(reply, str) else reply
        if found.error is not None:
            self._error = f"turn {len(self._replies) + 1}: {found.error}"
            return False
        self._replies.append(found)
        said: dict[str, Any] = {"role": "assistant", "content": found.text}
        self.messages.append(said | ({"tool_calls": list(found.tool_calls)} if found.tool_calls else {}))
        return True

    def ended(self, ended: Literal["finished", "turns", "failed"], move: Move | None, user: User) -> Simulated:
        """The whole of it."""
        last = self._replies[-1] if self._replies else Answer()
        costs = [each.cost for each in self._replies]
        answer = replace(
            last,
            error=self._error,
            seconds=self._seconds,
            cost=sum(each for each in costs if each is not None) if costs and None not in costs else None,
            messages=tuple(self.messages),
            context=tuple(passage for each in self._replies for passage in each.context),
            spans=self._spans if any(each.spans for each in self._replies) else None,
        )
        reached, why = (None, None) if move is None else (move.reached, move.why)
        return Simulated(answer=answer, ended=ended, reached=reached, why=why, user_cost=user.cost)

    def _spans(self) -> list[Any]:
        return [span for each in self._replies if each.spans is not None for span in each.spans()]


def _verdict(move: Move) -> dict[str, Any] | None:
    return None if move.reached is None else {"reached": move.reached, "why": move.why}
