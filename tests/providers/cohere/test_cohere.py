"""Cohere's API over real HTTP on loopback, with everything that can go wrong at the other end."""

import base64
import struct
from pathlib import Path

import msgspec
import pytest

from hone.errors import CallError, ProjectError, UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.gateway._output import read_completion
from hone.models import Prices
from hone.providers import Answer, ChatRequest, EmbeddingProvider, EmbeddingRequest, Model, Ranked, registry
from hone.providers import RerankProvider as Reranks
from hone.testing import FakeCohere, Step

RECORDED = Path(__file__).parent / "recorded"
ANSWER = (RECORDED / "answer.json").read_text()


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in ("COHERE_API_KEY", "CO_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def upstream():
    with FakeCohere() as server:
        yield server


@pytest.fixture
async def provider():
    made = registry.load("cohere")()
    yield made
    await made.close()


def model(url: str | None, key: str | None = "secret-key", **more) -> Model:
    return Model(alias="command", provider="cohere", name="command-a-03-2025", base_url=url, api_key=key, **more)


def request(text: str = "hello there", *, stream: bool = False, **fields) -> ChatRequest:
    body = {"model": "command-a-03-2025", "messages": [{"role": "user", "content": text}], **fields}
    return ChatRequest(body=msgspec.json.encode(body), stream=stream, timeout=5)


def texts(*given: str, **fields) -> EmbeddingRequest:
    body = {"model": "embed-v4.0", "input": list(given), **fields}
    return EmbeddingRequest(body=msgspec.json.encode(body), timeout=5)


async def everything(answer: Answer) -> bytes:
    assert answer.chunks is not None
    return b"".join([chunk async for chunk in answer.chunks])


async def test_an_answer_comes_back_in_the_openai_dialect(upstream, provider):
    answer = await provider.chat(model(upstream.url), request())
    completion = msgspec.json.decode(answer.body)
    assert (completion["object"], completion["model"]) == ("chat.completion", "command-a-03-2025")
    assert completion["choices"][0]["message"] == {"role": "assistant", "content": "hello there"}
    assert completion["choices"][0]["finish_reason"] == "stop"
    (received,) = upstream.received
    assert received.path == "/v2/chat"
    assert received.headers["authorization"] == "Bearer secret-key"


async def test_a_base_url_that_ends_in_v2_is_the_same_one(upstream, provider):
    await provider.chat(model(f"{upstream.url}/v2/"), request())
    assert upstream.received[0].path == "/v2/chat"


@pytest.mark.parametrize("name", ["COHERE_API_KEY", "CO_API_KEY"])
async def test_the_key_may_stand_in_the_environment(upstream, provider, monkeypatch, name):
    monkeypatch.setenv(name, "from-the-environment")
    await provider.chat(model(upstream.url, key=None), request())
    assert upstream.received[0].headers["authorization"] == "Bearer from-the-environment"


async def test_without_a_key_nothing_is_sent(provider):
    with pytest.raises(ProjectError, match="COHERE_API_KEY is not set"):
        await provider.chat(model(None, key=None), request())


async def test_thinking_tool_calls_and_what_is_billed(upstream, provider):
    upstream.script(Step(raw=ANSWER, content_type="application/json"))
    completion = msgspec.json.decode((await provider.chat(model(upstream.url), request())).body)
    (choice,) = completion["choices"]
    assert choice["finish_reason"] == "tool_calls"
    message = choice["message"]
    assert message["content"] is None
    assert message["reasoning_content"] == "Two cities, two calls. I will look up both cities."
    assert message["tool_plan"] == "I will look up both cities."
    assert [call["function"]["arguments"] for call in message["tool_calls"]] == [
        '{"city":"Bern"}',
        '{"city":"Basel"}',
        "{}",
    ]
    assert completion["usage"] == {
        "prompt_tokens": 37,
        "completion_tokens": 20,
        "total_tokens": 57,
        "prompt_tokens_details": {"cached_tokens": 16},
    }


async def test_a_call_costs_what_the_vendors_price_list_says(upstream, provider):
    answer = await provider.chat(model(upstream.url), request("one two three four"))
    usage = read_completion(answer.body).usage
    # Command A, dollars a million: input 2.50, output 10.
    assert (usage.input, usage.output) == (4, 4)
    assert Prices().cost("cohere", "command-a-03-2025", usage) == pytest.approx((4 * 2.5 + 4 * 10) / 1e6)


async def test_tokens_are_counted_where_nothing_is_billed(upstream, provider):
    said = '{"finish_reason": "COMPLETE", "message": {"content": "hi"}, "usage": {"tokens": {"input_tokens": 9}}}'
    upstream.script(Step(raw=said, content_type="application/json"))
    answer = await provider.chat(model(upstream.url), request())
    assert read_completion(answer.body).usage.input == 9


async def test_usage_that_nobody_counted_is_not_zero(upstream, provider):
    said = '{"finish_reason": "COMPLETE", "message": {"content": [{"type": "text", "text": "hi"}]}}'
    upstream.script(Step(raw=said, content_type="application/json"))
    assert "usage" not in msgspec.json.decode((await provider.chat(model(upstream.url), request())).body)


async def test_a_stream_arrives_and_its_connection_is_used_again(upstream, provider):
    for _ in range(3):
        body = await everything(await provider.chat(model(upstream.url), request(stream=True)))
        assert body.endswith(b"data: [DONE]\n\n")
    assert upstream.received[0].body["stream"] is True
    assert len(provider._upstreams.at(upstream.url)._idle) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 498, 500, 503])
async def test_an_error_keeps_its_status_words_and_ids_in_the_openai_shape(upstream, provider, status):
    upstream.script(Step(status=status, error="as scripted", retry_after=7))
    with pytest.raises(UpstreamRefused, match=f"{status}: as scripted$") as caught:
        await provider.chat(model(upstream.url), request(stream=True))
    assert caught.value.status == status
    assert caught.value.details == {"retry-after": "7", "x-request-id": "req_1"}
    error = msgspec.json.decode(caught.value.body)["error"]
    assert error["message"] == "as scripted"
    assert error.keys() == {"message", "type", "param", "code"}


async def test_a_key_that_the_vendor_repeats_stays_here(upstream, provider):
    upstream.script(Step(status=401, error="invalid api token: secret-key"))
    with pytest.raises(UpstreamRefused, match=r"invalid api token: \[key\]") as caught:
        await provider.chat(model(upstream.url), request())
    assert b"secret-key" not in caught.value.body


async def test_an_error_object_with_status_200_is_an_error(upstream, provider):
    upstream.script(Step(raw='{"message": "too busy"}', content_type="application/json"))
    with pytest.raises(UpstreamRefused, match="too busy") as caught:
        await provider.chat(model(upstream.url), request())
    assert caught.value.status == 502


@pytest.mark.parametrize(("reason", "status"), [("ERROR", 502), ("TIMEOUT", 504)])
async def test_an_answer_that_failed_is_an_error_and_no_answer(upstream, provider, reason, status):
    upstream.script(Step(text="half an ans", finish=reason))
    with pytest.raises(UpstreamRefused, match=f"ended with {reason}") as caught:
        await provider.chat(model(upstream.url), request())
    assert caught.value.status == status


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("raw", ["<html>hello</html>", '{"choices": []}', "[]", ""])
async def test_what_is_not_an_answer_is_garbage(upstream, provider, raw, stream):
    upstream.script(Step(raw=raw))
    with pytest.raises(UpstreamGarbage, match="not an answer of the chat API"):
        await provider.chat(model(upstream.url), request(stream=stream))


async def test_a_whole_answer_is_no_answer_to_a_request_for_a_stream(upstream, provider):
    upstream.script(Step(raw=ANSWER, content_type="application/json"))
    with pytest.raises(UpstreamGarbage, match="whole body"):
        await provider.chat(model(upstream.url), request(stream=True))


async def test_half_a_body_is_a_cut(upstream, provider):
    upstream.script(Step(cut_after=20))
    with pytest.raises(UpstreamCut):
        await provider.chat(model(upstream.url), request())


@pytest.mark.parametrize("events", range(6))
async def test_half_a_stream_is_a_cut(upstream, provider, events):
    upstream.script(Step(text="one two", cut_after=events))
    with pytest.raises(UpstreamCut):
        await everything(await provider.chat(model(upstream.url), request(stream=True)))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"messages": 5}'])
async def test_a_request_that_is_none_is_the_callers_move(upstream, provider, body):
    with pytest.raises(CallError, match="not a chat completion request"):
        await provider.chat(model(upstream.url), ChatRequest(body=body))
    assert upstream.received == []


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"top_q": 1}, 422, "top_q"),
        ({"k": 501}, 400, "k must be"),
        ({"messages": [{"role": "user", "content": ""}]}, 400, "must not be empty"),
        ({"messages": [{"role": "tool", "tool_call_id": "x", "content": "y"}]}, 400, "matches no tool call"),
    ],
)
async def test_the_fake_refuses_what_the_vendor_refuses(upstream, provider, fields, status, said):
    with pytest.raises(UpstreamRefused, match=said) as caught:
        await provider.chat(model(upstream.url), request(**fields))
    assert caught.value.status == status


# -- embeddings


async def test_vectors_and_what_they_took(upstream, provider):
    assert isinstance(provider, EmbeddingProvider)
    answer = await provider.embeddings(model(upstream.url), texts("a", "bc def", user="u1", dimensions=3))
    made = msgspec.json.decode(answer.body)
    assert [each["embedding"] for each in made["data"]] == [[1.0, -0.5, -0.25], [6.0, -0.5, -0.25]]
    assert made["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    (received,) = upstream.received
    assert received.path == "/v2/embed"
    assert received.body == {
        "model": "command-a-03-2025",
        "texts": ["a", "bc def"],
        "input_type": "search_document",
        "output_dimension": 3,
        "embedding_types": ["float"],
    }


async def test_base64_is_little_endian_float32(upstream, provider):
    answer = await provider.embeddings(model(upstream.url), texts("abc", encoding_format="base64"))
    packed = msgspec.json.decode(answer.body)["data"][0]["embedding"]
    assert struct.unpack("<4f", base64.b64decode(packed)) == (3.0, -0.5, -0.25, -0.125)


async def test_what_texts_are_for_is_the_callers_to_say(upstream, provider):
    await provider.embeddings(model(upstream.url), texts("x", input_type="search_query", truncate="END"))
    assert (upstream.received[0].body["input_type"], upstream.received[0].body["truncate"]) == ("search_query", "END")


async def test_more_texts_than_the_api_takes_are_several_calls_and_one_answer(upstream, provider):
    given = ["x" * length for length in range(1, 201)]
    answer = await provider.embeddings(model(upstream.url), texts(*given))
    made = msgspec.json.decode(answer.body)
    assert [each["embedding"][0] for each in made["data"]] == [float(length) for length in range(1, 201)]
    assert [each["index"] for each in made["data"]] == list(range(200))
    assert [len(received.body["texts"]) for received in upstream.received] == [96, 96, 8]
    assert made["usage"]["prompt_tokens"] == 200


@pytest.mark.parametrize("given", [[], [[1, 2]], 5, None])
async def test_what_is_no_text_is_the_callers_move(upstream, provider, given):
    body = msgspec.json.encode({"model": "m", "input": given})
    with pytest.raises(CallError):
        await provider.embeddings(model(upstream.url), EmbeddingRequest(body=body))
    assert upstream.received == []


@pytest.mark.parametrize(
    ("raw", "kind", "said"),
    [
        ("<html>", UpstreamGarbage, "not an answer with vectors"),
        ('{"embeddings": {"float": []}}', UpstreamGarbage, "0 vectors came back for 1 texts"),
        ('{"message": "too busy"}', UpstreamRefused, "too busy"),
    ],
)
async def test_an_answer_without_the_vectors_is_not_passed_on(upstream, provider, raw, kind, said):
    upstream.script(Step(raw=raw))
    with pytest.raises(kind, match=said):
        await provider.embeddings(model(upstream.url), texts("x"))


# -- rerank


async def test_the_best_answers_to_a_query_come_first(upstream, provider):
    assert isinstance(provider, Reranks)
    documents = ["opening hours", "a lost parcel is refunded", "a parcel"]
    found = await provider.rerank(
        model(upstream.url, parameters={"max_tokens_per_doc": 50}), "lost parcel", documents, top_n=2
    )
    assert found == [Ranked(1, 1.0), Ranked(2, 0.5)]
    assert upstream.received[0].path == "/v2/rerank"
    assert upstream.received[0].body["max_tokens_per_doc"] == 50


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("<html>", "not a ranking"),
        ('{"results": [{"index": 1, "relevance_score": 0.5}]}', "not given"),
    ],
)
async def test_a_ranking_of_something_else_is_garbage(upstream, provider, raw, said):
    upstream.script(Step(raw=raw))
    with pytest.raises(UpstreamGarbage, match=said):
        await provider.rerank(model(upstream.url), "x", ["only one"])


async def test_a_refused_ranking_keeps_its_status(upstream, provider):
    upstream.script(Step(status=429, error="slow down"))
    with pytest.raises(UpstreamRefused, match="slow down") as caught:
        await provider.rerank(model(upstream.url), "x", ["only one"])
    assert caught.value.status == 429
