"""Evaluators that ask a model, and how such a judge is calibrated against people."""

NAMES: dict[str, str] = {}
"""Evaluators by name, as `module:factory`."""
