"""Evaluators of harm: personal data, insults, prejudice, refusals."""

_HERE = "hone.evals.metrics.safety"

NAMES: dict[str, str] = {
    "bias": f"{_HERE}._bias:bias",
    "honest": f"{_HERE}._honest:honest",
    "is-refusal": f"{_HERE}._refusal:is_refusal",
    "pii": f"{_HERE}._pii:pii",
    "toxicity": f"{_HERE}._toxicity:toxicity",
}
"""Evaluators by name, as `module:factory`."""
