"""What an example and its answer hold, as texts for a judge."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hone.core import to_json
from hone.datasets import Example
from hone.evals._case import Answer

_END = re.compile(r"(?<=[.!?])\s+|\n+")


def text_of(value: Any) -> str:
    """A value as a judge reads it: one text plainly, several by their names, anything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and len(value) == 1:
        return text_of(next(iter(value.values())))
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {text_of(item)}" for name, item in value.items())
    if isinstance(value, list | tuple) and value and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    return to_json(value)


def right_answer(example: Example, value: Any = None) -> str | None:
    """What to judge against: what was given, what the example expects, or its reference."""
    for each in (value, example.expected, example.reference):
        if each is not None and text_of(each).strip():
            return text_of(each)
    return None


def passages(example: Example, answer: Answer) -> list[str]:
    """What the answer was to be grounded in: what was retrieved for it, else the example's context."""
    found: Any = list(answer.context) or example.context
    if found is None:
        return []
    items = [found] if isinstance(found, str | Mapping) else list(found) if isinstance(found, Sequence) else [found]
    texts = [str(each["text"]) if isinstance(each, Mapping) and "text" in each else text_of(each) for each in items]
    return [each for each in texts if each.strip()]


def sentences(text: str) -> list[str]:
    """A text in sentences, each in one line. Abbreviations are cut too: the parts are short, and none is lost."""
    return [" ".join(each.split()) for each in _END.split(text) if each and each.strip()]


def numbered(texts: Sequence[str]) -> str:
    """Texts as a list that a judge refers to by number, from 1; each in one line, so that none can fake another."""
    return "\n".join(f"{number}. {' '.join(text.split())}" for number, text in enumerate(texts, 1))


def turns(example: Example, answer: Answer) -> list[dict[str, Any]]:
    """The conversation: as it was held, else what was asked and answered."""
    if answer.messages:
        return list(answer.messages)
    given = example.input.get("messages") if isinstance(example.input, dict) else None
    earlier = given if isinstance(given, list) else [{"role": "user", "content": text_of(example.input)}]
    return [*earlier, {"role": "assistant", "content": answer.text}]


def transcript(messages: Sequence[Mapping[str, Any]]) -> str:
    """A conversation as text, with the calls of tools."""
    lines = []
    for each in messages:
        content = each.get("content")
        said = content if isinstance(content, str) else "" if content is None else to_json(content)
        lines.append(f"{each.get('role', '?')}: {said}")
        lines += [f"  calls {to_json(call.get('function', call))}" for call in each.get("tool_calls") or ()]
    return "\n".join(lines)
