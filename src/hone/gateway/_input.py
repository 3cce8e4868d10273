"""What a task is asked: its input by name, or the last user message when it has one string input."""

from typing import Any

import msgspec

from hone.core import to_json
from hone.errors import CallError
from hone.gateway._call import Call
from hone.project import Task

Message = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def messages_of(call: Call) -> list[Message]:
    """The caller's messages as objects.

    Raises:
        CallError: `messages` is not a list of objects with a role.
    """
    raw = call.fields.get("messages", msgspec.Raw(b"[]"))
    try:
        messages = msgspec.json.decode(raw, type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise CallError(f"`messages` must be a list of objects: {problem}") from None
    for position, message in enumerate(messages):
        if not isinstance(message.get("role"), str):
            raise CallError(f"`messages[{position}]` has no role")
    return messages


def split_input(task: Task, call: Call, messages: list[Message]) -> tuple[dict[str, Any], list[Message]]:
    """The task's input, and the turns before it.

    Raises:
        CallError: an input is missing, unknown or of the wrong type.
    """
    if call.input is not None:
        values, earlier = call.input, messages
    else:
        values, earlier = _from_last_turn(task, messages)
    _check(task, values)
    return values, earlier


def fits(task: Task, given: dict[str, Any] | str) -> None:
    """That a task can be asked this: its input by name, or the one text of the last turn.

    Raises:
        CallError: an input is missing, unknown or of the wrong type.
    """
    if isinstance(given, str):
        _from_last_turn(task, [{"role": "user", "content": given}])
    else:
        _check(task, given)


def _from_last_turn(task: Task, messages: list[Message]) -> tuple[dict[str, Any], list[Message]]:
    fields = task.input if isinstance(task.input, dict) else {}
    strings = [name for name, kind in fields.items() if kind == "string"]
    if fields and (len(fields) != 1 or not strings):
        raise CallError(
            f"the task {task.name!r} takes {', '.join(fields)}",
            hint='send them in the body as "hone": {"input": {...}} (extra_body in the SDKs)',
        )
    if not messages or messages[-1]["role"] != "user":
        raise CallError("the last message must be the user's", hint='or send "hone": {"input": {...}} in the body')
    if not fields:
        return {}, messages
    return {strings[0]: _text(messages[-1].get("content"))}, messages[:-1]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        if parts and all(isinstance(part, str) for part in parts):
            return "\n".join(str(part) for part in parts)
    raise CallError("this task reads text: `content` must be a string or a list of text parts")


def _check(task: Task, values: dict[str, Any]) -> None:
    if not isinstance(task.input, dict):
        return
    if unknown := sorted(values.keys() - task.input.keys()):
        raise CallError(
            f"the task {task.name!r} has no input {unknown[0]!r}",
            hint=f"it takes: {', '.join(task.input) or 'nothing'}",
        )
    for name, kind in task.input.items():
        if name not in values:
            raise CallError(f"the input {name!r} of task {task.name!r} is missing")
        value = values[name]
        wrong = not isinstance(value, _TYPES.get(kind, (object,)))
        if wrong or (isinstance(value, bool) and kind in ("number", "integer")):
            raise CallError(f"the input {name!r} of task {task.name!r} must be a {kind}, not {to_json(value)[:60]}")
