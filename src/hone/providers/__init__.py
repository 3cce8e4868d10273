"""The only code that speaks to model vendors. Every provider takes and gives the OpenAI chat dialect as bytes."""

from functools import partial

from hone.providers._cassette import Cassette, taped
from hone.providers._formats import Format, enforces
from hone.providers._seam import (
    Answer,
    ChatRequest,
    Dialect,
    Embedder,
    EmbeddingProvider,
    EmbeddingRequest,
    Model,
    Pour,
    Provider,
    Ranked,
    RerankProvider,
    TokenCounting,
)
from hone.providers._timeouts import Timeouts
from hone.providers._vendors import VENDORS, price_name, provider_of
from hone.registry import Registry

registry = Registry(
    "hone.providers",
    {
        "anthropic": "hone.providers.anthropic:Anthropic",
        "bedrock": "hone.providers.bedrock:Bedrock",
        "cohere": "hone.providers.cohere:Cohere",
        "google": "hone.providers.google:Google",
        **{name: partial(provider_of, name) for name in VENDORS},
        "extractive": "hone.providers._extractive:Extractive",
        "local": "hone.providers._local:Local",
        "fake": "hone.providers._fake:FakeProvider",
    },
)

embedders = Registry("hone.embedders", {"minilm": "hone.providers._minilm:minilm"})
"""Functions that give an `Embedder`: the model of that name, read when it is first asked for."""

__all__ = [
    "VENDORS",
    "Answer",
    "Cassette",
    "ChatRequest",
    "Dialect",
    "Embedder",
    "EmbeddingProvider",
    "EmbeddingRequest",
    "Format",
    "Model",
    "Pour",
    "Provider",
    "Ranked",
    "RerankProvider",
    "Timeouts",
    "TokenCounting",
    "embedders",
    "enforces",
    "price_name",
    "registry",
    "taped",
]
