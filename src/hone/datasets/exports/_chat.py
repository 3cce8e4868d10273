"""Examples as conversations that OpenAI's fine-tuning reads, and as test cases of promptfoo."""

from collections.abc import Iterator, Sequence
from typing import Any

from hone.core import to_json
from hone.datasets._example import Example
from hone.errors import DatasetError

_WHOLE = "promptfoo-test"


def tuning_lines(examples: Sequence[Example], system: str | None = None) -> Iterator[dict[str, Any]]:
    """`{"messages": [...]}` of each example: its input is the user's message, what is expected the assistant's.

    Of several right answers the first is taken. `system` goes before each conversation that has no system message of
    its own.

    Raises:
        DatasetError: an example has no expected answer.
    """
    for each in examples:
        messages = [*each.metadata.get("messages", []), *_asked(each)]
        if system is not None and not any(message.get("role") == "system" for message in messages):
            messages.insert(0, {"role": "system", "content": system})
        yield {"messages": [*messages, _answer(each)]}


def tests_of(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Test cases of promptfoo: the input as `vars`, and assertions: the example's own, else what is expected."""
    return [
        {
            "description": each.id,
            "vars": {"input": each.input} if isinstance(each.input, str) else dict(each.input),
            **_asserted(each),
            "metadata": {
                **each.metadata,
                **{key: value for key, value in (("tags", list(each.tags)), ("split", each.split)) if value},
            },
            # A list is a value here, where promptfoo makes one case of each of its items.
            "options": {"disableVarExpansion": True},
        }
        for each in examples
    ]


def _asked(example: Example) -> list[dict[str, Any]]:
    if isinstance(example.input, str):
        return [{"role": "user", "content": example.input}]
    given = example.input.get("messages")
    if isinstance(given, list) and len(example.input) == 1:
        return given
    if len(example.input) == 1 and isinstance(text := next(iter(example.input.values())), str):
        return [{"role": "user", "content": text}]
    named = (f"{name}: {_text(value)}" for name, value in example.input.items())
    return [{"role": "user", "content": "\n".join(named)}]


def _answer(example: Example) -> dict[str, Any]:
    right = example.expected
    if isinstance(right, list) and right and all(isinstance(each, str) for each in right):
        right = right[0]
    if right is None:
        raise DatasetError(
            f"the example {example.id!r} has no expected answer, so nothing could be learned from it",
            hint="fill in `expected`, or leave it out with --only-expected",
        )
    if isinstance(right, dict) and isinstance(right.get("tool_calls"), list):
        return {"role": "assistant", **right}
    return {"role": "assistant", "content": _text(right)}


def _asserted(example: Example) -> dict[str, Any]:
    """What is asserted. A whole test that came from promptfoo is one again."""
    whole = next((each for each in example.evaluators if isinstance(each, dict) and each.get("type") == _WHOLE), None)
    if whole is None:
        return {"assert": _assertions(example)}
    others = [_assertion(each) for each in example.evaluators if each is not whole]
    threshold = {} if whole.get("threshold") is None else {"threshold": whole["threshold"]}
    return {"assert": [*(_assertion(each) for each in whole["assert"]), *others], **threshold}


def _assertions(example: Example) -> list[dict[str, Any]]:
    if example.evaluators:
        return [_assertion(each) for each in example.evaluators]
    right = example.expected
    if isinstance(right, str):
        return [{"type": "equals", "value": right}]
    if isinstance(right, list) and right and all(isinstance(each, str) for each in right):
        return [{"type": "contains-any", "value": right}]
    return [] if right is None else [{"type": "is-json"}, {"type": "equals", "value": right}]


def _assertion(asked: str | dict[str, Any]) -> dict[str, Any]:
    if not isinstance(asked, str):
        value, is_code = asked.get("value"), str(asked.get("type")).removeprefix("not-") == "python"
        return {**asked, "value": f"file://{value.removeprefix('file://')}"} if is_code and value else dict(asked)
    name, _, option = asked.partition(":")
    return {"type": name, **({"value": option} if option else {})}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)
