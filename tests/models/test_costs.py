"""From what a vendor's server says of its tokens to dollars: one row for each provider and shape of its usage."""

from typing import Any

import genai_prices
import msgspec
import pytest
from msgspec import Struct

from hone.core import Price, Usage
from hone.gateway._output import Gathered, read_completion, read_event
from hone.models import Prices
from hone.providers import ChatRequest, Model, registry
from hone.testing import FakeAnthropic, FakeBedrock, FakeCohere, FakeGoogle, FakeUpstream, Step

PRICE = Price(
    input=1, output=10, cache_read=0.1, cache_write=2, cache_write_1h=3, audio_input=20, audio_output=40
)  # fmt: skip
SERVERS = {"anthropic": FakeAnthropic, "google": FakeGoogle, "cohere": FakeCohere, "bedrock": FakeBedrock}


class Row(Struct, frozen=True, kw_only=True):
    """`own` are millionths of a dollar at PRICE, by hand.

    `listed` is what the price list bills at which of its prices, by hand too; None where nobody knows what it costs.
    """

    model: str
    said: dict[str, Any] | None
    usage: Usage
    own: float | None
    listed: dict[str, int] | None


def openai(prompt: int, completion: int, given: dict[str, Any] | None = None, made: dict[str, Any] | None = None):
    details = {"prompt_tokens_details": given, "completion_tokens_details": made}
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return counts | {name: value for name, value in details.items() if value is not None}


def modalities(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": name.upper(), "tokenCount": count} for name, count in counts.items()]


CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
# fmt: off
ROWS = {
    "openai: plain": Row(
        model="openai/gpt-4o",
        said=openai(100, 20),
        usage=Usage(input=100, output=20),
        own=100 + 200,
        listed={"input_mtok": 100, "output_mtok": 20},
    ),
    "openai: cached": Row(
        model="openai/gpt-4o",
        said=openai(
            2006,
            300,
            {"cached_tokens": 1920, "audio_tokens": 0},
            {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0},
        ),
        usage=Usage(input=2006, output=300, cache_read=1920, reasoning=0, input_audio=0, output_audio=0),
        own=86 + 192 + 3000,
        listed={"input_mtok": 86, "cache_read_mtok": 1920, "output_mtok": 300},
    ),
    "openai: reasoning is in the output already": Row(
        model="openai/o4-mini",
        said=openai(75, 1186, {"cached_tokens": 0}, {"reasoning_tokens": 1024}),
        usage=Usage(input=75, output=1186, cache_read=0, reasoning=1024),
        own=75 + 11860,
        listed={"input_mtok": 75, "output_mtok": 1186},
    ),
    "openai: audio in and out": Row(
        model="openai/gpt-audio",
        said=openai(120, 200, {"cached_tokens": 0, "audio_tokens": 80}, {"reasoning_tokens": 0, "audio_tokens": 150}),
        usage=Usage(input=120, output=200, cache_read=0, reasoning=0, input_audio=80, output_audio=150),
        own=40 + 80 * 20 + 50 * 10 + 150 * 40,
        listed={"input_mtok": 40, "input_audio_mtok": 80, "output_mtok": 50, "output_audio_mtok": 150},
    ),
    "openai: audio out of the cache": Row(
        model="openai/gpt-realtime",
        said=openai(
            100, 10, {"cached_tokens": 50, "audio_tokens": 60, "cached_tokens_details": {"audio_tokens": 30}}
        ),
        usage=Usage(input=100, output=10, cache_read=50, input_audio=60, cache_read_audio=30),
        own=20 + 30 * 20 + 5 + 100,
        listed={
            "input_mtok": 20, "input_audio_mtok": 30, "cache_read_mtok": 20, "cache_audio_read_mtok": 30,
            "output_mtok": 10,
        },
    ),
    "openai: audio and a cache that holds only text": Row(
        model="openai/gpt-realtime",
        said=openai(100, 10, {"cached_tokens": 50, "audio_tokens": 30}),
        usage=Usage(input=100, output=10, cache_read=50, input_audio=30),
        own=20 + 30 * 20 + 5 + 100,
        listed={"input_mtok": 20, "input_audio_mtok": 30, "cache_read_mtok": 50, "output_mtok": 10},
    ),
    "openai: audio of a model whose audio has no price of its own": Row(
        model="openai/gpt-4o",
        said=openai(120, 200, {"audio_tokens": 80}, {"audio_tokens": 150}),
        usage=Usage(input=120, output=200, input_audio=80, output_audio=150),
        own=40 + 80 * 20 + 50 * 10 + 150 * 40,
        listed={"input_mtok": 120, "output_mtok": 200},
    ),
    "openai: more from the cache than was asked": Row(
        model="openai/gpt-4o",
        said=openai(10, 1, {"cached_tokens": 11}),
        usage=Usage(input=10, output=1, cache_read=11),
        own=None,
        listed=None,
    ),
    "openai: a model that nobody knows": Row(
        model="openai/never-heard-of",
        said=openai(100, 20),
        usage=Usage(input=100, output=20),
        own=100 + 200,
        listed=None,
    ),
    "openai-compatible: without usage": Row(
        model="openai-compatible/m", said=None, usage=Usage(), own=None, listed=None
    ),
    "openai-compatible: a model of one's own": Row(
        model="vllm/m", said=openai(100, 20), usage=Usage(input=100, output=20), own=100 + 200, listed=None
    ),
    "deepseek: the cache is told beside the prompt": Row(
        model="deepseek/deepseek-chat",
        said=openai(100, 20) | {"prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40},
        usage=Usage(input=100, output=20, cache_read=60),
        own=40 + 6 + 200,
        listed={"input_mtok": 40, "cache_read_mtok": 60, "output_mtok": 20},
    ),
    "moonshot: the cache is told beside the prompt": Row(
        model="moonshot/kimi-k2-0905-preview",
        said=openai(100, 20) | {"cached_tokens": 60},
        usage=Usage(input=100, output=20, cache_read=60),
        own=40 + 6 + 200,
        listed={"input_mtok": 40, "cache_read_mtok": 60, "output_mtok": 20},
    ),
    "xai: reasoning is beside the completion": Row(
        model="xai/grok-3-mini",
        said=openai(32, 9, {"cached_tokens": 6}, {"reasoning_tokens": 94}) | {"total_tokens": 135},
        usage=Usage(input=32, output=103, cache_read=6, reasoning=94),
        own=26 + 0.6 + 1030,
        listed={"input_mtok": 26, "cache_read_mtok": 6, "output_mtok": 103},
    ),
    "anthropic: plain": Row(
        model="anthropic/claude-haiku-4-5",
        said={"input_tokens": 50, "output_tokens": 120},
        usage=Usage(input=50, output=120),
        own=50 + 1200,
        listed={"input_mtok": 50, "output_mtok": 120},
    ),
    "anthropic: read from the cache and written to it": Row(
        model="anthropic/claude-haiku-4-5",
        said={
            "input_tokens": 50, "output_tokens": 120, "cache_read_input_tokens": 1000,
            "cache_creation_input_tokens": 200,
            "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 0},
        },
        usage=Usage(input=1250, output=120, cache_read=1000, cache_write=200, cache_write_1h=0),
        own=50 + 100 + 400 + 1200,
        listed={"input_mtok": 50, "cache_read_mtok": 1000, "cache_write_mtok": 200, "output_mtok": 120},
    ),
    "anthropic: written for an hour": Row(
        model="anthropic/claude-haiku-4-5",
        said={
            "input_tokens": 50, "output_tokens": 120, "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 200,
            "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 150},
        },
        usage=Usage(input=250, output=120, cache_read=0, cache_write=200, cache_write_1h=150),
        own=50 + 50 * 2 + 150 * 3 + 1200,
        listed={"input_mtok": 50, "cache_write_mtok": 50, "cache_write_1h_mtok": 150, "output_mtok": 120},
    ),
    "anthropic: nothing counted": Row(
        model="anthropic/claude-haiku-4-5", said={}, usage=Usage(), own=None, listed=None
    ),
    "anthropic: only the output counted": Row(
        model="anthropic/claude-haiku-4-5", said={"output_tokens": 9}, usage=Usage(output=9), own=None, listed=None
    ),
    "google: plain": Row(
        model="google/gemini-2.5-flash",
        said={"promptTokenCount": 100, "candidatesTokenCount": 20, "promptTokensDetails": modalities(text=100)},
        usage=Usage(input=100, output=20),
        own=100 + 200,
        listed={"input_mtok": 100, "output_mtok": 20},
    ),
    "google: thoughts, cache, and what its own tools fetched": Row(
        model="google/gemini-2.5-flash",
        said={
            "promptTokenCount": 1250, "candidatesTokenCount": 80, "totalTokenCount": 1400,
            "cachedContentTokenCount": 1000, "thoughtsTokenCount": 40, "toolUsePromptTokenCount": 30,
        },
        usage=Usage(input=1280, output=120, cache_read=1000, reasoning=40),
        own=280 + 100 + 1200,
        listed={"input_mtok": 280, "cache_read_mtok": 1000, "output_mtok": 120},
    ),
    "google: audio, partly from the cache": Row(
        model="google/gemini-2.5-flash",
        said={
            "promptTokenCount": 1000, "candidatesTokenCount": 20, "cachedContentTokenCount": 500,
            "promptTokensDetails": modalities(text=200, audio=800),
            "cacheTokensDetails": modalities(text=100, audio=400),
        },
        usage=Usage(input=1000, output=20, cache_read=500, input_audio=800, cache_read_audio=400),
        own=100 + 400 * 20 + 50 + 200,
        listed={
            "input_mtok": 100, "input_audio_mtok": 400, "cache_read_mtok": 100, "cache_audio_read_mtok": 400,
            "output_mtok": 20,
        },
    ),
    "google: a voice": Row(
        model="google/gemini-live-2.5-flash-preview",
        said={
            "promptTokenCount": 10, "candidatesTokenCount": 300, "promptTokensDetails": modalities(text=10),
            "candidatesTokensDetails": modalities(text=50, audio=250),
        },
        usage=Usage(input=10, output=300, output_audio=250),
        own=10 + 500 + 250 * 40,
        listed={"input_mtok": 10, "output_mtok": 50, "output_audio_mtok": 250},
    ),
    "google: nothing counted": Row(
        model="google/gemini-2.5-flash", said=None, usage=Usage(), own=None, listed=None
    ),
    "cohere: what is billed, not what was counted": Row(
        model="cohere/command-a-03-2025",
        said={
            "billed_units": {"input_tokens": 37.0, "output_tokens": 20.0},
            "tokens": {"input_tokens": 915.0, "output_tokens": 85.0},
            "cached_tokens": 16.0,
        },
        usage=Usage(input=37, output=20, cache_read=16),
        own=21 + 1.6 + 200,
        listed={"input_mtok": 37, "output_mtok": 20},
    ),
    "bedrock: plain": Row(
        model=f"bedrock/{CLAUDE}",
        said={"inputTokens": 50, "outputTokens": 120, "totalTokens": 170},
        usage=Usage(input=50, output=120),
        own=50 + 1200,
        listed={"input_mtok": 50, "output_mtok": 120},
    ),
    "bedrock: read from the cache, and written for an hour and for five minutes": Row(
        model=f"bedrock/{CLAUDE}",
        said={
            "inputTokens": 50, "outputTokens": 120, "totalTokens": 1370,
            "cacheReadInputTokens": 1000, "cacheWriteInputTokens": 200,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 150}, {"ttl": "5m", "inputTokens": 50}],
        },
        usage=Usage(input=1250, output=120, cache_read=1000, cache_write=200, cache_write_1h=150),
        own=50 + 100 + 50 * 2 + 150 * 3 + 1200,
        listed={
            "input_mtok": 50, "cache_read_mtok": 1000, "cache_write_mtok": 50, "cache_write_1h_mtok": 150,
            "output_mtok": 120,
        },
    ),
}
# fmt: on


def answer(provider: str, said: dict[str, Any] | None) -> str:
    """A whole answer as `provider` gives it, with `said` for its usage."""
    body: dict[str, Any]
    match provider:
        case "anthropic":
            body = {"type": "message", "id": "msg_1", "model": "m", "stop_reason": "end_turn"}
            body |= {"content": [{"type": "text", "text": "hi"}], "usage": said}
        case "google":
            body = {"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}]}
            body |= {} if said is None else {"usageMetadata": said}
        case "cohere":
            message = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}
            body = {"id": "1", "finish_reason": "COMPLETE", "message": message, "usage": said}
        case "bedrock":
            message = {"role": "assistant", "content": [{"text": "hi"}]}
            body = {"output": {"message": message}, "stopReason": "end_turn", "usage": said}
        case _:
            choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
            body = {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice]}
            body |= {} if said is None else {"usage": said}
    return msgspec.json.encode(body).decode()


async def counted(row: Row) -> Usage:
    """The usage of `row` as a server says it and as the provider's own translation hands it on."""
    name, _, model = row.model.partition("/")
    provider = registry.load(name)()
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    with SERVERS.get(name, FakeUpstream)() as upstream:
        upstream.script(Step(raw=answer(name, row.said), content_type="application/json"))
        asked = Model(alias="a", provider=name, name=model, base_url=upstream.url, api_key="secret-key")
        given = await provider.chat(asked, ChatRequest(body=msgspec.json.encode(body), timeout=5))
        await provider.close()
    return read_completion(given.body).usage


def unit_prices(provider: str, model: str) -> Any:
    """What the price list says of a model, for a short prompt."""
    return genai_prices.calc_price(genai_prices.Usage(), model, provider_id=LISTED.get(provider, provider)).model_price


LISTED = {"bedrock": "aws", "moonshot": "moonshotai", "xai": "x-ai"}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
async def test_what_a_vendor_counts_costs_what_it_bills(row: Row) -> None:
    provider, _, model = row.model.partition("/")
    usage = await counted(row)
    assert usage == row.usage
    own, listed = Prices().cost(provider, model, usage, PRICE), Prices().cost(provider, model, usage)
    assert own == (None if row.own is None else pytest.approx(row.own / 1e6))
    if row.listed is None:
        assert listed is None
        return
    prices = {name: getattr(unit_prices(provider, model), name) for name in row.listed}
    by_hand = sum(
        tokens * float(getattr(prices[name], "base", prices[name] or 0)) for name, tokens in row.listed.items()
    )
    assert listed == pytest.approx(by_hand / 1e6)
    assert None not in prices.values()


def test_tokens_without_a_price_of_their_own_cost_what_they_are_a_part_of() -> None:
    usage = Usage(
        input=1000, output=100, cache_read=200, cache_write=300,
        input_audio=400, output_audio=50, cache_read_audio=100, cache_write_1h=150,
    )  # fmt: skip
    assert Prices().cost("openai", "gpt-4o", usage, Price(input=1, output=10)) == pytest.approx(2000 / 1e6)
    # 200 plain, 300 heard, 100 + 100 from the cache, 300 to it.
    heard = Price(input=1, output=10, audio_input=20)
    assert Prices().cost("openai", "gpt-4o", usage, heard) == pytest.approx(
        (200 + 6000 + 100 + 2000 + 300 + 1000) / 1e6
    )


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input=10, output=1, input_audio=11),
        Usage(input=10, output=1, output_audio=2),
        Usage(input=10, output=1, cache_read=6, input_audio=6),
        Usage(input=10, output=1, cache_read=2, input_audio=5, cache_read_audio=3),
        Usage(input=10, output=1, cache_write=2, cache_write_1h=3),
        Usage(input=10, output=1, cache_write_1h=3),
        Usage(input=10, output=1, cache_read_audio=3),
        Usage(input=-1, output=1),
    ],
)
def test_counts_that_contradict_each_other_have_no_price(usage: Usage) -> None:
    assert Prices().cost("openai", "gpt-4o", usage, PRICE) is None


async def test_a_stream_in_which_the_input_was_not_counted_does_not_say_that_it_was_none() -> None:
    events = [
        {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "hi"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    ]
    raw = b"".join(b"data: " + msgspec.json.encode(event) + b"\n\n" for event in events).decode()
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    body |= {"stream_options": {"include_usage": True}}
    provider, gathered = registry.load("anthropic")(), Gathered()
    with FakeAnthropic() as upstream:
        upstream.script(Step(raw=raw, content_type="text/event-stream"))
        asked = Model(alias="a", provider="anthropic", name="m", base_url=upstream.url, api_key="secret-key")
        given = await provider.chat(asked, ChatRequest(body=msgspec.json.encode(body), stream=True, timeout=5))
        whole = b"".join([chunk async for chunk in given.chunks])
        await provider.close()
    for line in whole.splitlines():
        if line.startswith(b"data: {"):
            gathered.add(read_event(line.removeprefix(b"data: ")))
    assert gathered.output().usage == Usage(output=7)
