"""Evaluators of labels: does the answer name the right class, and how sure may one be of it?"""

NAMES: dict[str, str] = {"classification": "hone.evals.metrics.labels._classification:classification"}
"""Evaluators by name, as `module:factory`."""
