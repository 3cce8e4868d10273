"""The Gemini API over real HTTP on loopback, with everything that can go wrong at the other end."""

import base64
import struct
from pathlib import Path

import msgspec
import pytest

from hone.core import Usage
from hone.errors import CallError, ProjectError, UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.gateway._output import read_completion
from hone.models import Prices
from hone.providers import Answer, ChatRequest, EmbeddingProvider, EmbeddingRequest, Model, registry
from hone.testing import FakeGoogle, Step

RECORDED = Path(__file__).parent / "recorded"
ANSWER = (RECORDED / "answer.json").read_text()
BLOCKED = (RECORDED / "blocked.json").read_text()
QUOTA = (RECORDED / "quota.json").read_text()


@pytest.fixture
def upstream(monkeypatch):
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with FakeGoogle() as server:
        yield server


@pytest.fixture
async def provider():
    made = registry.load("google")()
    yield made
    await made.close()


def model(url: str | None, key: str | None = "secret-key", name: str = "gemini-2.5-flash") -> Model:
    return Model(alias="gemini", provider="google", name=name, base_url=url, api_key=key)


def request(text: str = "hello there", *, stream: bool = False, **fields) -> ChatRequest:
    body = {"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": text}], **fields}
    return ChatRequest(body=msgspec.json.encode(body), stream=stream, timeout=5)


def texts(given, **fields) -> EmbeddingRequest:
    return EmbeddingRequest(body=msgspec.json.encode({"model": "gemini-embedding-001", "input": given, **fields}))


def as_json(text: str, status: int = 200) -> Step:
    return Step(raw=text, content_type="application/json", status=status)


async def everything(answer: Answer) -> bytes:
    assert answer.chunks is not None
    return b"".join([chunk async for chunk in answer.chunks])


async def test_an_answer_comes_back_in_the_openai_dialect(upstream, provider):
    answer = await provider.chat(model(upstream.url), request())
    completion = msgspec.json.decode(answer.body)
    assert (completion["object"], completion["model"]) == ("chat.completion", "gemini-2.5-flash")
    assert completion["choices"][0]["message"] == {"role": "assistant", "content": "hello there"}
    assert completion["choices"][0]["finish_reason"] == "stop"
    (received,) = upstream.received
    assert received.path == "/v1beta/models/gemini-2.5-flash:generateContent"
    assert received.headers["x-goog-api-key"] == "secret-key"
    assert "authorization" not in received.headers


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("models/gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("tunedModels/ours", "tunedModels/ours"),
        ("x?key=1#", "models/x%3Fkey%3D1%23"),
        ("../files/x", "../files%2Fx"),
        ("a b\r\nc", "models/a%20b%0D%0Ac"),
    ],
)
async def test_a_models_name_is_one_place_in_the_path(upstream, provider, name, path):
    try:
        await provider.chat(model(upstream.url, name=name), request())
    except UpstreamRefused as refused:
        assert refused.status == 404
    assert upstream.received[0].path == f"/v1beta/{path}:generateContent"


async def test_a_query_of_the_base_url_goes_with_every_request(upstream, provider):
    for stream in (False, True):
        answer = await provider.chat(model(f"{upstream.url}/?quotaUser=ours"), request(stream=stream))
        await answer.close()
    assert [received.path.partition("?")[2] for received in upstream.received] == [
        "quotaUser=ours",
        "alt=sse&quotaUser=ours",
    ]


@pytest.mark.parametrize(
    ("set_there", "sent"),
    [
        ({"GOOGLE_API_KEY": "one"}, "one"),
        ({"GEMINI_API_KEY": "other"}, "other"),
        ({"GOOGLE_API_KEY": "one", "GEMINI_API_KEY": "other"}, "one"),
        ({"GOOGLE_API_KEY": "", "GEMINI_API_KEY": "other"}, "other"),
    ],
)
async def test_the_key_may_stand_in_the_environment(upstream, provider, monkeypatch, set_there, sent):
    for name, value in set_there.items():
        monkeypatch.setenv(name, value)
    await provider.chat(model(upstream.url, key=None), request())
    assert upstream.received[0].headers["x-goog-api-key"] == sent


async def test_without_a_key_nothing_is_sent(upstream, provider):
    with pytest.raises(ProjectError, match="GOOGLE_API_KEY is not set"):
        await provider.chat(model(None, key=None), request())


async def test_at_another_base_url_the_server_says_whether_it_wants_a_key(upstream, provider):
    with pytest.raises(UpstreamRefused, match="unregistered callers") as caught:
        await provider.chat(model(upstream.url, key=None), request())
    assert caught.value.status == 403


async def test_text_tool_calls_thinking_and_usage_of_a_whole_answer(upstream, provider):
    upstream.script(as_json(ANSWER))
    completion = msgspec.json.decode((await provider.chat(model(upstream.url), request())).body)
    (choice,) = completion["choices"]
    assert (choice["finish_reason"], completion["id"]) == ("tool_calls", "mJ1xaK2nBtWA")
    message = choice["message"]
    assert (message["content"], message["reasoning_content"]) == ("I look up both.", "Bern and Basel, both.")
    calls = message["tool_calls"]
    assert [msgspec.json.decode(call["function"]["arguments"]) for call in calls] == [
        {"city": "Bern"},
        {"city": "Basel"},
        {},
    ]
    assert len({call["id"] for call in calls}) == 3
    assert [call.get("extra_content") for call in calls] == [
        {"google": {"thought_signature": "CpcBAXLI2nw="}},
        None,
        None,
    ]
    assert completion["usage"] == {
        "prompt_tokens": 1280,
        "completion_tokens": 120,
        "total_tokens": 1400,  # as the vendor's own totalTokenCount
        "prompt_tokens_details": {"cached_tokens": 1000},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }


async def test_a_call_with_cached_tokens_costs_what_the_vendors_price_list_says(upstream, provider):
    upstream.script(as_json(ANSWER))
    usage = read_completion((await provider.chat(model(upstream.url), request())).body).usage
    assert usage == Usage(input=1280, output=120, cache_read=1000, reasoning=40)
    # Gemini 2.5 Flash, dollars a million: input 0.30, output 2.50, read from the cache 0.03.
    by_hand = (280 * 0.30 + 120 * 2.50 + 1000 * 0.03) / 1e6
    assert Prices().cost("google", "gemini-2.5-flash", usage) == pytest.approx(by_hand)


async def test_usage_that_nobody_counted_stays_unknown(upstream, provider):
    upstream.script(as_json('{"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}]}'))
    answer = await provider.chat(model(upstream.url), request())
    assert read_completion(answer.body).usage == Usage()
    assert msgspec.json.decode(answer.body)["model"] == "gemini-2.5-flash"


async def test_a_blocked_prompt_is_filtered_content(upstream, provider):
    upstream.script(as_json(BLOCKED))
    completion = msgspec.json.decode((await provider.chat(model(upstream.url), request())).body)
    (choice,) = completion["choices"]
    assert choice["finish_reason"] == "content_filter"
    assert choice["message"]["refusal"] == "the prompt was blocked: PROHIBITED_CONTENT"
    assert completion["usage"]["prompt_tokens"] == 8


@pytest.mark.parametrize(
    ("reason", "finish"), [("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("OTHER", "OTHER")]
)
async def test_why_an_answer_without_content_ended(upstream, provider, reason, finish):
    upstream.script(as_json(f'{{"candidates": [{{"content": {{"role": "model"}}, "finishReason": "{reason}"}}]}}'))
    (choice,) = msgspec.json.decode((await provider.chat(model(upstream.url), request())).body)["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", finish)


async def test_a_picture_is_an_image(upstream, provider):
    part = '{"inlineData": {"mimeType": "image/png", "data": "iVBOR"}, "thoughtSignature": "abc"}'
    upstream.script(as_json(f'{{"candidates": [{{"content": {{"parts": [{part}]}}, "finishReason": "STOP"}}]}}'))
    (choice,) = msgspec.json.decode((await provider.chat(model(upstream.url), request())).body)["choices"]
    assert choice["message"]["images"] == [
        {
            "type": "image_url",
            "image_url": {"url": "data:image/png;base64,iVBOR"},
            "extra_content": {"google": {"thought_signature": "abc"}},
        }
    ]


async def test_a_stream_arrives_and_its_connection_is_used_again(upstream, provider):
    for _ in range(3):
        body = await everything(await provider.chat(model(upstream.url), request(stream=True)))
        assert body.endswith(b"data: [DONE]\n\n")
    assert upstream.received[0].path == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert len(provider._upstreams.at(upstream.url)._idle) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 504])
async def test_an_error_keeps_its_status_words_and_ids_in_the_openai_shape(upstream, provider, status):
    upstream.script(Step(status=status, error="as scripted", retry_after=7))
    with pytest.raises(UpstreamRefused, match=f"answered {status}: as scripted") as caught:
        await provider.chat(model(upstream.url), request(stream=True))
    assert caught.value.status == status
    assert caught.value.details == {"retry-after": "7", "x-request-id": "req_1"}
    error = msgspec.json.decode(caught.value.body)["error"]
    assert error["message"] == "as scripted"
    assert error.keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize("body", [QUOTA, f"[{QUOTA}]"])
async def test_when_to_come_back_is_read_from_the_details_of_an_error_or_a_list_of_one(upstream, provider, body):
    upstream.script(as_json(body, status=429))
    with pytest.raises(UpstreamRefused, match="429: You exceeded your current quota") as caught:
        await provider.chat(model(upstream.url), request())
    assert caught.value.details["retry-after"] == "35"
    assert msgspec.json.decode(caught.value.body)["error"]["code"] == "RESOURCE_EXHAUSTED"


async def test_a_wrong_key_is_no_mistake_of_the_callers(upstream, provider):
    upstream.script(Step(status=400, error="API key not valid. Please pass a valid API key."))
    with pytest.raises(UpstreamRefused, match="API key not valid") as caught:
        await provider.chat(model(upstream.url), request())
    assert caught.value.status == 401


async def test_a_key_that_the_vendor_repeats_stays_here(upstream, provider):
    upstream.script(Step(status=403, error="no such key: secret-key"))
    with pytest.raises(UpstreamRefused, match=r"no such key: \[key\]") as caught:
        await provider.chat(model(upstream.url), request())
    assert b"secret-key" not in caught.value.body


async def test_an_error_page_of_a_proxy_stays_as_it_came(upstream, provider):
    upstream.script(Step(status=502, raw="<html>bad gateway</html>"))
    with pytest.raises(UpstreamRefused) as caught:
        await provider.chat(model(upstream.url), request())
    assert (caught.value.status, caught.value.body) == (502, b"<html>bad gateway</html>")


async def test_an_error_object_with_status_200_is_an_error(upstream, provider):
    upstream.script(as_json(QUOTA))
    with pytest.raises(UpstreamRefused, match="answered with an error: You exceeded") as caught:
        await provider.chat(model(upstream.url), request())
    assert (caught.value.status, caught.value.details["retry-after"]) == (429, "35")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("raw", ["<html>hello</html>", '{"choices": []}', '{"candidates": []}', "[]", ""])
async def test_what_holds_no_candidate_is_garbage(upstream, provider, raw, stream):
    upstream.script(Step(raw=raw))
    with pytest.raises(UpstreamGarbage, match="holds no candidate"):
        await provider.chat(model(upstream.url), request(stream=stream))


async def test_a_whole_answer_is_no_answer_to_a_request_for_a_stream(upstream, provider):
    upstream.script(as_json(ANSWER))
    with pytest.raises(UpstreamGarbage, match="whole body"):
        await provider.chat(model(upstream.url), request(stream=True))


async def test_half_a_body_is_a_cut(upstream, provider):
    upstream.script(Step(cut_after=20))
    with pytest.raises(UpstreamCut):
        await provider.chat(model(upstream.url), request())


@pytest.mark.parametrize("events", range(4))
async def test_half_a_stream_is_a_cut(upstream, provider, events):
    # Three events are all of them: even then the body has not ended well.
    upstream.script(Step(text="one two", cut_after=events))
    answer = await provider.chat(model(upstream.url), request(stream=True))
    seen = []
    with pytest.raises(UpstreamCut):
        async for chunk in answer.chunks:
            seen.append(chunk)
    assert b'"finish_reason":"' not in b"".join(seen)


async def test_a_stream_that_ends_properly_but_too_early_is_a_cut(upstream, provider):
    text = (RECORDED / "text.sse").read_text()
    upstream.script(Step(raw=text[: text.rindex("data:")], content_type="text/event-stream"))
    answer = await provider.chat(model(upstream.url), request(stream=True))
    with pytest.raises(UpstreamCut, match="before the answer was complete"):
        await everything(answer)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"messages": 5}'])
async def test_a_request_that_is_none_is_the_callers_move(upstream, provider, body):
    with pytest.raises(CallError, match="not a chat completion request"):
        await provider.chat(model(upstream.url), ChatRequest(body=body))
    assert upstream.received == []


async def test_texts_become_vectors(upstream, provider):
    assert isinstance(provider, EmbeddingProvider)
    asked = texts(["a", "b"], dimensions=3, taskType="RETRIEVAL_QUERY", user="u1")
    answer = await provider.embeddings(model(upstream.url, name="gemini-embedding-001"), asked)
    assert msgspec.json.decode(answer.body) == {
        "object": "list",
        "model": "gemini-embedding-001",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [97 / 128, 0.25, 0.25]},
            {"object": "embedding", "index": 1, "embedding": [98 / 128, 0.25, 0.25]},
        ],
    }
    (received,) = upstream.received
    assert received.path == "/v1beta/models/gemini-embedding-001:batchEmbedContents"
    assert received.body["requests"][1] == {
        "model": "models/gemini-embedding-001",
        "content": {"parts": [{"text": "b"}]},
        "outputDimensionality": 3,
        "taskType": "RETRIEVAL_QUERY",
    }


async def test_vectors_come_as_base64_when_asked_so(upstream, provider):
    answer = await provider.embeddings(model(upstream.url), texts("a", dimensions=2, encoding_format="base64"))
    (vector,) = msgspec.json.decode(answer.body)["data"]
    assert struct.unpack("<2f", base64.b64decode(vector["embedding"])) == (97 / 128, 0.25)


async def test_more_texts_than_the_api_takes_go_in_several_requests_and_keep_their_order(upstream, provider):
    many = [chr(33 + number % 90) + str(number) for number in range(250)]
    answer = await provider.embeddings(model(upstream.url), texts(many, dimensions=1))
    data = msgspec.json.decode(answer.body)["data"]
    assert [len(received.body["requests"]) for received in upstream.received] == [100, 100, 50]
    assert [each["embedding"] for each in data] == [[ord(text[0]) / 128] for text in many]
    assert [each["index"] for each in data] == list(range(250))


async def test_usage_of_embeddings_is_told_when_the_api_tells_it(upstream, provider):
    upstream.script(as_json('{"embeddings": [{"values": [1.0]}], "usageMetadata": {"promptTokenCount": 4}}'))
    answer = await provider.embeddings(model(upstream.url), texts("a"))
    assert msgspec.json.decode(answer.body)["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("<html>", "holds no embeddings"),
        ("{}", "holds no embeddings"),
        ('{"embeddings": []}', "0 embeddings for 1 texts"),
    ],
)
async def test_what_holds_no_vectors_is_garbage(upstream, provider, raw, said):
    upstream.script(as_json(raw))
    with pytest.raises(UpstreamGarbage, match=said):
        await provider.embeddings(model(upstream.url), texts("a"))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"input": []}', b'{"input": [[1, 2]]}', b'{"input": ""}'])
async def test_an_embedding_request_that_is_none_is_the_callers_move(upstream, provider, body):
    with pytest.raises(CallError):
        await provider.embeddings(model(upstream.url), EmbeddingRequest(body=body))
    assert upstream.received == []
