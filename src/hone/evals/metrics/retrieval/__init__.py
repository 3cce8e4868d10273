"""Evaluators of what was retrieved: is the right passage there, and how high?"""

NAMES: dict[str, str] = {}
"""Evaluators by name, as `module:factory`."""
