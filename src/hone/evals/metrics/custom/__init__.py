"""Evaluators of the user's own: a Python function of the project, or a service that is asked over HTTP."""

_HERE = "hone.evals.metrics.custom"

NAMES: dict[str, str] = {
    "javascript": f"{_HERE}._elsewhere:javascript",
    "python": f"{_HERE}._python:python",
    "ruby": f"{_HERE}._elsewhere:ruby",
    "webhook": f"{_HERE}._webhook:webhook",
}
"""Evaluators by name, as `module:factory`."""
