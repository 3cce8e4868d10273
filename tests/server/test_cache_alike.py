"""Questions that mean nearly the same share an answer, where a task says so: with the real MiniLM, over real HTTP."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openai import OpenAI

from hone.gateway import Questions, _cache
from hone.local import House
from hone.providers import _minilm
from hone.server import Server
from hone.store import AskedBefore
from hone.testing import FakeUpstream

TASKS = """
[tasks.near]
input = {{ question = "string", days = "integer" }}
models = ["fast"]
prompt = "near"
cache = "1h"
cache_similarity = 0.9
[tasks.near.variants.other]
parameters = {{ temperature = 0.1 }}
[tasks.grounded]
input = {{ question = "string" }}
models = ["fast"]
prompt = "look-up"
knowledge = "handbook"
cache = "1h"
cache_similarity = 0.9
"""
FIRST, SAME = "When do I get my money back?", "When will I get my money back?"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test fails because a machine is slow."""
    monkeypatch.setattr(_cache, "PATIENCE", 10.0)
    monkeypatch.setattr(_cache, "MEANING", 10.0)


@pytest.fixture
def folder(folder: Path, upstream: FakeUpstream) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(TASKS.format())
    (folder / "prompts" / "near.prompt.md").write_text("# user\n\nWithin {{ days }} days: {{ question }}\n")
    return folder


def ask(client: OpenAI, question: str, model: str = "near", days: int = 3, **more: Any) -> Any:
    values = {"question": question} | ({"days": days} if model.startswith("near") else {})
    return client.chat.completions.with_raw_response.create(
        model=model, messages=more.pop("messages", []), extra_body={"hone": {"input": values}}, **more
    )


def state(answer: Any) -> str:
    time.sleep(0.1)  # the question is remembered beside the call
    return str(answer.headers["x-hone-cache"])


def test_a_question_that_means_the_same_has_the_same_answer_and_its_span_says_how_near_it_was(client, upstream, spans):
    first, again = ask(client, FIRST), None
    assert state(first) == "miss"
    again = ask(client, SAME)
    assert (state(again), again.content) == ("hit", first.content)
    assert len(upstream.received) == 1
    (span,) = [each for each in spans(again.headers["x-hone-trace-id"], 2) if each.kind == "llm"]
    assert span.attributes["cached_trace"] == first.headers["x-hone-trace-id"]
    assert span.attributes["similarity"] == pytest.approx(0.97, abs=0.01)
    assert SAME in span.input
    assert span.cost == 0.0


def test_a_question_with_another_meaning_or_other_numbers_is_asked(client, upstream):
    assert state(ask(client, "Is a parcel lost after 7 days?")) == "miss"
    assert state(ask(client, "How do I reset my password?")) == "miss"
    assert state(ask(client, "Is a parcel lost after 14 days?")) == "miss"
    assert state(ask(client, "Is the parcel lost after 7 days?")) == "hit"


@pytest.mark.parametrize(
    "other",
    [
        {"days": 4}, {"model": "near@other"}, {"temperature": 0.9}, {"stop": "."},
        {"messages": [{"role": "user", "content": "I am in Bern."}]},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_everything_but_the_question_must_be_equal(client, upstream, other):
    assert state(ask(client, FIRST)) == "miss"
    assert state(ask(client, SAME, **other)) == "miss"
    assert state(ask(client, SAME)) == "hit"


def test_other_knowledge_is_another_scope(folder, upstream):
    found = []
    for text in ("# Refunds\n\nA refund is paid.\n", "# Refunds\n\nA refund is never paid.\n"):
        (folder / "docs" / "handbook.md").write_text(text)
        house = House.open(folder)
        with Server(house, "127.0.0.1", 0) as server, OpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
            found += [state(ask(client, FIRST if not found else SAME, "grounded"))]
        house.close()
    assert found == ["miss", "miss"]


def test_questions_outlive_the_process(folder, upstream):
    for question, expected in ((FIRST, "miss"), (SAME, "hit")):
        house = House.open(folder)
        with Server(house, "127.0.0.1", 0) as server, OpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
            assert state(ask(client, question)) == expected
        house.close()


def test_what_was_cleared_answers_no_similar_question(client, house, upstream):
    ask(client, FIRST)
    time.sleep(0.3)
    assert house.answers.clear("near", house.clock()) == 1
    time.sleep(1.1)
    assert state(ask(client, SAME)) == "miss"


def test_without_the_model_only_equal_questions_are_hits(client, upstream, monkeypatch, caplog):
    monkeypatch.setattr(_minilm, "_loaded", {})
    monkeypatch.setattr(_minilm, "WHEEL", "a-wheel-that-is-not-there")
    assert [state(ask(client, each)) for each in (FIRST, SAME, FIRST)] == ["miss", "miss", "hit"]
    assert caplog.text.count("semantic search needs an extra that is not installed") == 1


def test_the_nearest_of_many_is_found_and_the_oldest_are_forgotten():
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(12_000, 16)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    questions = Questions(16)
    for at, vector in enumerate(vectors):
        questions.add(AskedBefore(str(at), "?", vector.tobytes(), at, at))
    questions.add(AskedBefore("11999", "?", vectors[11_999].tobytes(), 1, 1))
    assert 9_000 <= len(questions) <= 10_000
    for at in (11_999, 11_000, 5_000):
        best = questions.nearest("?", vectors[at], 0.999, lambda _: True)
        assert best is not None
        assert (best[0].address, round(best[1], 4)) == (str(at), 1.0)
    assert questions.nearest("?", vectors[3], 0.999, lambda _: True) is None
    assert questions.nearest("?", vectors[5_000], 0.999, lambda _: False) is None
    kept = [each for each in vectors[3_000:] if each @ vectors[0] < 1]
    best = questions.nearest("?", vectors[0], -1.0, lambda _: True)
    assert best is not None
    assert best[1] == pytest.approx(max(float(each @ vectors[0]) for each in kept), abs=1e-6)
