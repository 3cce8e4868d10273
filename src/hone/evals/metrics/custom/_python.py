"""`python`: a function of the project, run in this process, since it is the user's own code."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals._code import code_file, code_of
from hone.evals.metrics._measured import no_option, only
from hone.evals.metrics.custom._made import made
from hone.evals.metrics.custom._result import Result, result_of

_USUAL = "get_assert"  # the name that promptfoo takes where none is said
_TAKEN = ("output", "context", "example", "answer")
_HINT = '{"type": "python", "value": "grade.py:grade"}'


def python(given: Given) -> Evaluator:
    """What the function `FILE.py:NAME` of the project says; the file is the `value`, and lies inside the project.

    Its parameters are told by their names: `output` (the text), `context` (a dict with vars, expected, metadata,
    config), `example`, `answer`. It gives True or False, a number, or `{"pass", "score", "reason"}`, and may be a
    coroutine function; a plain one runs on a thread of its own. It says right or wrong; a return annotation `float`, or
    the setting `"number": true`, makes it a number. Setting `config`: anything that the function finds under that name
    in its context.

    Raises:
        CallError: no function is named, or it takes something else.
        ProjectError: the file is not inside the project, cannot be run, or has no such function.
    """
    no_option("python", given)
    only("python", given, "config", "number")
    path, name = _place(given)
    function, digest = code_of(path, name, hint=f"def {name}(output, context): ...")
    taken = _taken(function, f"{path.name}:{name}")
    waits = inspect.iscoroutinefunction(function)
    number = given.settings.get("number", inspect.signature(function).return_annotation in (float, "float"))
    if not isinstance(number, bool):
        raise CallError(f"`number` of python is true or false, not {to_json(number)}")

    async def find(example: Example, answer: Answer) -> Result:
        there = {"output": answer.text, "context": _context(example, given), "example": example, "answer": answer}
        wanted = [there[each] for each in taken]
        # A plain function may take its time, and may call hone itself: on this loop it would wait for ever.
        value = function(*wanted) if waits else await asyncio.to_thread(function, *wanted)
        return result_of(await value if isinstance(value, Awaitable) else value, f"{path.name}:{name}")

    return made(given.name or name, given, find, number=number, key=digest)


def _place(given: Given) -> tuple[Path, str]:
    if given.root is None:
        raise CallError("python runs a function of a project, and there is none here", hint="run it inside of one")
    if not isinstance(given.value, str) or not given.value.strip():
        raise CallError("python needs a function of the project", hint=_HINT)
    path, name = code_file(given.value, given.root, hint=_HINT)
    return path, name or _USUAL


def _taken(function: Callable[..., Any], shown: str) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    names = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if strange := [each for each in names if each not in _TAKEN]:
        raise CallError(f"{shown} has a parameter `{strange[0]}`", hint=f"it may have: {', '.join(_TAKEN)}")
    return names


def _context(example: Example, given: Given) -> dict[str, Any]:
    """As promptfoo hands it over, with what hone knows more."""
    return {
        "vars": example.input if isinstance(example.input, dict) else {"input": example.input},
        "expected": example.expected,
        "metadata": example.metadata,
        "config": given.settings.get("config") or {},
    }
