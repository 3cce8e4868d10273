"""Answers that are used again, over real HTTP: which calls have them, what they cost, who shares them."""

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai
import pytest
from openai import OpenAI

from hone.gateway import Key, _cache
from hone.local import Bench, Hone, House, Options
from hone.server import Server
from hone.testing import FakeUpstream, Step

TASKS = """
[tasks.often]
input = {{ question = "string" }}
models = ["fast", "backup"]
prompt = "answer"
cache = "1h"
[tasks.often.variants.concise]
prompt = "concise"
[tasks.often-too]
input = {{ question = "string" }}
models = ["fast"]
prompt = "answer"
cache = "1h"
[tasks.brief]
models = ["fast"]
cache = "1s"

[models.quiet]
use = "openai-compatible/quiet"
base_url = "{url}"
privacy = "confidential"
[tasks.sealed]
models = ["quiet"]
privacy = "confidential"
[tasks.kept]
models = ["quiet"]
privacy = "confidential"
cache = "1h"

[budgets.tight]
match = {{ tag = "tight" }}
spend = "1 USD / day"
tokens = "1000 / day"
"""
TOOL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": "the clock"}'}}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test fails because a machine is slow."""
    monkeypatch.setattr(_cache, "PATIENCE", 5.0)


@pytest.fixture
def folder(folder: Path, upstream: FakeUpstream) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(TASKS.format(url=upstream.url))
    return folder


def ask(client: OpenAI, model: str = "often", text: str = "What time is it?", **more: Any) -> tuple[str, Any]:
    """What `x-hone-cache` says, and the completion."""
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": text}], **more
    )
    return raw.headers["x-hone-cache"], raw.parse()


def stream(client: OpenAI, model: str = "often", text: str = "What time is it?", **more: Any) -> tuple[str, list[Any]]:
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": text}], stream=True, **more
    )
    return raw.headers["x-hone-cache"], list(raw.parse())


def said(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def model_span(spans: Any, trace_id: str) -> Any:
    (found,) = [span for span in spans(trace_id, 2) if span.kind == "llm"]
    return found


# -- hits


def test_a_question_that_comes_again_is_answered_without_asking_and_costs_nothing(client, upstream, spans):
    upstream.script(Step(text="It is noon."))
    first = client.chat.completions.with_raw_response.create(
        model="often", messages=[{"role": "user", "content": "What time is it?"}]
    )
    again = client.chat.completions.with_raw_response.create(
        model="often", messages=[{"role": "user", "content": "What time is it?"}], user="somebody else"
    )
    assert (first.headers["x-hone-cache"], again.headers["x-hone-cache"]) == ("miss", "hit")
    assert len(upstream.received) == 1
    assert again.content == first.content
    assert (again.headers["x-hone-cost"], again.headers["x-hone-variant"]) == ("0", "often@baseline")
    asked, known = (model_span(spans, each.headers["x-hone-trace-id"]) for each in (first, again))
    assert asked.attributes["cache"] == "miss"
    assert (known.attributes["cache"], known.attributes["cached_trace"]) == ("hit", asked.trace_id)
    assert (known.cost, known.input_tokens, known.output_tokens) == (0.0, asked.input_tokens, asked.output_tokens)
    assert asked.cost > 0
    assert (known.model, known.input, known.output) == ("fast", asked.input, asked.output)


def test_without_a_word_in_the_project_nothing_is_kept(client, upstream):
    assert [ask(client, "answer")[0], ask(client, "answer")[0]] == ["off", "off"]
    assert len(upstream.received) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"text": "What day is it?"},
        {"temperature": 0.9},
        {"model": "often@concise"},
        {"model": "often-too"},
        {"model": "often@staging-that-nobody-released"},
        {"extra_body": {"seed": 7}},
        {"tools": [{"type": "function", "function": {"name": "look"}}]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_whatever_the_answer_depends_on_makes_another_question(client, upstream, other):
    assert ask(client)[0] == "miss"
    try:
        assert ask(client, **other)[0] == "miss"
    except openai.NotFoundError:
        assert other["model"].startswith("often@staging"), "an environment that is not there is no hit either"


def test_an_edited_prompt_is_another_question(folder, upstream):
    for text, expected in (("Be kind.", "miss"), ("Be kind.", "hit"), ("Be curt.", "miss")):
        (folder / "prompts" / "answer.prompt.md").write_text(f"# system\n\n{text}\n\n# user\n\n{{{{ question }}}}\n")
        house = House.open(folder)
        with Server(house, "127.0.0.1", 0) as server, OpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
            assert ask(client)[0] == expected
        house.close()


def test_what_says_only_who_asks_makes_no_other_question(client, upstream):
    assert ask(client, user="ann", metadata={"page": "1"})[0] == "miss"
    assert ask(client, user="bob", extra_headers={"x-hone-session": "s", "x-hone-tags": "t"})[0] == "hit"


def test_the_order_of_fields_is_no_difference(http, upstream):
    messages = '[{"role": "user", "content": "hello"}]'
    other = '[{"content": "hello", "role": "user"}]'
    one = http.post("/v1/chat/completions", content=f'{{"model": "brief", "top_p": 1, "messages": {messages}}}')
    two = http.post("/v1/chat/completions", content=f'{{"messages": {other}, "model":"brief", "top_p":1}}')
    assert (one.headers["x-hone-cache"], two.headers["x-hone-cache"]) == ("miss", "hit")


# -- streams


def test_a_whole_answer_is_told_as_a_stream_and_a_stream_as_a_whole(client, upstream):
    upstream.script(Step(text="It is  noon,\nand warm."), Step(text="It is  one."))
    whole = ask(client)[1]
    state, chunks = stream(client, stream_options={"include_usage": True})
    assert (state, said(chunks)) == ("hit", "It is  noon,\nand warm.")
    assert (chunks[-2].choices[0].finish_reason, chunks[-1].usage) == ("stop", whole.usage)
    assert {chunk.id for chunk in chunks} == {whole.id}
    assert all(chunk.usage is None for chunk in stream(client)[1]), "nobody asked for it"

    state, chunks = stream(client, text="And now?")
    assert (state, said(chunks)) == ("miss", "It is  one.")
    state, known = ask(client, text="And now?")
    assert (state, known.choices[0].message.content, known.choices[0].finish_reason) == ("hit", "It is  one.", "stop")
    assert (known.usage.prompt_tokens, known.usage.completion_tokens) == (5, 3)
    assert known.id == chunks[0].id
    assert len(upstream.received) == 2


@pytest.mark.parametrize("streamed_first", [False, True])
def test_calls_of_tools_survive_both_ways(client, upstream, streamed_first):
    upstream.script(Step(tool_calls=[TOOL, TOOL | {"id": "call_2"}]))
    tools = [{"type": "function", "function": {"name": "look"}}]
    ways = [stream, ask] if streamed_first else [ask, stream]
    assert ways[0](client, tools=tools)[0] == "miss"
    state, found = ways[1](client, tools=tools)
    assert state == "hit"
    if streamed_first:
        message = found.choices[0].message
        assert [call.model_dump(exclude_none=True) for call in message.tool_calls] == [TOOL, TOOL | {"id": "call_2"}]
        assert (message.content, found.choices[0].finish_reason) == (None, "tool_calls")
        return
    deltas = [call for chunk in found for call in (chunk.choices[0].delta.tool_calls or [])]
    assert [(call.index, call.id, call.function.arguments) for call in deltas] == [
        (0, "call_1", TOOL["function"]["arguments"]),
        (1, "call_2", TOOL["function"]["arguments"]),
    ]
    assert found[-1].choices[0].finish_reason == "tool_calls"


def test_a_hit_as_a_stream_says_what_it_costs(http, upstream):
    body = {"model": "often", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    for cost in (None, "0"):
        answer = http.post("/v1/chat/completions", json=body)
        assert answer.headers.get("x-hone-cost") == cost
        assert answer.text.endswith("data: [DONE]\n\n")


# -- what is not kept


@pytest.mark.parametrize(
    "step", [Step(finish="length"), Step(finish="content_filter"), Step(finish="error")], ids=lambda step: step.finish
)
@pytest.mark.parametrize("way", [ask, stream])
def test_an_answer_that_did_not_end_by_itself_is_not_kept(client, upstream, step, way):
    upstream.script(step)
    assert way(client)[0] == "miss"
    assert way(client)[0] == "miss"
    assert len(upstream.received) == 2


def test_a_stream_that_was_cut_or_left_is_not_kept(client, upstream):
    upstream.script(Step(text="one two three", cut_after=2), Step(text="word " * 100, between=0.02))
    with pytest.raises(openai.APIError):
        stream(client)
    with client.chat.completions.create(
        model="often", messages=[{"role": "user", "content": "What time is it?"}], stream=True
    ) as answer:
        next(iter(answer))
    assert ask(client)[0] == "miss"


def test_several_samples_are_not_kept(client, upstream):
    assert [ask(client, n=2)[0], ask(client, n=2)[0]] == ["off", "off"]
    assert len(upstream.received) == 2


def test_what_a_fallback_says_is_not_kept_for_the_first_model(client, upstream, second):
    upstream.script(Step(status=500))
    second.script(Step(text="from the second"))
    assert ask(client)[1].choices[0].message.content == "from the second"
    assert ask(client)[0] == "miss"
    assert ask(client)[0] == "hit"
    assert len(upstream.received) == 2


def test_an_answer_is_used_only_as_long_as_the_task_says(client, upstream):
    assert [ask(client, "brief")[0], ask(client, "brief")[0]] == ["miss", "hit"]
    time.sleep(1.1)
    assert ask(client, "brief")[0] == "miss"


# -- the caller's word


def test_a_caller_can_want_a_younger_answer_than_the_task_does(client, upstream):
    wish = {"extra_body": {"hone": {"cache": "1s"}}}
    assert ask(client)[0] == "miss"
    time.sleep(1.1)
    assert [ask(client)[0], ask(client, **wish)[0], ask(client, **wish)[0]] == ["hit", "miss", "hit"]


def test_a_caller_can_do_without_or_ask_anew(client, upstream):
    upstream.script(Step(text="old"), Step(text="aside"), Step(text="aside"), Step(text="new"))
    assert ask(client)[0] == "miss"
    assert ask(client, extra_body={"hone": {"cache": False}})[0] == "off"
    assert ask(client, extra_headers={"cache-control": "no-store"})[0] == "off"
    assert ask(client)[1].choices[0].message.content == "old"
    assert ask(client, extra_headers={"cache-control": "max-age=0, no-cache"})[0] == "miss"
    state, known = ask(client)
    assert (state, known.choices[0].message.content) == ("hit", "new")


def test_a_caller_can_ask_for_it_where_the_project_does_not(client, upstream):
    wish = {"extra_body": {"hone": {"cache": "1h"}}}
    assert [ask(client, "fast", **wish)[0], ask(client, "fast", **wish)[0]] == ["miss", "hit"]
    assert ask(client, "fast")[0] == "off"
    assert [ask(client, "answer", **wish)[0], ask(client, "answer", **wish)[0]] == ["miss", "hit"]
    assert "hone" not in upstream.received[0].body


@pytest.mark.parametrize("value", ["soon", "90d", True, ""])
def test_a_wish_that_cannot_be_read_is_refused(client, value):
    with pytest.raises(openai.BadRequestError, match=r"hone\.cache"):
        ask(client, "fast", extra_body={"hone": {"cache": value}})


def test_vectors_are_kept_where_the_caller_asks(client, upstream, spans):
    vectors = {"data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 7}}
    upstream.script(*[Step(raw=json.dumps(vectors), content_type="application/json")] * 3)

    def embed(**more: Any) -> str:
        return client.embeddings.with_raw_response.create(model="fast", input="a text", **more).headers["x-hone-cache"]

    wish = {"extra_body": {"hone": {"cache": "1h"}}}
    assert [embed(), embed(**wish), embed(**wish), embed(dimensions=4, **wish)] == ["off", "miss", "hit", "miss"]
    assert len(upstream.received) == 3
    known = next(span for span in spans(None, 4) if span.attributes.get("cache") == "hit")
    assert (known.input, known.input_tokens, known.cost) == ('"a text"', 7, 0.0)


# -- who shares


def key_of(house: House, server: Server, name: str) -> OpenAI:
    _, secret = house.keys.create(Key(name=name), by="test")
    return OpenAI(base_url=f"{server.url}/v1", api_key=secret, max_retries=0)


def test_keys_share_the_answers_of_a_task_and_of_nothing_else(house, server, upstream):
    with key_of(house, server, "ann") as ann, key_of(house, server, "bob") as bob:
        assert [ask(ann)[0], ask(bob)[0]] == ["miss", "hit"]
        wish = {"extra_body": {"hone": {"cache": "1h"}}}
        assert [ask(ann, "fast", **wish)[0], ask(bob, "fast", **wish)[0], ask(ann, "fast", **wish)[0]] == [
            "miss", "miss", "hit"
        ]  # fmt: skip
        assert [ask(ann, "kept")[0], ask(bob, "kept")[0], ask(ann, "kept")[0]] == ["miss", "miss", "hit"]


def test_what_is_private_is_kept_only_if_the_project_says_so(client, house, upstream):
    wish = {"extra_body": {"hone": {"cache": "1h"}}}
    for model in ("sealed", "quiet"):
        assert [ask(client, model)[0], ask(client, model, **wish)[0], ask(client, model, **wish)[0]] == ["off"] * 3
    assert [ask(client, "kept")[0], ask(client, "kept")[0]] == ["miss", "hit"]
    house.close()
    rows = sqlite3.connect(house.project.state / "hone.db").execute("SELECT task FROM cached_answers").fetchall()
    assert rows == [("kept",)]


def test_another_mark_is_another_question(folder, upstream):
    found = []
    for mark in ("confidential", "secret"):
        text = (folder / "hone.toml").read_text().replace('"confidential"', f'"{mark}"')
        (folder / "hone.toml").write_text(text)
        house = House.open(folder)
        with Server(house, "127.0.0.1", 0) as server, OpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
            found.append(ask(client, "kept")[0])
        house.close()
    assert found == ["miss", "miss"]


def test_a_hit_is_charged_to_no_budget(client, house, upstream):
    upstream.script(Step(text="one two three"))
    for _ in range(3):
        ask(client, "often-too", max_tokens=10, extra_headers={"x-hone-tags": "tight"})
    house.gateway.admission.tick()
    used = {each.measure: each.used for each in house.budgets() if each.budget == "tight"}
    assert used["spend"] == pytest.approx((7 * 1 + 3 * 2) / 1_000_000)
    assert used["tokens"] == pytest.approx(10, abs=0.5)


def test_an_experiment_asks_anew(folder, house, client, upstream):
    ask(client)
    time.sleep(0.2)
    here = Hone(House.open(folder))
    data = [{"input": "What time is it?", "expected": "x"}]
    run = Bench(here.house, here).evaluate(["often"], data, Options(evaluators=["exact"]))
    here.close()
    assert len(run.results) == 1
    assert len(upstream.received) == 2


# -- many at once


def test_equal_calls_at_once_ask_once(client, upstream):
    upstream.script(Step(text="slow", latency=0.5))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: ask(client), range(8)))
    assert sorted(state for state, _ in found) == ["hit"] * 7 + ["miss"]
    assert {answer.choices[0].message.content for _, answer in found} == {"slow"}
    assert len(upstream.received) == 1


def test_when_the_first_of_many_fails_each_goes_on_by_itself(client, upstream, second):
    upstream.script(Step(status=400, error="no", latency=0.5))
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(ask, client) for _ in range(4)]
        errors = [each.exception() for each in calls]
    assert [type(error) for error in errors if error] == [openai.BadRequestError]
    assert len(upstream.received) == 4


def test_when_the_first_of_many_leaves_the_others_are_answered(client, server, upstream):
    upstream.script(Step(text="late", latency=3))
    body = {"model": "often", "messages": [{"role": "user", "content": "What time is it?"}]}
    with ThreadPoolExecutor(2) as threads:
        leaver = threads.submit(httpx.post, f"{server.url}/v1/chat/completions", json=body, timeout=0.7)
        time.sleep(0.3)
        waiter = threads.submit(ask, client)
        assert isinstance(leaver.exception(), httpx.TimeoutException)
        assert waiter.result(timeout=2)[0] == "miss"


def test_when_one_of_those_who_wait_leaves_the_others_are_answered(client, server, upstream):
    upstream.script(Step(text="late", latency=1.5))
    body = {"model": "often", "messages": [{"role": "user", "content": "What time is it?"}]}
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(ask, client)
        time.sleep(0.3)
        leaver = threads.submit(httpx.post, f"{server.url}/v1/chat/completions", json=body, timeout=0.4)
        waiter = threads.submit(ask, client)
        assert isinstance(leaver.exception(), httpx.TimeoutException)
        assert [first.result()[0], waiter.result()[0]] == ["miss", "hit"]
    assert len(upstream.received) == 1


# -- processes


def test_an_answer_outlives_the_process_and_is_shared_with_others(folder, upstream):
    houses = [House.open(folder) for _ in range(2)]
    found = []
    for house in houses:
        with Server(house, "127.0.0.1", 0) as server, OpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
            found.append(ask(client)[0])
            house._cache._writer.close()
    assert found == ["miss", "hit"]
    for house in houses:
        house.close()


def test_what_is_cleared_elsewhere_is_forgotten_within_a_second(folder, client, house, upstream):
    other = House.open(folder)
    assert [ask(client)[0], ask(client)[0], ask(client, "often-too")[0]] == ["miss", "hit", "miss"]
    time.sleep(0.2)
    assert [(each.task, each.entries) for each in other.answers.occupied(other.clock())] == [
        ("often", 1), ("often-too", 1)
    ]  # fmt: skip
    assert other.answers.clear("often", other.clock()) == 1
    time.sleep(1.1)
    assert [ask(client)[0], ask(client, "often-too")[0]] == ["miss", "hit"]
    other.answers.clear(None, other.clock())
    time.sleep(1.1)
    assert ask(client, "often-too")[0] == "miss"
    other.close()
