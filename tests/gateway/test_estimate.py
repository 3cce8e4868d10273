"""What is reserved for a call before anybody knows what it will use."""

import msgspec
from msgspec import Raw

from hone.core import Usage
from hone.gateway._estimate import Usual, estimate
from hone.providers import Model

MODEL = Model(alias="it", provider="openai", name="it")


def of(fields: dict, own: dict | None = None) -> int:
    raw = {name: Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    return estimate(raw, own or {}, [MODEL], lambda _, usage: float(usage.input or 0), Usual()).input


def test_what_a_prompt_brings_along_is_read_by_the_model_too() -> None:
    messages = [{"role": "user", "content": "hello"}]
    tools = [{"type": "function", "function": {"name": "weather", "description": "x" * 3000}}]
    assert of({"messages": messages}, {"tools": tools}) == of({"messages": messages, "tools": tools}) > 1000
    assert of({"messages": messages, "tools": []}, {"tools": tools}) < 100, "the caller's own win"
    assert of({"messages": messages}, {"temperature": 1}) == of({"messages": messages})


def test_the_bytes_of_an_image_are_no_text() -> None:
    url = "data:image/png;base64," + "A" * 300_000
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    assert 1500 <= of({"messages": image}) < 1600


def test_the_dearest_model_of_the_chain_counts() -> None:
    dear = Model(alias="dear", provider="openai", name="dear")
    costs = {"it": 1.0, "dear": 5.0}

    def cost(model: Model, usage: Usage) -> float | None:
        return costs.get(model.alias)

    fields = {"messages": Raw(b"[]")}
    assert estimate(fields, {}, [MODEL, dear], cost, Usual()).dollars == 5.0
    unknown = Model(alias="unknown", provider="openai", name="unknown")
    assert estimate(fields, {}, [MODEL, unknown], cost, Usual()).dollars is None
