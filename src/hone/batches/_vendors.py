"""Vendors who have a batch API of their own, and what it costs there.

The engine here makes ordinary calls at the ordinary price; whoever has a large batch may want to know of the other way.
"""

from collections.abc import Iterable

from hone.project import Project

PRICES = {
    "anthropic": 0.5,
    "azure": 0.5,
    "bedrock": 0.5,
    "fireworks": 0.5,
    "google": 0.5,
    "groq": 0.5,
    "mistral": 0.5,
    "moonshot": 0.6,
    "openai": 0.5,
    "together": 0.5,
}
"""The part of the ordinary price, as the vendors said in 2026; some ask it for some of their models alone."""


def vendor_prices(project: Project, models: Iterable[str]) -> dict[str, float]:
    """What the vendors behind these names, of tasks or models, ask for a batch of their own, if they have any."""
    asked = {provider for name in models for provider in _providers(project, name)}
    return {provider: PRICES[provider] for provider in sorted(asked) if provider in PRICES}


def _providers(project: Project, name: str) -> list[str]:
    task = project.tasks.get(name.partition("@")[0])
    chain = [name] if task is None else [model for variant in task.variants.values() for model in variant.models]
    known = project.models
    return [known[each].provider if each in known else each.partition("/")[0] for each in chain]
