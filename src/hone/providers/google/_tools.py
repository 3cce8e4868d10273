"""Tools of the OpenAI dialect as function declarations, and which of them the model may or must call."""

from typing import Any

from hone.errors import CallError
from hone.providers.google._config import schema_of

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def tools_of(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Functions, declared in one tool; what is none, such as the vendor's own tools, stays as it is."""
    functions = [tool["function"] for tool in tools if isinstance(tool.get("function"), dict)]
    others = [tool for tool in tools if not isinstance(tool.get("function"), dict)]
    declared = [{"functionDeclarations": [_declaration(function) for function in functions]}] if functions else []
    return [*declared, *others]


def _declaration(function: dict[str, Any]) -> dict[str, Any]:
    declared = {name: function[name] for name in ("name", "description") if function.get(name) is not None}
    # `parameters` there takes a dialect of its own, and refuses what a JSON schema may say beyond it.
    schema = schema_of(function.get("parameters"))
    return declared | ({"parametersJsonSchema": schema} if schema else {})


def calling_of(choice: str | dict[str, Any] | None) -> dict[str, Any] | None:
    """The `functionCallingConfig` of a tool choice.

    Raises:
        CallError: there is no such choice.
    """
    match choice:
        case None:
            return None
        case str() if choice in _MODES:
            return {"mode": _MODES[choice]}
        case {"function": {"name": str(name)}}:
            return {"mode": "ANY", "allowedFunctionNames": [name]}
        case {"allowed_tools": {"mode": mode, "tools": [*allowed]}}:
            # AUTO takes no list there. VALIDATED does, and leaves it to the model as well whether to call at all.
            return {
                "mode": "ANY" if mode == "required" else "VALIDATED",
                "allowedFunctionNames": [name for tool in allowed if (name := _name(tool))],
            }
    raise CallError(f"the tool_choice {choice!r} cannot be sent to the Gemini API")


def _name(tool: Any) -> Any:
    function = tool.get("function") if isinstance(tool, dict) else None
    return function.get("name") if isinstance(function, dict) else None
