"""`trajectory:...`: evaluators of the way an agent took."""

from collections.abc import Callable

from msgspec.structs import replace

from hone.errors import CallError
from hone.evals._case import Evaluator, Given
from hone.evals.metrics.agents._arguments import tool_args_match
from hone.evals.metrics.agents._goal import goal_success
from hone.evals.metrics.agents._spans import step_count
from hone.evals.metrics.agents._used import tool_sequence, tool_used

_KINDS: dict[str, Callable[[Given], Evaluator]] = {
    "goal-success": goal_success,
    "step-count": step_count,
    "tool-args-match": tool_args_match,
    "tool-sequence": tool_sequence,
    "tool-used": tool_used,
}


def trajectory(given: Given) -> Evaluator:
    """`trajectory:tool-used` and its kin. What stands behind another colon is its value: `trajectory:tool-used:search`.

    Raises:
        CallError: there is no such kind.
    """
    kind, _, value = (given.option or "").partition(":")
    if kind not in _KINDS:
        raise CallError(
            f"trajectory has no option {given.option!r}", hint=", ".join(f"trajectory:{each}" for each in _KINDS)
        )
    return _KINDS[kind](replace(given, option=None, value=value or given.value))
