"""Evaluators of words: equality, overlap, distance."""

NAMES: dict[str, str] = {
    "exact": "hone.evals.metrics.text._overlap:exact",
    "contains": "hone.evals.metrics.text._overlap:contains",
    "f1": "hone.evals.metrics.text._overlap:f1",
    "rouge": "hone.evals.metrics.text._overlap:rouge",
}
"""Evaluators by name, as `module:factory`."""
