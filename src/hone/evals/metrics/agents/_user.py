"""The person that a model plays: what it is told, what it sees, and what it does next."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from hone.evals._ask import Ask, Question, Told

STOP = "###STOP###"
"""What a simulated user writes when it has nothing more to say; promptfoo and tau-bench use the same."""

Message = Mapping[str, Any]

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


class Move(Struct, frozen=True, kw_only=True):
    """What the user does next."""

    message: str
    finished: bool
    reached: bool | None = None
    why: str | None = None


class User:
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

    async def move(self, messages: Sequence[Message], *, last: bool = False) -> Move:
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


def _turned(message: Message) -> dict[str, Any]:
    """A message as the other side sees it."""
    role = "assistant" if message.get("role") == "user" else "user"
    return {"role": role, "content": message.get("content") or ""}


def _move(told: Told) -> Move:
    """What a model that plays the user has answered: an object, or plain text from one that can write no other."""
    if isinstance(told.value, dict) and isinstance(told.value.get("message"), str):
        said, value = told.value["message"], told.value
        message = said.replace(STOP, "").strip()
        return Move(
            message=message,
            finished=bool(value.get("finished")) or STOP in said or not message,  # who says nothing has finished
            reached=bool(value.get("reached")),
            why=str(value.get("why") or "") or None,
        )
    message = told.text.replace(STOP, "").strip()
    return Move(message=message, finished=STOP in told.text or not message)
