"""Vendors as rows: each goes to its own place with its own key, and a missing key is said before anything is sent."""

from urllib.parse import urlsplit

import pytest

from hone.core import Usage
from hone.errors import ProjectError
from hone.models import Prices
from hone.providers import ChatRequest, Model, registry
from hone.providers._vendors import VENDORS
from hone.testing import FakeUpstream

KEYED = [name for name, row in VENDORS.items() if row.key and row.url]
LOCAL = [name for name, row in VENDORS.items() if row.url and not row.key]
REQUEST = ChatRequest(body=b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}')


@pytest.mark.parametrize("name", KEYED)
async def test_a_vendor_is_sent_its_own_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for row in VENDORS.values():
        if row.key:
            monkeypatch.setenv(row.key, f"key of {row.key}")
    provider = registry.load(name)()
    with FakeUpstream() as upstream:
        await provider.chat(Model(alias="a", provider=name, name="m", base_url=upstream.url), REQUEST)
        await provider.close()
    assert upstream.received[0].headers["authorization"] == f"Bearer key of {VENDORS[name].key}"


@pytest.mark.parametrize("name", KEYED)
async def test_without_a_key_nothing_is_sent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = VENDORS[name].key
    assert key is not None
    monkeypatch.delenv(key, raising=False)
    with pytest.raises(ProjectError, match=f"{key} is not set"):
        await registry.load(name)().chat(Model(alias="a", provider=name, name="m"), REQUEST)


@pytest.mark.parametrize("name", LOCAL)
async def test_a_server_of_ones_own_gets_no_key_unless_one_is_given(name: str) -> None:
    assert urlsplit(VENDORS[name].url or "").hostname == "localhost"
    provider = registry.load(name)()
    with FakeUpstream() as upstream:
        model = Model(alias="a", provider=name, name="m", base_url=upstream.url)
        await provider.chat(model, REQUEST)
        await provider.close()
    assert "authorization" not in upstream.received[0].headers


def test_every_vendor_is_at_a_place_of_its_own_over_tls() -> None:
    urls = [row.url for row in VENDORS.values() if row.url]
    assert len(set(urls)) == len(urls)
    assert all((VENDORS[name].url or "").startswith("https://") for name in KEYED)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("xai", "grok-3"),
        ("mistral", "mistral-large-latest"),
        ("groq", "llama-3.3-70b-versatile"),
        ("deepseek", "deepseek-chat"),
    ],
)
def test_the_price_list_knows_vendors_by_their_other_names(provider: str, model: str) -> None:
    cost = Prices().cost(provider, model, Usage(input=1_000_000, output=1_000_000))
    assert cost is not None
    assert cost > 0
