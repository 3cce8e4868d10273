"""Evaluators of harm: personal data, insults, prejudice, refusals."""

NAMES: dict[str, str] = {}
"""Evaluators by name, as `module:factory`."""
