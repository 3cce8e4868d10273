"""Were the right tools used, and in the right order?"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._measured import Verdict, no_option, only, verdict
from hone.evals.metrics.agents._steps import Step, shown, tools
from hone.evals.metrics.agents._wanted import Wanted, several, wanted

_MODES = ("in_order", "exact", "subset", "unordered")


def tool_used(given: Given) -> Evaluator:
    """Right when every tool that is wanted was used.

    The `value` is a name, a list of them, or an object with `name` or `pattern` (`search_*`), `min` and `max`; else
    the example's `metadata.tools`.
    """
    only("trajectory:tool-used", given)
    return _used("trajectory:tool-used", given, "tools", tools)


def skill_used(given: Given) -> Evaluator:
    """The same of the skills of an agent: calls of a tool `Skill`, which bear the skill's name as an argument."""
    no_option("skill-used", given)
    only("skill-used", given)
    return _used("skill-used", given, "skills", _skills)


def tool_sequence(given: Given) -> Evaluator:
    """Right when the tools were used in the order that is wanted; other tools may stand between.

    The `value` is a list of names and patterns, or `{"steps": [...], "mode": ...}`; else the example's
    `metadata.tools`. Modes: `in_order`; `exact`, with nothing between; `subset`, in any order and with others;
    `unordered`, these and no others in any order.
    """
    name = "trajectory:tool-sequence"
    only(name, given, "mode")

    def find(example: Example, answer: Answer) -> Verdict:
        value = example.metadata.get("tools") if given.value is None else given.value
        if value is None:
            return None
        whole = value if isinstance(value, Mapping) else {"steps": value}
        mode = str(whole.get("mode", given.settings.get("mode", _MODES[0]))).replace("-", "_")
        if mode not in _MODES:
            raise CallError(f"{name} has no mode {mode!r}", hint=", ".join(_MODES))
        used, expected = tools(answer), several(name, whole.get("steps"))
        fits = in_sequence(mode, [each.name for each in used], expected)
        return fits, f"wanted ({mode}): {', '.join(each.shown for each in expected)}; used: {shown(used)}"

    if given.value is not None:  # what is written wrong is told before the first call
        find(Example(input=""), Answer())
    return verdict(name, given, find)


def in_sequence(mode: str, used: Sequence[str], expected: Sequence[Wanted]) -> bool:
    """See `tool_sequence`."""
    if mode == "exact":
        return len(used) == len(expected) and all(w.fits(name) for w, name in zip(expected, used, strict=True))
    if mode == "in_order":
        left = iter(used)
        return all(any(each.fits(name) for name in left) for each in expected)
    paired = _paired(used, expected)
    return paired == len(expected) and (mode == "subset" or len(used) == len(expected))


def _paired(used: Sequence[str], expected: Sequence[Wanted]) -> int:
    """How many of the expected can each have a use of their own: a maximum matching by augmenting paths (H. W. Kuhn,
    1955), since a pattern that takes the first name that fits could leave none for another."""
    taken: dict[int, int] = {}

    def place(one: int, seen: set[int]) -> bool:
        for number, name in enumerate(used):
            if number in seen or not expected[one].fits(name):
                continue
            seen.add(number)
            if number not in taken or place(taken[number], seen):
                taken[number] = one
                return True
        return False

    return sum(place(one, set()) for one in range(len(expected)))


def _used(name: str, given: Given, key: str, read: Any) -> Evaluator:
    """An evaluator that wants things to be used, which `read` finds in an answer."""
    counted = isinstance(given.value, Mapping)
    if given.value is not None:
        several(name, given.value)

    def find(example: Example, answer: Answer) -> Verdict:
        value = example.metadata.get(key) if given.value is None else given.value
        if value is None:
            return None
        found = read(answer)
        expected = [wanted(name, value)] if counted else several(name, value)
        for each in expected:
            count = each.count(found)
            if not each.allows(count):
                return False, f"{each.shown}: {count} times instead of {each.often}; used: {shown(found)}"
        return True, f"used: {shown(found)}"

    return verdict(name, given, find)


def _skills(answer: Answer) -> list[Step]:
    found = []
    for each in tools(answer):
        if each.name.lower() == "skill" and isinstance(each.arguments, Mapping):
            name = next((each.arguments[key] for key in ("skill", "name", "command") if key in each.arguments), None)
            found.append(replace(each, name=name if isinstance(name, str) else to_json(name)))
    return found
