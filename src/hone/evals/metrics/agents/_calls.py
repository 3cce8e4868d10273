"""Calls of functions and tools in an answer: do they exist, do their arguments fit, are they the right ones?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hone.core import Schema, SchemaProblem, TooLong, from_json, to_json
from hone.datasets import Example
from hone.errors import CallError, ProjectError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._measured import Told, Verdict, no_option, number, only, verdict
from hone.evals.metrics.agents._steps import parsed, shown, tools
from hone.evals.metrics.agents._wanted import several

_HINT = '"tools": [{"type": "function", "function": {"name": ..., "parameters": {...}}}]'


def valid_function_call(given: Given) -> Evaluator:
    """Right when the answer is one call of a known function whose arguments fit its JSON Schema.

    The call is the answer's only tool call, or JSON in its text: `{"name": ..., "arguments": ...}`. The functions are
    the `value` or `tools` given, else the task's.

    Raises:
        CallError: there are no functions.
        ProjectError: a schema is none.
    """
    name = "is-valid-function-call"
    known = _known(name, given)

    def find(_: Example, answer: Answer) -> Verdict:
        calls: Sequence[Any] = answer.tool_calls or [parsed(answer.text)]
        if len(calls) != 1:
            return False, f"{len(calls)} calls instead of one"
        call = calls[0]
        if isinstance(call, Mapping):
            call = call.get("function_call") or call.get("function") or call
        wrong = _wrong(call, known)
        return wrong is None, wrong

    return verdict(name, given, find)


def valid_tools_call(given: Given) -> Evaluator:
    """Right when the answer calls tools, each of them known and with arguments that fit its JSON Schema.

    The calls are the answer's, or the JSON list in its text. The tools are the `value` or `tools` given, else the
    task's.

    Raises:
        CallError: there are no tools.
        ProjectError: a schema is none.
    """
    name = "is-valid-openai-tools-call"
    known = _known(name, given)

    def find(_: Example, answer: Answer) -> Verdict:
        calls = answer.tool_calls or parsed(answer.text)
        if isinstance(calls, Mapping):
            calls = calls.get("tool_calls")
        if isinstance(calls, str) or not isinstance(calls, Sequence) or not calls:
            return False, "no tool is called"
        for place, call in enumerate(calls, 1):
            if not isinstance(call, Mapping) or call.get("type", "function") != "function":
                return False, f"call {place} is no call of a function: {to_json(call)[:200]}"
            if wrong := _wrong(call.get("function"), known):
                return False, f"call {place}: {wrong}"
        return True, None

    return verdict(name, given, find)


def tool_call_f1(given: Given) -> Evaluator:
    """F1 of the set of tools that were called and the set that was expected: 2 P R / (P + R), between 0 and 1.

    Expected is the `value`: names, as a list or with commas between; else the example's `metadata.tools`.
    """
    no_option("tool-call-f1", given)
    only("tool-call-f1", given)

    def find(example: Example, answer: Answer) -> Told:
        value = example.metadata.get("tools") if given.value is None else given.value
        if value is None:
            return None
        expected = {each.shown for each in several("tool-call-f1", value)}
        used = tools(answer)
        called = {each.name for each in used}
        right = len(expected & called)
        f1 = 2 * right / (len(expected) + len(called))
        return f1, f"expected {', '.join(sorted(expected))}; called {shown(used)}"

    return number("tool-call-f1", given, find)


def _known(name: str, given: Given) -> dict[str, Schema]:
    no_option(name, given)
    only(name, given, "tools")
    found = given.value or given.settings.get("tools") or given.tools
    listed = [found] if isinstance(found, Mapping) else found
    if isinstance(listed, str) or not isinstance(listed, Iterable) or not (listed := list(listed)):
        raise CallError(f"{name} needs the tools that may be called", hint=_HINT)
    return dict(_tool(name, each) for each in listed)


def _tool(evaluator: str, tool: Any) -> tuple[str, Schema]:
    function = tool.get("function", tool) if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise CallError(f"{evaluator} has a tool without a name: {to_json(tool)[:200]}", hint=_HINT)
    name: str = function["name"]
    try:
        return name, Schema(function.get("parameters") or {"type": "object"})
    except SchemaProblem as problem:
        raise ProjectError(f"the parameters of the tool {name!r} are no JSON Schema: {problem}") from None


def _wrong(call: Any, known: Mapping[str, Schema]) -> str | None:
    """Why this is no call of a known function; None when it is."""
    if not isinstance(call, Mapping) or not isinstance(call.get("name"), str):
        return "no function is called"
    name = call["name"]
    if name not in known:
        return f"there is no function {name!r}, but {', '.join(sorted(known))}"
    given = call.get("arguments", "{}")
    try:
        arguments = from_json(given) if isinstance(given, str) else given
    except ValueError as problem:
        return f"the arguments of {name} are no JSON: {problem}"
    try:
        wrong = next(iter(known[name].violations(arguments)), None)
    except TooLong:
        return f"checking the arguments of {name} takes too long"
    return None if wrong is None else f"{name}: {wrong}"
