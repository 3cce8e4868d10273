"""Evaluators of what was retrieved: is the right passage there, and how high?"""

_HERE = "hone.evals.metrics.retrieval._evaluators"

NAMES: dict[str, str] = {
    "recall": f"{_HERE}:recall",
    "precision": f"{_HERE}:precision",
    "hit": f"{_HERE}:hit",
    "ndcg": f"{_HERE}:ndcg",
    "mrr": f"{_HERE}:mrr",
    "map": f"{_HERE}:average_precision",
}
"""Evaluators by name, as `module:factory`."""
