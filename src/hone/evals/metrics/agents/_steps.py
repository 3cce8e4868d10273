"""What an agent did, step by step: from the spans of its trace, or else from the tool calls it answered with."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from hone.core import Span, from_json, to_json
from hone.evals._case import Answer

# Where instrumentations put a tool's name and arguments: OpenTelemetry's names, OpenInference's, Vercel's.
_NAMED = ("gen_ai.tool.name", "tool.name", "tool_name", "ai.toolCall.name", "function.name")
_ARGUMENTS = (
    "gen_ai.tool.call.arguments",
    "tool.parameters",
    "tool.arguments",
    "tool.args",
    "tool.input",
    "function.arguments",
    "ai.toolCall.args",
    "input.value",
    "arguments",
    "args",
    "input",
)
_COMMANDS = ("cmd", "command", "commands")
_SHOWN = 12  # steps in an explanation


class Step(Struct, frozen=True, kw_only=True):
    """One step: a span's kind (`tool`, `llm`, `retrieval` ...) and name; `arguments` of a tool, parsed from JSON."""

    name: str
    kind: str = "tool"
    arguments: Any = None

    @property
    def is_command(self) -> bool:
        """Does it run a command of the shell?"""
        return isinstance(self.arguments, Mapping) and any(key in self.arguments for key in _COMMANDS)


def steps(answer: Answer) -> list[Step]:
    """Every step, in the order in which they began. Without a trace, these are the tool calls."""
    recorded = [] if answer.spans is None else sorted(answer.spans(), key=lambda span: span.start)
    found = [_of_span(span) for span in recorded]
    if any(each.kind == "tool" for each in found):
        return found
    return found + [_of_call(call) for call in calls(answer)]


def tools(answer: Answer) -> list[Step]:
    """The tools that were used, in their order."""
    return [each for each in steps(answer) if each.kind == "tool"]


def calls(answer: Answer) -> list[Mapping[str, Any]]:
    """The tool calls of the whole conversation, or of the answer where there is no conversation."""
    said = [call for message in answer.messages for call in message.get("tool_calls") or ()]
    return said or list(answer.tool_calls)


def parsed(value: Any) -> Any:
    """A text that is JSON as what it says; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return from_json(value)
    except ValueError:
        return value


def shown(found: Iterable[Step]) -> str:
    """Names of steps, as an explanation lists them."""
    names = [each.name for each in found]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "none") + more


def _of_span(span: Span) -> Step:
    attributes = span.attributes
    named = next((attributes[each] for each in _NAMED if isinstance(attributes.get(each), str)), None)
    if span.kind != "tool" and named is None:
        return Step(name=span.name, kind=span.kind)
    given = next((attributes[each] for each in _ARGUMENTS if attributes.get(each) is not None), span.input)
    return Step(name=named or span.name, arguments=parsed(parsed(given)))  # a JSON text may itself be a text of JSON


def _of_call(call: Mapping[str, Any]) -> Step:
    function = call.get("function") or call
    name = function.get("name")
    return Step(name=name if isinstance(name, str) else to_json(name), arguments=parsed(function.get("arguments")))
