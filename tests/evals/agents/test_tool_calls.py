"""Calls of tools: known ones, arguments that fit, the right ones."""

from typing import Any

import pytest

from hone.datasets import Example
from hone.errors import CallError, ProjectError
from hone.evals import Answer, Given, make
from hone.store import Judgement

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
CLOCK = {"name": "clock"}


def call(name: str, arguments: Any) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}


def judged(asked: dict[str, Any] | str, answer: Answer, **example: Any) -> Judgement:
    (evaluator,) = make([asked])
    (found,) = evaluator.judgements(Example(input="q", **example), answer)
    return found


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ([call("weather", '{"city": "Bern"}'), call("clock", "{}")], None),
        ([call("weather", {"city": "Bern", "days": 2})], None),
        ([call("weather", '{"days": 2}')], "call 1: weather: $: 'city' is a required property"),
        ([call("clock", "{}"), call("weather", '{"city": "Bern", "on": 1}')], "call 2: weather"),
        ([call("clock", "{")], "call 1: the arguments of clock are no JSON"),
        ([call("book", "{}")], "call 1: there is no function 'book', but clock, weather"),
        ([{"type": "mcp"}], "call 1 is no call of a function"),
        ([], "no tool is called"),
    ],
)
def test_tool_calls_are_known_and_their_arguments_fit(calls: list[Any], why: str | None) -> None:
    asked = {"type": "is-valid-openai-tools-call", "tools": [WEATHER, CLOCK]}
    found = judged(asked, Answer(tool_calls=tuple(calls)))
    assert found.value is (why is None)
    assert (found.explanation or "").startswith(why or "")


def test_tool_calls_may_stand_in_the_text() -> None:
    asked = {"type": "is-valid-openai-tools-call", "value": [WEATHER]}
    text = '[{"type": "function", "function": {"name": "weather", "arguments": "{\\"city\\": \\"Bern\\"}"}}]'
    assert judged(asked, Answer(text=text)).value is True
    assert judged(asked, Answer(text=f'{{"tool_calls": {text}}}')).value is True
    assert judged(asked, Answer(text="It rains.")).value is False
    assert judged(asked, Answer(text="3")).value is False


@pytest.mark.parametrize("name", ["is-valid-function-call", "is-valid-openai-function-call"])
def test_a_function_call_is_one_call_in_the_text_or_among_the_tool_calls(name: str) -> None:
    asked = {"type": name, "value": [WEATHER["function"]]}
    assert judged(asked, Answer(text='{"name": "weather", "arguments": "{\\"city\\": \\"Bern\\"}"}')).value is True
    assert judged(asked, Answer(text='{"function_call": {"name": "weather", "arguments": {"city": 3}}}')).value is False
    assert judged(asked, Answer(text="Rain.")).explanation == "no function is called"
    assert judged(asked, Answer(tool_calls=(call("weather", '{"city": "Bern"}'),))).value is True
    two = (call("weather", '{"city": "Bern"}'),) * 2
    assert judged(asked, Answer(tool_calls=two)).explanation == "2 calls instead of one"


def test_the_tools_of_the_task_are_the_usual_ones() -> None:
    (evaluator,) = make(["is-valid-openai-tools-call"], given=Given(tools=(WEATHER,)))
    (found,) = evaluator.judgements(Example(input="q"), Answer(tool_calls=(call("weather", '{"city": "Bern"}'),)))
    assert found.value is True


@pytest.mark.parametrize("tools", [None, [], "weather", [{"parameters": {}}], [3]])
def test_without_tools_that_can_be_read_it_is_not_made(tools: Any) -> None:
    with pytest.raises(CallError, match="tool"):
        make([{"type": "is-valid-openai-tools-call", "tools": tools}])


def test_a_schema_that_is_none_is_told_with_its_tool() -> None:
    with pytest.raises(ProjectError, match="the parameters of the tool 'x' are no JSON Schema"):
        make([{"type": "is-valid-openai-tools-call", "tools": [{"name": "x", "parameters": {"type": "words"}}]}])


@pytest.mark.parametrize(
    ("expected", "called", "f1"),
    [
        ("search, book", ["search", "book", "search"], 1.0),
        (["search", "book"], ["search"], 2 / 3),
        (["search"], ["search", "book", "pay"], 0.5),
        (["search"], ["book"], 0.0),
        (["search"], [], 0.0),
    ],
)
def test_tool_call_f1_compares_sets_of_names(expected: Any, called: list[str], f1: float) -> None:
    answer = Answer(tool_calls=tuple(call(name, "{}") for name in called))
    found = judged({"type": "tool-call-f1", "value": expected}, answer)
    assert found.value == pytest.approx(f1)
    assert "called" in (found.explanation or "")
    assert judged("tool-call-f1", answer, metadata={"tools": expected}).value == found.value
    assert judged({"type": "tool-call-f1", "value": expected, "threshold": 1}, answer).value is (f1 == 1)


def test_without_expected_tools_nothing_is_said() -> None:
    (evaluator,) = make(["tool-call-f1"])
    assert evaluator.judgements(Example(input="q"), Answer()) == []
