"""Tools and the choice among them, as the chat dialect has them."""

from typing import Any

from hone.errors import CallError

Tool = dict[str, Any]

_OF_THE_FUNCTION = ("name", "description", "parameters", "strict")
_ONLY_THERE = ("type", "allowed_callers", "async", "defer_loading", "output_schema")


def tools_and_choice(tools: list[Tool] | None, choice: str | Tool | None) -> dict[str, Any]:
    """The fields `tools` and `tool_choice`, where there is something to say.

    Raises:
        CallError: a tool is one that its vendor would run itself.
    """
    made = [_tool(tool, f"tools[{position}]") for position, tool in enumerate(tools or [])]
    fields: dict[str, Any] = {"tools": made} if made else {}
    if choice is None:
        return fields
    if isinstance(choice, str):
        return fields | {"tool_choice": choice}
    match choice.get("type"):
        case "function":
            return fields | {"tool_choice": {"type": "function", "function": {"name": choice.get("name")}}}
        case "allowed_tools":
            return {"tools": _allowed(made, choice), "tool_choice": choice.get("mode", "auto")}
        case kind:
            raise CallError(f"`tool_choice`: a chat model has no tool of the type {kind!r}")


def _tool(tool: Tool, at: str) -> Tool:
    if tool.get("type") != "function":
        raise CallError(
            f"`{at}`: {tool.get('type')!r} is a tool that its vendor runs, and a chat model has none",
            hint="declare a function, and run it where you call from",
        )
    if not isinstance(tool.get("name"), str):
        raise CallError(f"`{at}` has no name", hint="here `name` and `parameters` stand beside `type`")
    function = {name: tool[name] for name in _OF_THE_FUNCTION if tool.get(name) is not None}
    rest = {name: value for name, value in tool.items() if name not in (*_OF_THE_FUNCTION, *_ONLY_THERE)}
    return rest | {"type": "function", "function": function}


def _allowed(tools: list[Tool], choice: Tool) -> list[Tool]:
    """Those tools that may be called: few servers know the word, and every one knows a shorter list."""
    listed = choice.get("tools")
    names = [tool.get("name") for tool in listed if isinstance(tool, dict)] if isinstance(listed, list) else []
    if not names:
        raise CallError("`tool_choice` allows no tool")
    known = {tool["function"]["name"] for tool in tools}
    for name in names:
        if name not in known:
            raise CallError(f"`tool_choice` allows {name!r}, which is not in `tools`")
    return [tool for tool in tools if tool["function"]["name"] in names]
