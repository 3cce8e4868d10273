"""Evaluators of language as such: how likely, how repetitive, and how far a source supports it."""

_HERE = "hone.evals.metrics.language"

NAMES: dict[str, str] = {
    "perplexity": f"{_HERE}._perplexity:perplexity",
    "perplexity-score": f"{_HERE}._perplexity:perplexity_score",
    "repetition": f"{_HERE}._repetition:repetition",
    "distinct": f"{_HERE}._repetition:distinct",
    "supported": f"{_HERE}._supported:supported",
}
"""Evaluators by name, as `module:factory`."""
