"""Conversations as examples: samples of OpenAI's evals, and the files that its fine-tuning reads.

A conversation with one message by the user is an input of one text; what stands before that message (a system prompt,
worked examples) goes into the metadata as `messages`. A longer one is the input `{"messages": [...]}`.
"""

from collections.abc import Mapping
from typing import Any

from hone.datasets._example import Example
from hone.datasets.imports._source import Place

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def of_sample(row: Mapping[str, Any], place: Place) -> Example:
    """A sample of OpenAI's evals: `{"input": [messages] or text, "ideal": text or texts}`; the rest is metadata.

    Raises:
        DatasetError: it is not well formed.
    """
    given = row.get("input")
    input_, before = (given, []) if isinstance(given, str) else _parted(_messages(given, "input", place), place)
    rest = {key: value for key, value in row.items() if key not in ("input", "ideal")}
    return _example(input_, before, row.get("ideal"), rest)


def of_tuning(row: Mapping[str, Any], place: Place) -> Example:
    """A line of a fine-tuning file: the last message of the assistant is what is expected.

    Of a preference (`input`, `preferred_output`, `non_preferred_output`) the preferred answer is expected, and the
    other one is the `previous` answer.

    Raises:
        DatasetError: it is not well formed.
    """
    if "preferred_output" in row:
        return _of_preference(row, place)
    messages = _messages(row.get("messages"), "messages", place)
    if messages[-1]["role"] != "assistant":
        raise place.error("the last message is not the assistant's", "it is the answer that is learned: add it")
    input_, before = _parted(messages[:-1], place)
    rest = {key: value for key, value in row.items() if key != "messages"}
    return _example(input_, before, _said(messages[-1]), rest)


def _of_preference(row: Mapping[str, Any], place: Place) -> Example:
    given = row.get("input")
    held = given.get("messages") if isinstance(given, Mapping) else given
    input_, before = _parted(_messages(held, "input.messages", place), place)
    good, bad = (
        _said(_messages(row.get(name), name, place)[-1]) for name in ("preferred_output", "non_preferred_output")
    )
    return Example(
        input=input_,
        expected=good,
        previous=bad if isinstance(bad, str) else None,
        metadata={"messages": before} if before else {},
    )


def _example(input_: Any, before: list[Any], expected: Any, rest: dict[str, Any]) -> Example:
    return Example(input=input_, expected=expected, metadata={**({"messages": before} if before else {}), **rest})


def _parted(messages: list[dict[str, Any]], place: Place) -> tuple[str | dict[str, Any], list[dict[str, Any]]]:
    """The input, and the messages before it that are no part of it."""
    users = [each for each in messages if each["role"] == "user"]
    if not users:
        if messages and isinstance(messages[-1].get("content"), str):
            return messages[-1]["content"], messages[:-1]  # evals' older samples put the question into a system message
        raise place.error("no message is the user's", 'write {"role": "user", "content": "..."}')
    alone = len(users) == 1 and messages[-1] is users[0] and isinstance(users[0].get("content"), str)
    if alone and users[0]["content"]:
        return users[0]["content"], messages[:-1]
    return {"messages": messages}, []


def _said(message: dict[str, Any]) -> Any:
    if message.get("tool_calls"):
        return {key: value for key, value in message.items() if key not in ("role", "weight")}
    return message.get("content")


def _messages(value: Any, name: str, place: Place) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise place.error(f"`{name}` is no list of messages", f'"{name}": [{{"role": "user", "content": "..."}}]')
    for number, each in enumerate(value, 1):
        if not isinstance(each, dict) or not isinstance(each.get("role"), str):
            raise place.error(f"message {number} of `{name}` has no role", f"one of {', '.join(_ROLES)}")
        if each["role"] not in _ROLES:
            raise place.error(f"message {number} of `{name}` is by {each['role']!r}", f"one of {', '.join(_ROLES)}")
    return value
