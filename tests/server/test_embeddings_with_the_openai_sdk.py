"""`/v1/embeddings` as the official SDK asks for it: a model elsewhere, and one in this process."""

import base64
import json
from pathlib import Path

import numpy as np
import openai
import pytest
from openai import OpenAI

from hone.core import from_json
from hone.providers._minilm import minilm
from hone.testing import Step

VECTOR = [0.25, -0.5, 1.0]


@pytest.fixture
def folder(folder: Path) -> Path:
    with (folder / "hone.toml").open("a") as toml:
        toml.write('\n[models.meaning]\nuse = "local/minilm"\n[models.nowhere]\nuse = "local/maxilm"\n')
    return folder


def embedded(*vectors: list[float], **more) -> Step:
    data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
    body = {"object": "list", "data": data, "model": "small", "usage": {"prompt_tokens": 7, "total_tokens": 7}, **more}
    return Step(raw=json.dumps(body), content_type="application/json")


def test_a_request_is_relayed_and_its_span_tells_what_it_cost(client: OpenAI, upstream, spans):
    upstream.script(embedded(VECTOR, VECTOR))
    raw = client.embeddings.with_raw_response.create(
        model="fast", input=["one", "two"], encoding_format="float", dimensions=3,
        extra_headers={"x-hone-session": "s1", "x-hone-tags": "search"},
    )  # fmt: skip
    assert [each.embedding for each in raw.parse().data] == [VECTOR, VECTOR]
    (received,) = upstream.received
    assert received.path == "/v1/embeddings"
    assert received.body == {"model": "small", "input": ["one", "two"], "encoding_format": "float", "dimensions": 3}
    assert received.headers["authorization"] == "Bearer the-upstream-key"
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.kind, span.name, span.session, span.tags) == ("llm", "fast", "s1", ("search",))
    assert (span.input_tokens, span.output_tokens) == (7, 0)
    assert span.cost == pytest.approx(7e-6)
    assert float(raw.headers["x-hone-cost"]) == pytest.approx(7e-6)
    assert from_json(span.input) == ["one", "two"]
    assert from_json(span.output) == {"embeddings": 2}
    assert span.attributes["parameters"] == {"encoding_format": "float", "dimensions": 3}


def test_a_model_in_this_process_gives_the_vectors_that_search_uses(client: OpenAI, spans):
    raw = client.embeddings.with_raw_response.create(model="meaning", input=["a lost parcel", "a cup of tea"])
    found = [np.array(each.embedding, np.float32) for each in raw.parse().data]  # base64 on the wire
    assert np.allclose(found, minilm().embed(["a lost parcel", "a cup of tea"]), atol=1e-6)
    as_floats = client.embeddings.create(model="local/minilm", input="a lost parcel", encoding_format="float")
    assert np.allclose(as_floats.data[0].embedding, found[0], atol=1e-6)
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.cost == 0.0
    assert span.input_tokens == raw.parse().usage.prompt_tokens == 11  # seven words, [CLS] and [SEP] twice


def test_floats_and_base64_say_the_same(http):
    one, other = (
        http.post("/v1/embeddings", json={"model": "meaning", "input": "hi", "encoding_format": kind}).json()
        for kind in ("float", "base64")
    )
    unpacked = np.frombuffer(base64.b64decode(other["data"][0]["embedding"]), "<f4")
    assert np.allclose(one["data"][0]["embedding"], unpacked)


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"model": "answer", "input": "x"}, openai.BadRequestError, "is a task"),
        ({"model": "floor", "input": "x"}, openai.BadRequestError, "makes no embeddings"),
        ({"model": "nowhere", "input": "x"}, openai.NotFoundError, "no local model 'maxilm'"),
        ({"model": "meaning", "input": "x", "dimensions": 12}, openai.BadRequestError, "384 dimensions, not 12"),
        ({"model": "meaning", "input": []}, openai.BadRequestError, "a text or 1 to 2,048"),
        ({"model": "meaning", "input": [[1, 2]]}, openai.BadRequestError, "a local model can serve"),
        ({"model": "maening", "input": "x"}, openai.NotFoundError, "did you mean `meaning`"),
    ],
)
def test_a_mistake_is_the_callers_own_exception(client: OpenAI, spans, asked, kind, said):
    with pytest.raises(kind, match=said) as caught:
        client.embeddings.create(**asked)
    (span,) = spans(caught.value.response.headers["x-hone-trace-id"])
    assert span.status == "error"


def test_a_body_without_input_is_refused(http):
    answer = http.post("/v1/embeddings", json={"model": "fast"})
    assert (answer.status_code, "`input` is missing" in answer.text) == (400, True)
    assert http.get("/v1/embeddings").status_code == 405


def test_an_embedding_model_does_not_converse(client: OpenAI):
    with pytest.raises(openai.BadRequestError, match="makes embeddings and answers no questions"):
        client.chat.completions.create(model="meaning", messages=[{"role": "user", "content": "hi"}])


def test_an_upstream_that_answers_with_something_else_is_not_passed_on(client: OpenAI, upstream):
    upstream.script(Step(raw="<html>", content_type="text/html"))
    with pytest.raises(openai.InternalServerError, match="holds no embeddings"):
        client.embeddings.create(model="fast", input="x")


def test_its_errors_keep_their_status_and_words(client: OpenAI, upstream):
    upstream.script(Step(status=429, error="slow down", retry_after=7))
    with pytest.raises(openai.RateLimitError, match="slow down") as caught:
        client.embeddings.create(model="fast", input="x")
    assert caught.value.response.headers["retry-after"] == "7"


def test_a_stream_of_vectors_is_refused_before_a_model_is_asked(client: OpenAI, upstream):
    with pytest.raises(openai.BadRequestError, match="vectors come whole"):
        client.embeddings.create(model="fast", input="one", extra_body={"stream": True})
    assert upstream.received == []
