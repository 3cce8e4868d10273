"""Evaluators of what an agent did: tools, steps, conversations; and conversations with a simulated user."""

_HERE = "hone.evals.metrics.agents"

NAMES: dict[str, str] = {
    "goal-reached": f"{_HERE}._conversation:goal_reached",
    "is-valid-function-call": f"{_HERE}._calls:valid_function_call",
    "is-valid-openai-function-call": f"{_HERE}._calls:valid_function_call",
    "is-valid-openai-tools-call": f"{_HERE}._calls:valid_tools_call",
    "skill-used": f"{_HERE}._used:skill_used",
    "tool-call-f1": f"{_HERE}._calls:tool_call_f1",
    "trace-error-spans": f"{_HERE}._spans:error_spans",
    "trace-span-count": f"{_HERE}._spans:span_count",
    "trace-span-duration": f"{_HERE}._spans:span_duration",
    "trajectory": f"{_HERE}._trajectory:trajectory",
    "turns": f"{_HERE}._conversation:turns",
}
"""Evaluators by name, as `module:factory`."""
