"""The only code that speaks to model vendors. Every provider takes and gives the OpenAI chat dialect as bytes."""

from hone.providers._seam import Answer, ChatRequest, Embedder, Model, Provider
from hone.registry import Registry

registry = Registry(
    "hone.providers",
    {
        "anthropic": "hone.providers.anthropic:Anthropic",
        "openai": "hone.providers._openai:OpenAI",
        "openai-compatible": "hone.providers._openai:OpenAICompatible",
        "extractive": "hone.providers._extractive:Extractive",
        "fake": "hone.providers._fake:FakeProvider",
    },
)

embedders = Registry("hone.embedders", {"minilm": "hone.providers._minilm:minilm"})
"""Functions that give an `Embedder`: the model of that name, read when it is first asked for."""

__all__ = ["Answer", "ChatRequest", "Embedder", "Model", "Provider", "embedders", "registry"]
