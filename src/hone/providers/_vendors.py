"""Servers that speak the OpenAI chat dialect, one row each: where they are, and which variable holds the key."""

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from hone.providers._openai import OpenAICompatible


class Vendor(Struct, frozen=True):
    """`key` is the environment variable with the API key; None for servers of one's own, which need none.

    `prices` is what the price list calls it, where that is another name. `limit` is the field that bounds the length
    of an answer. `caching`: it understands Anthropic's `cache_control`, and hands it to Claude.
    """

    url: str | None
    key: str | None = None
    prices: str | None = None
    limit: str = "max_tokens"
    caching: bool = False


VENDORS: dict[str, Vendor] = {
    "openai": Vendor("https://api.openai.com/v1", "OPENAI_API_KEY", limit="max_completion_tokens"),
    "openai-compatible": Vendor(None),
    # by key
    "cerebras": Vendor("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "deepseek": Vendor("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks": Vendor("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "groq": Vendor("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "mistral": Vendor("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "moonshot": Vendor("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", "moonshotai"),
    "openrouter": Vendor("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", caching=True),
    "perplexity": Vendor("https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
    "together": Vendor("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "xai": Vendor("https://api.x.ai/v1", "XAI_API_KEY", "x-ai"),
    # on one's own machine, at the port that each takes unless it is told otherwise
    "llamacpp": Vendor("http://localhost:8080/v1"),
    "lmstudio": Vendor("http://localhost:1234/v1"),
    "ollama": Vendor("http://localhost:11434/v1"),
    "sglang": Vendor("http://localhost:30000/v1"),
    "vllm": Vendor("http://localhost:8000/v1"),
}


def provider_of(name: str) -> "OpenAICompatible":
    """The provider of a row."""
    from hone.providers._openai import OpenAICompatible

    return OpenAICompatible(VENDORS[name])


def price_name(provider: str) -> str:
    """What the price list calls a provider."""
    row = VENDORS.get(provider)
    return row.prices if row is not None and row.prices else provider
