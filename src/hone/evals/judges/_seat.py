"""One judge at one question: a model, which of its repeats, and how it is asked."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from hone.errors import CallError, InvalidOutput
from hone.evals._ask import Ask, Question, Told
from hone.evals.judges._fence import RULE, fenced

if TYPE_CHECKING:
    from hone.prompts import Prompt

REASON = {"type": "string", "description": "why, in one to three sentences, before the verdict is given"}


class Seat(Struct, frozen=True, kw_only=True):
    """Whoever judges: `model` is a name of the project, None its usual judge; repeats of one question differ."""

    ask: Ask
    name: str
    model: str | None = None
    repeat: int = 0
    parameters: Mapping[str, Any] = {}

    async def put(
        self,
        prompt: "Prompt",
        texts: Mapping[str, Any],
        fields: Mapping[str, Any],
        plain: Mapping[str, Any] = {},
    ) -> Told:
        """Ask with a prompt. `texts` are material: each goes in between its marks. `plain` is written by us.

        `fields` are JSON Schemas of what is to be answered, in that order; `Told.value` has them all.

        Raises:
            InvalidOutput: the answer does not fit.
            PromptError: the prompt cannot be rendered with these values.
        """
        messages = _with_rule(prompt.render(**{**fenced(texts), **plain}))
        question = Question(
            messages=tuple(messages),
            model=self.model,
            schema=answer_schema(fields),
            parameters={**prompt.parameters, **self.parameters},
            name=self.name,
            repeat=self.repeat,
        )
        told = await self.ask(question)
        if not isinstance(told.value, dict) or not fields.keys() <= told.value.keys():
            raise InvalidOutput(f"the judge {self.name!r} answered with something else than asked: {told.text[:200]!r}")
        return told


def answer_schema(fields: Mapping[str, Any]) -> dict[str, Any]:
    """An object with just these fields, all of them."""
    return {"type": "object", "properties": dict(fields), "required": [*fields], "additionalProperties": False}


def one_of(values: list[Any]) -> dict[str, Any]:
    """The schema of a choice among values of one kind."""
    kind = "string" if isinstance(values[0], str) else "integer"
    return {"type": kind, "enum": values}


def list_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a list."""
    return {"type": "array", "items": dict(item)}


@cache
def prompt_of(name: str) -> "Prompt":
    """A judge's prompt that comes with the package: a prompt file like those of a project.

    Raises:
        CallError: there is none of that name.
    """
    from importlib.resources import files

    from hone.prompts import parse

    file = files("hone.evals.judges") / "prompts" / f"{name}.prompt.md"
    if not file.is_file():
        raise CallError(f"no judge's prompt {name!r}")
    return parse(file.read_text("utf-8"), f"{name}.prompt.md")


def _with_rule(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rule stands in the system message, which is made where there is none."""
    if messages and messages[0]["role"] == "system":
        first = {**messages[0], "content": f"{messages[0]['content'].strip()}\n\n{RULE}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": RULE}, *messages]
