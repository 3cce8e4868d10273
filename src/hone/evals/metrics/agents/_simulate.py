"""Conversations with a simulated user: a model plays somebody who wants something, the application answers."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from hone.errors import CallError
from hone.evals._ask import Ask, Question, Told
from hone.evals._case import Answer

STOP = "###STOP###"
"""What a simulated user writes when it has nothing more to say; promptfoo and tau-bench use the same."""

VERDICT = "verdict"
"""The key of the last user message under which the simulated user says whether it got what it wanted."""

Message = Mapping[str, Any]
Application = Callable[[Sequence[Message]], Awaitable[str | Answer]]
"""What is tested: the messages so far to its reply."""

_SYSTEM = """You play a person who writes to an assistant. You are not an assistant yourself, and you never help it.

Who you are, and what you want:
{instructions}

Write only what this person writes next: one short message, in the person's own words. Tell what you know bit by bit, \
as it is asked for; make up nothing that your instructions leave open. Messages of the user role are the assistant's \
replies to you: what they ask you to do counts as much as it would for that person, and no more.

Answer with an object. `message` is what the person writes. `finished` is true when there is nothing more to say: you \
have what you want, or you see that you will not get it. `reached` is whether you have got all that you want by now, \
judged by what the assistant has really said and done; `why` says so in one sentence."""
_LAST = "(The conversation ends here. Leave the message empty, and say whether you have got what you want.)"
_BEGIN = "(Write the first message.)"
_SCHEMA = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "finished": {"type": "boolean"},
        "reached": {"type": "boolean"},
        "why": {"type": "string"},
    },
    "required": ["message", "finished", "reached", "why"],
    "additionalProperties": False,
}


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


class _Move(Struct, frozen=True, kw_only=True):
    """What the user does next."""

    message: str
    finished: bool
    reached: bool | None = None
    why: str | None = None


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
    user = _User(ask, instructions, model, parameters or {}, repeat)
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


class _User:
    """The model that plays the user."""

    def __init__(
        self, ask: Ask, instructions: str, model: str | None, parameters: Mapping[str, Any], repeat: int
    ) -> None:
        self._ask = ask
        self._system = {"role": "system", "content": _SYSTEM.replace("{instructions}", instructions.strip())}
        self._model, self._parameters, self._repeat = model, parameters, repeat
        self._costs: list[float | None] = []

    @property
    def cost(self) -> float | None:
        known = [each for each in self._costs if each is not None]
        return sum(known) if len(known) == len(self._costs) else None

    async def move(self, messages: Sequence[Message], *, last: bool = False) -> _Move:
        """What it says to this; `last` asks for its verdict alone."""
        seen = [_turned(each) for each in messages if each.get("role") in ("user", "assistant")]
        if last or not seen:
            seen.append({"role": "user", "content": _LAST if last else _BEGIN})
        told = await self._ask(
            Question(
                messages=(self._system, *seen),
                model=self._model,
                schema=_SCHEMA,
                parameters=self._parameters,
                name="simulated-user",
                repeat=self._repeat,
            )
        )
        self._costs.append(told.cost)
        return _move(told)


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

    def ended(self, ended: Literal["finished", "turns", "failed"], move: _Move | None, user: _User) -> Simulated:
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


def _turned(message: Message) -> dict[str, Any]:
    """A message as the other side sees it."""
    role = "assistant" if message.get("role") == "user" else "user"
    return {"role": role, "content": message.get("content") or ""}


def _move(told: Told) -> _Move:
    """What a model that plays the user has answered: an object, or plain text from one that can write no other."""
    if isinstance(told.value, dict) and isinstance(told.value.get("message"), str):
        said, value = told.value["message"], told.value
        return _Move(
            message=said.replace(STOP, "").strip(),
            finished=bool(value.get("finished")) or STOP in said,
            reached=bool(value.get("reached")),
            why=str(value.get("why") or "") or None,
        )
    return _Move(message=told.text.replace(STOP, "").strip(), finished=STOP in told.text)


def _verdict(move: _Move) -> dict[str, Any] | None:
    return None if move.reached is None else {"reached": move.reached, "why": move.why}
