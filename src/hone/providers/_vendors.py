"""Servers that speak the OpenAI chat dialect, one row each: where they are, and which variable holds the key."""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from hone.providers._openai import OpenAICompatible


BOTH = frozenset({"json_schema", "json_object"})
"""The types of `response_format` that the dialect has for structured output."""


class Vendor(Struct, frozen=True):
    """`key` is the environment variable with the API key; None for servers of one's own, which need none.

    `prices` is what the price list calls it, where that is another name. `header` carries the bare key where it is not
    `authorization: Bearer`. Where every customer has an address of their own, `endpoint` is the variable that holds it,
    and `path` what follows an address that has none. `limit` is the field that bounds the length of an
    answer. `caching`: it understands Anthropic's `cache_control`, and hands it to Claude. `renamed` are
    fields that it refuses under OpenAI's names for them. `formats`: the types of structured output that
    it knows.
    """

    url: str | None
    key: str | None = None
    prices: str | None = None
    header: str | None = None
    endpoint: str | None = None
    path: str = ""
    limit: str = "max_tokens"
    caching: bool = False
    renamed: tuple[tuple[str, str], ...] = ()
    formats: frozenset[str] = BOTH

    def address(self, base_url: str | None) -> str | None:
        """Where a model is, with the model's `base_url` if it has one."""
        url = base_url or self.url or (os.environ.get(self.endpoint) if self.endpoint else None)
        if url and self.path and urlsplit(url).path in ("", "/"):
            return urlsplit(url)._replace(path=self.path).geturl()
        return url

    def key_header(self, key: str) -> dict[str, str]:
        return {self.header: key} if self.header else {"authorization": f"Bearer {key}"}


VENDORS: dict[str, Vendor] = {
    "openai": Vendor("https://api.openai.com/v1", "OPENAI_API_KEY", limit="max_completion_tokens"),
    "openai-compatible": Vendor(None),
    # by key
    "azure": Vendor(
        None, "AZURE_OPENAI_API_KEY", header="api-key", endpoint="AZURE_OPENAI_ENDPOINT", path="/openai/v1"
    ),
    "cerebras": Vendor("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "deepseek": Vendor("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", formats=frozenset({"json_object"})),
    "fireworks": Vendor("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "groq": Vendor("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "mistral": Vendor(
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        renamed=(("seed", "random_seed"), ("max_completion_tokens", "max_tokens")),
    ),
    "moonshot": Vendor("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", "moonshotai"),
    "openrouter": Vendor("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", caching=True),
    "perplexity": Vendor("https://api.perplexity.ai", "PERPLEXITY_API_KEY", formats=frozenset({"json_schema"})),
    "together": Vendor("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "xai": Vendor("https://api.x.ai/v1", "XAI_API_KEY", "x-ai"),
    # on one's own machine, at the port that each takes unless it is told otherwise
    "llamacpp": Vendor("http://localhost:8080/v1"),
    "lmstudio": Vendor("http://localhost:1234/v1", formats=frozenset({"json_schema"})),
    "ollama": Vendor("http://localhost:11434/v1"),
    "sglang": Vendor("http://localhost:30000/v1"),
    "vllm": Vendor("http://localhost:8000/v1"),
}


_PRICES = {"bedrock": "aws"}  # of providers that are no row


def provider_of(name: str) -> "OpenAICompatible":
    """The provider of a row."""
    from hone.providers._openai import OpenAICompatible

    return OpenAICompatible(VENDORS[name])


def price_name(provider: str) -> str:
    """What the price list calls a provider."""
    row = VENDORS.get(provider)
    return row.prices if row is not None and row.prices else _PRICES.get(provider, provider)
