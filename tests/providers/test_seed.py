"""`seed`, for answers that can be had again: which dialects pass it on, and which have no place for it."""

from typing import Any

import msgspec
import pytest

from hone.providers import ChatRequest, Model, registry
from hone.testing import FakeAnthropic, FakeCohere, FakeGoogle, FakeUpstream

BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "seed": 7, "max_tokens": 5}


@pytest.mark.parametrize(
    ("name", "upstream", "place"),
    [
        ("openai-compatible", FakeUpstream, lambda body: body.get("seed")),
        ("mistral", FakeUpstream, lambda body: body.get("random_seed") if "seed" not in body else "both"),
        ("google", FakeGoogle, lambda body: body["generationConfig"].get("seed")),
        ("cohere", FakeCohere, lambda body: body.get("seed")),
    ],
)
async def test_a_seed_is_passed_on(name: str, upstream: type[FakeUpstream], place: Any) -> None:
    assert place(await sent(name, upstream)) == 7


async def test_mistral_is_spared_the_names_that_it_refuses() -> None:
    body = await sent("mistral", FakeUpstream, max_completion_tokens=9)
    assert (body["max_tokens"], "max_completion_tokens" in body) == (9, False)
    with FakeUpstream() as server:
        provider = registry.load("mistral")()
        asked = Model(alias="m", provider="mistral", name="m", base_url=server.url, api_key="k")
        plain = b'{"model":"m",  "messages":[]}'
        await provider.chat(asked, ChatRequest(body=plain, timeout=5.0))
        await provider.close()
    assert server.received[0].raw == plain, "a body that nobody changes goes out as it came"


async def test_a_seed_is_left_out_where_the_vendor_refuses_it() -> None:
    assert "seed" not in str(await sent("anthropic", FakeAnthropic))


async def sent(name: str, upstream: type[FakeUpstream], **more: Any) -> dict[str, Any]:
    with upstream() as server:
        provider = registry.load(name)()
        asked = Model(alias="m", provider=name, name="m", base_url=server.url, api_key="k")
        await provider.chat(asked, ChatRequest(body=msgspec.json.encode(BODY | more), timeout=5.0))
        await provider.close()
    return server.received[0].body
