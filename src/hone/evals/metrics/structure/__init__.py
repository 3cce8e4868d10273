"""Evaluators of everything but the words: shape, time, money."""

NAMES: dict[str, str] = {
    "json-schema": "hone.evals.metrics.structure._structure:json_schema",
    "latency": "hone.evals.metrics.structure._structure:latency",
    "cost": "hone.evals.metrics.structure._structure:cost",
}
"""Evaluators by name, as `module:factory`."""
