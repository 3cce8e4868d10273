"""Azure OpenAI: the OpenAI dialect at an address of one's own, with the key in a header of its own."""

import pytest

from hone.core import Usage
from hone.errors import ProjectError
from hone.models import Prices
from hone.providers import ChatRequest, EmbeddingRequest, Model, registry
from hone.testing import FakeUpstream, Step

REQUEST = ChatRequest(body=b'{"model": "d", "messages": [{"role": "user", "content": "hi"}]}')
VECTORS = Step(raw='{"data": [{"index": 0, "embedding": [1.0]}]}', content_type="application/json")


@pytest.fixture
def upstream(monkeypatch):
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "from-the-environment")
    with FakeUpstream() as server:
        yield server


@pytest.fixture
async def provider():
    made = registry.load("azure")()
    yield made
    await made.close()


def model(base_url: str | None, key: str | None = None) -> Model:
    return Model(alias="ours", provider="azure", name="d", base_url=base_url, api_key=key)


def resource(upstream: FakeUpstream) -> str:
    return upstream.url.removesuffix("/v1")


@pytest.mark.parametrize(
    ("below", "asked"),
    [
        ("", "/openai/v1/chat/completions"),
        ("/", "/openai/v1/chat/completions"),
        ("?api-version=preview", "/openai/v1/chat/completions?api-version=preview"),
        ("/openai/v1", "/openai/v1/chat/completions"),
        ("/openai/v1/", "/openai/v1/chat/completions"),
        ("/openai/v1?api-version=preview", "/openai/v1/chat/completions?api-version=preview"),
        (
            "/openai/deployments/d?api-version=2024-10-21",
            "/openai/deployments/d/chat/completions?api-version=2024-10-21",
        ),
    ],
)
async def test_the_new_surface_and_the_older_one_are_told_apart_by_the_base_url(upstream, provider, below, asked):
    await provider.chat(model(resource(upstream) + below), REQUEST)
    assert upstream.received[0].path == asked


async def test_embeddings_keep_the_query_too(upstream, provider):
    upstream.script(VECTORS)
    url = f"{resource(upstream)}/openai/deployments/d?api-version=2024-10-21"
    await provider.embeddings(model(url), EmbeddingRequest(body=b'{"model": "d", "input": "hi"}'))
    assert upstream.received[0].path == "/openai/deployments/d/embeddings?api-version=2024-10-21"


@pytest.mark.parametrize(("key", "sent"), [(None, "from-the-environment"), ("of-the-model", "of-the-model")])
async def test_the_key_goes_in_its_own_header_alone(upstream, provider, key, sent):
    await provider.chat(model(resource(upstream), key), REQUEST)
    assert upstream.received[0].headers["api-key"] == sent
    assert "authorization" not in upstream.received[0].headers


@pytest.mark.parametrize("end", ["", "/", "/openai/v1/"])
async def test_the_address_may_stand_in_the_environment(upstream, provider, monkeypatch, end):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", resource(upstream) + end)
    await provider.chat(model(None), REQUEST)
    assert upstream.received[0].path == "/openai/v1/chat/completions"


async def test_without_an_address_nothing_is_sent(upstream, provider):
    with pytest.raises(ProjectError, match="has no base_url") as caught:
        await provider.chat(model(None), REQUEST)
    assert "AZURE_OPENAI_ENDPOINT" in (caught.value.hint or "")


async def test_without_a_key_nothing_is_sent(upstream, provider, monkeypatch):
    monkeypatch.delenv("AZURE_OPENAI_API_KEY")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", resource(upstream))
    with pytest.raises(ProjectError, match="AZURE_OPENAI_API_KEY is not set"):
        await provider.chat(model(None), REQUEST)
    assert upstream.received == []


def test_the_price_list_knows_it():
    assert Prices().cost("azure", "gpt-4o", Usage(input=1_000_000, output=1_000_000)) == pytest.approx(12.5)
