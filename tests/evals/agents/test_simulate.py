"""Conversations with a simulated user: who speaks when, how they end, and what is kept of them."""

from collections.abc import Sequence
from typing import Any

import pytest

from hone.datasets import Example
from hone.errors import CallError, UpstreamTimeout
from hone.evals import Answer, Question, Simulated, Told, make, simulate

WANTS = "You want a table for two on Friday."


class User:
    """A model that plays a user, from a script of its moves."""

    def __init__(self, *moves: Any) -> None:
        self.moves, self.asked = list(moves), list[Question]()

    async def __call__(self, question: Question) -> Told:
        self.asked.append(question)
        move = self.moves.pop(0)
        return Told(text=move, cost=0.01) if isinstance(move, str) else Told(text="", value=move, cost=0.01)


def move(message: str, *, finished: bool = False, reached: bool = False, why: str = "") -> dict[str, Any]:
    return {"message": message, "finished": finished, "reached": reached, "why": why}


async def restaurant(messages: Sequence[Any]) -> str:
    return "Booked for Friday." if "Friday" in messages[-1]["content"] else "For which day?"


def said(found: Simulated) -> list[str]:
    return [f"{each['role']}: {each['content']}" for each in found.answer.messages]


async def test_user_and_application_take_turns_until_the_user_has_what_it_wants() -> None:
    user = User(
        move("A table for two, please."),
        move("Friday."),
        move("Thanks!", finished=True, reached=True, why="It was booked."),
    )
    found = await simulate(restaurant, user, WANTS)
    assert said(found) == [
        "user: A table for two, please.",
        "assistant: For which day?",
        "user: Friday.",
        "assistant: Booked for Friday.",
        "user: Thanks!",
    ]
    assert (found.ended, found.reached, found.why) == ("finished", True, "It was booked.")
    assert found.answer.text == "Booked for Friday."
    assert found.user_cost == pytest.approx(0.03)


async def test_the_user_sees_the_application_as_the_other_side() -> None:
    user = User(move("Hello"), move("Bye", finished=True))
    await simulate(restaurant, user, WANTS, model="fast", parameters={"temperature": 1})
    first, second = user.asked
    assert WANTS in first.messages[0]["content"]
    assert [each["role"] for each in first.messages] == ["system", "user"]
    assert [(each["role"], each["content"]) for each in second.messages[1:]] == [
        ("assistant", "Hello"),
        ("user", "For which day?"),
    ]
    assert (second.model, second.parameters) == ("fast", {"temperature": 1})


async def test_when_the_turns_run_out_the_user_is_asked_for_its_verdict_alone() -> None:
    user = User(move("A table."), move("Well?"), move("", reached=False, why="No day was settled."))
    found = await simulate(restaurant, user, WANTS, turns=2)
    assert (found.ended, found.reached) == ("turns", False)
    assert [each["role"] for each in found.answer.messages] == ["user", "assistant"] * 2 + ["user"]
    assert "The conversation ends here" in user.asked[-1].messages[-1]["content"]


async def test_a_model_without_structured_output_ends_with_the_stop_word() -> None:
    found = await simulate(restaurant, User("A table on Friday.", "Great. ###STOP###"), WANTS)
    assert said(found)[-1] == "user: Great."
    assert (found.ended, found.reached) == ("finished", None)
    (evaluator,) = make(["goal-reached"])
    assert await evaluator.said(Example(input=WANTS), found.answer) == []


async def test_a_user_that_says_nothing_has_finished() -> None:
    found = await simulate(restaurant, User(move("A table."), move(" ")), WANTS)
    assert (found.ended, found.reached, len(found.answer.messages)) == ("finished", False, 3)


async def test_messages_before_it_count_as_no_turns_and_a_user_who_spoke_last_is_answered_first() -> None:
    before = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Friday?"}]
    user = User(move("Bye", finished=True, reached=True))
    found = await simulate(restaurant, user, WANTS, turns=1 + 1, before=before)
    assert said(found)[1:] == ["user: Friday?", "assistant: Booked for Friday.", "user: Bye"]
    assert all(each["content"] != "Be kind." for each in user.asked[0].messages)
    assert len(before) == 2


async def test_what_an_application_tells_of_itself_is_added_up() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "book", "arguments": "{}"}}

    async def agent(messages: Sequence[Any]) -> Answer:
        return Answer(text="ok", cost=0.5, tool_calls=(call,), context=(f"passage {len(messages)}",))

    times = iter([0.0, 2.0, 10.0, 13.0])
    user = User(move("a"), move("b"), move("c", finished=True))
    found = await simulate(agent, user, WANTS, clock=lambda: next(times))
    assert (found.answer.cost, found.answer.seconds) == (1.0, 5.0)
    assert found.answer.context == ("passage 1", "passage 3")
    (evaluator,) = make([{"type": "trajectory:tool-used", "value": {"name": "book", "min": 2, "max": 2}}])
    assert [each.value for each in await evaluator.said(Example(input="q"), found.answer)] == [True]


async def test_an_application_that_raises_ends_the_conversation_and_says_at_which_turn() -> None:
    async def broken(messages: Sequence[Any]) -> str:
        if len(messages) > 1:
            raise ConnectionError("gone")
        return "Yes?"

    found = await simulate(broken, User(move("a"), move("b")), WANTS)
    assert (found.ended, found.reached) == ("failed", None)
    assert found.answer.error == "turn 2: ConnectionError: gone"
    assert said(found)[-1] == "user: b"


async def test_a_user_model_that_fails_says_nothing_about_the_application() -> None:
    async def late(_: Question) -> Told:
        raise UpstreamTimeout("no answer in 20 s")

    with pytest.raises(UpstreamTimeout):
        await simulate(restaurant, late, WANTS)


@pytest.mark.parametrize(("instructions", "turns"), [(" ", 3), (WANTS, 0)])
async def test_nobody_is_played_without_instructions_or_turns(instructions: str, turns: int) -> None:
    with pytest.raises(CallError, match="a simulated user needs instructions, and at least one turn"):
        await simulate(restaurant, User(), instructions, turns=turns)


async def test_evaluators_of_conversations_count_turns_and_read_the_verdict() -> None:
    user = User(move("a"), move("Friday"), move("ty", finished=True, reached=True, why="Booked."))
    answer = (await simulate(restaurant, user, WANTS)).answer
    turns, reached = make([{"type": "turns", "threshold": 2}, "goal-reached"])
    assert [each.value for each in await turns.said(Example(input="q"), answer)] == [True]
    (found,) = await reached.said(Example(input="q"), answer)
    assert (found.value, found.explanation) == (True, "Booked.")
    assert await turns.said(Example(input="q"), Answer(text="one")) == []
