"""Evaluators of what an agent did: tools, steps, conversations."""

NAMES: dict[str, str] = {}
"""Evaluators by name, as `module:factory`."""
