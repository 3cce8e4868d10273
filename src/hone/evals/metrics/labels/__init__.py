"""Evaluators of labels: does the answer name the right class, and how sure may one be of it?"""

NAMES: dict[str, str] = {}
"""Evaluators by name, as `module:factory`."""
