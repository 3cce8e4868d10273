"""Whether an answer is what was asked for. One that is large, or takes long, is judged in a thread."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hone.core import Schema, TooLong, Violation, from_json
from hone.gateway._mend import find, problem

_AT_ONCE = 4_000  # characters: about 2 ms of a plain schema
_AT_ONCE_SECONDS = 0.004
_SECONDS = 2.0  # of CPU


class Verdict(Struct, frozen=True):
    """What was found: `violations` of the first text that does not fit, which is `wrong`; else what was `mended`."""

    texts: tuple[str | None, ...] = ()  # of each choice as it should be; None: nothing to judge
    mended: tuple[str, ...] = ()
    wrong: str | None = None
    violations: tuple[Violation, ...] = ()
    cut: bool = False  # the text that does not fit ended at its limit of tokens

    @property
    def fits(self) -> bool:
        return self.wrong is None


def choices_in(body: bytes) -> list[dict[str, Any]]:
    """The choices of a completion."""
    value = from_json(body.decode("utf-8", "replace"))
    return [choice for choice in value.get("choices") or [] if isinstance(choice, dict)]


def with_texts(body: bytes, texts: Sequence[str | None]) -> bytes:
    """The completion with these texts in the place of its own."""
    value = from_json(body.decode("utf-8", "replace"))
    choices = [choice for choice in value["choices"] if isinstance(choice, dict)]
    for choice, text in zip(choices, texts, strict=True):
        if text is not None:
            choice["message"]["content"] = text
    return msgspec.json.encode(value)


async def judge(choices: Sequence[dict[str, Any]], schema: Schema) -> Verdict:
    """Tool calls, refusals and what a filter held back are no answers, and are not judged."""
    texts = [_text(choice) for choice in choices]
    if sum(len(text) for text in texts if text is not None) <= _AT_ONCE:
        try:
            return _judged(choices, texts, schema, _AT_ONCE_SECONDS)
        except TooLong:
            pass
    return await asyncio.to_thread(_at_length, choices, texts, schema)


def _at_length(choices: Sequence[dict[str, Any]], texts: Sequence[str | None], schema: Schema) -> Verdict:
    try:
        return _judged(choices, texts, schema, _SECONDS)
    except TooLong:
        late = Violation("$", "it takes too long to check whether it fits")
        return Verdict(wrong=next(text for text in texts if text is not None), violations=(late,))


def _judged(choices: Sequence[dict[str, Any]], texts: Sequence[str | None], schema: Schema, seconds: float) -> Verdict:
    good: list[str | None] = []
    how: dict[str, None] = {}
    for choice, text in zip(choices, texts, strict=True):
        if text is None:
            good.append(None)
            continue
        found = find(text)
        violations = schema.violations(found.value, seconds=seconds) if found else [Violation("$", problem(text))]
        if found is None or violations:
            cut = choice.get("finish_reason") == "length"
            return Verdict(wrong=text, violations=tuple(violations), cut=cut)
        good.append(found.text)
        how |= dict.fromkeys(found.how)
    return Verdict(texts=tuple(good), mended=tuple(how))


def _text(choice: dict[str, Any]) -> str | None:
    message = choice.get("message")
    if not isinstance(message, dict) or choice.get("finish_reason") == "content_filter":
        return None
    if any(message.get(name) for name in ("tool_calls", "function_call", "refusal")):
        return None
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""
