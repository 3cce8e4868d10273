"""Was a tool called with the right arguments?"""

from collections.abc import Mapping, Sequence
from typing import Any

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._measured import Verdict, only, verdict
from hone.evals.metrics.agents._steps import tools
from hone.evals.metrics.agents._wanted import glob, wanted

_NAME = "trajectory:tool-args-match"
_KEYS = ("name", "pattern", "args", "arguments", "mode", "defaults", "ignore")
_SHOWN = 300


def tool_args_match(given: Given) -> Evaluator:
    """Right when one call of the tool has the arguments that are wanted.

    The `value` is an object: `name` or `pattern` of the tool; `args`; `mode`, `partial` (objects may hold more than is
    wanted) or `exact`; `defaults`, arguments that may be there with just these values; `ignore`, names or patterns of
    arguments that do not count.

    Raises:
        CallError: the value is none of that.
    """
    only(_NAME, given)
    value = given.value
    if not isinstance(value, Mapping) or not ("args" in value or "arguments" in value):
        raise CallError(f"{_NAME} needs a tool and its arguments", hint='{"name": "search", "args": {"city": "Bern"}}')
    if strange := [key for key in value if key not in _KEYS]:
        raise CallError(f"{_NAME} has no key `{strange[0]}`", hint=f"it has: {', '.join(_KEYS)}")
    tool = wanted(_NAME, value)
    expected = value["args"] if "args" in value else value["arguments"]
    mode, defaults, ignore = value.get("mode", "partial"), value.get("defaults") or {}, value.get("ignore") or ()
    ignored = [ignore] if isinstance(ignore, str) else ignore
    if mode not in ("partial", "exact"):
        raise CallError(f"{_NAME} has no mode {mode!r}", hint="partial or exact")
    if not isinstance(defaults, Mapping) or not isinstance(ignored, Sequence):
        raise CallError(f"{_NAME} has `defaults` by name and a list of what to `ignore`")

    def find(_: Example, answer: Answer) -> Verdict:
        found = [each.arguments for each in tools(answer) if tool.fits(each.name)]
        if not found:
            return False, f"{tool.shown} was not called"
        wish = _without(expected, ignored, {})
        if any(fits(_without(each, ignored, defaults), wish, exact=mode == "exact") for each in found):
            return True, None
        return False, f"{tool.shown} was called with {to_json(found)[:_SHOWN]}"

    return verdict(_NAME, given, find)


def fits(actual: Any, wish: Any, *, exact: bool) -> bool:
    """Equal as JSON; unless `exact`, objects may hold more than is wished for, at any depth."""
    if isinstance(wish, Mapping):
        if not isinstance(actual, Mapping) or (exact and actual.keys() != wish.keys()):
            return False
        return all(key in actual and fits(actual[key], wish[key], exact=exact) for key in wish)
    if isinstance(wish, list | tuple):
        if not isinstance(actual, list | tuple) or len(actual) != len(wish):
            return False
        return all(fits(one, other, exact=exact) for one, other in zip(actual, wish, strict=True))
    # To Python, True is 1.
    return bool(actual == wish) and isinstance(actual, bool) == isinstance(wish, bool)


def _without(arguments: Any, ignored: Sequence[str], defaults: Mapping[str, Any]) -> Any:
    if not isinstance(arguments, Mapping):
        return arguments
    return {
        key: value
        for key, value in arguments.items()
        if not any(glob(each, key) if "*" in each or "?" in each else each == key for each in ignored)
        and not (key in defaults and fits(value, defaults[key], exact=True))
    }
