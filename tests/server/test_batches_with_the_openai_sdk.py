"""The official OpenAI SDK has files of calls answered by hone."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator

import openai
import pytest
from openai import OpenAI
from openai.types import Batch

from hone.batches import _run
from hone.core import now_ns
from hone.gateway import Key
from hone.local import House
from hone.server import Server
from hone.testing import FakeUpstream, Step

CHAT = "/v1/chat/completions"


def line(name: str, model: str = "fast", url: str = CHAT, **more) -> dict:
    body = {"model": model, "messages": [{"role": "user", "content": f"hello {name}"}], **more}
    return {"custom_id": name, "method": "POST", "url": url, "body": body}


def begin(client: OpenAI, lines: list, endpoint: str = CHAT, **more) -> Batch:
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    file = client.files.create(file=("calls.jsonl", text.encode()), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h", **more)


def until(client: OpenAI, batch: Batch, *wanted: str, seconds: float = 30) -> Batch:
    end = time.monotonic() + seconds
    over = ("completed", "failed", "expired", "cancelled")
    while (found := client.batches.retrieve(batch.id)).status not in (wanted or over):
        assert found.status not in over and time.monotonic() < end, found
        time.sleep(0.05)
    return found


def read(client: OpenAI, file: str | None) -> dict[str, dict]:
    """The lines of a file, by custom_id."""
    if file is None:
        return {}
    found = [json.loads(text) for text in client.files.content(file).text.splitlines()]
    assert max(Counter(each["custom_id"] for each in found).values()) == 1, "a line has two answers"
    return {each["custom_id"]: each for each in found}


def content(answer: dict) -> str:
    return answer["response"]["body"]["choices"][0]["message"]["content"]


# -- what comes back


def test_every_line_is_answered_once_in_its_order(client, upstream):
    names = [f"q{n}" for n in range(100)]
    batch = begin(client, [line(name) for name in names], metadata={"for": "tests"})
    assert (batch.object, batch.status, batch.completion_window) == ("batch", "validating", "24h")
    assert batch.expires_at == batch.created_at + 86_400
    done = until(client, batch)
    assert done.status == "completed" and done.metadata == {"for": "tests"} and done.model == "fast"
    assert (done.request_counts.total, done.request_counts.completed, done.request_counts.failed) == (100, 100, 0)
    assert done.created_at <= done.in_progress_at <= done.finalizing_at <= done.completed_at
    assert done.errors is None and done.error_file_id is None and done.cancelled_at is None
    answers = read(client, done.output_file_id)
    assert list(answers) == names
    assert {name: content(answer) for name, answer in answers.items()} == {name: f"hello {name}" for name in names}
    one = answers["q7"]
    assert set(one) == {"id", "custom_id", "response", "error"} and one["error"] is None
    assert one["id"].startswith("batch_req_") and one["response"]["status_code"] == 200
    assert len(upstream.received) == 100
    assert (done.usage.input_tokens, done.usage.output_tokens, done.usage.total_tokens) == (200, 200, 400)
    file = client.files.retrieve(done.output_file_id)
    assert (file.purpose, file.filename) == ("batch_output", f"{batch.id}_output.jsonl")


def test_each_call_is_a_span_that_names_its_batch(client, spans):
    batch = begin(client, [line("a")], extra_headers={"x-hone-tags": "night", "x-hone-user": "ann"})
    answers = read(client, until(client, batch).output_file_id)
    (span,) = spans(answers["a"]["response"]["request_id"])
    assert set(span.tags) == {f"batch:{batch.id}", "night"} and span.user == "ann"


def test_a_task_is_answered_too(client):
    asked = line("t", "answer@concise", messages=[], hone={"input": {"question": "why?"}})
    assert content(read(client, until(client, begin(client, [asked])).output_file_id)["t"]) == "In one word: why?"


def test_embeddings_are_made_too(client, upstream):
    vectors = {"object": "list", "model": "small", "usage": {"prompt_tokens": 7, "total_tokens": 7},
               "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}]}  # fmt: skip
    upstream.script(Step(raw=json.dumps(vectors), content_type="application/json"))
    body = {"model": "fast", "input": "one"}
    wanted = {"custom_id": "e", "method": "POST", "url": "/v1/embeddings", "body": body}
    done = until(client, begin(client, [wanted], "/v1/embeddings"))
    assert read(client, done.output_file_id)["e"]["response"]["body"]["data"][0]["embedding"] == [0.5, -1.0]
    assert (done.usage.input_tokens, done.usage.output_tokens) == (7, 0)
    assert upstream.received[0].path == "/v1/embeddings"


@pytest.mark.parametrize(
    ("endpoint", "asked"), [("/v1/responses", {"input": "hello"}), ("/v1/completions", {"prompt": "hello"})]
)
def test_other_dialects_are_answered_in_their_own_words(client, endpoint, asked):
    wanted = {"custom_id": "a", "method": "POST", "url": endpoint, "body": {"model": "fast", **asked}}
    done = until(client, begin(client, [wanted], endpoint))
    body = read(client, done.output_file_id)["a"]["response"]["body"]
    said = body["choices"][0]["text"] if "choices" in body else body["output"][0]["content"][0]["text"]
    assert said == "hello" and done.usage.input_tokens > 0


def test_lines_that_fail_are_in_the_error_file_with_what_a_caller_would_be_told(client, upstream):
    upstream.script(Step(status=400, error="too long"))
    done = until(client, begin(client, [line("upstream")]))
    assert done.output_file_id is None
    answer = read(client, done.error_file_id)["upstream"]
    assert answer["response"]["status_code"] == 400 and answer["error"] is None
    assert answer["response"]["body"]["error"]["message"] == "too long"
    nothing = {"custom_id": "nothing", "method": "POST", "url": CHAT, "body": {}}
    done = until(client, begin(client, [line("good"), line("nobody", "nobody"), line("s", stream=True), nothing]))
    assert done.status == "completed"
    assert (done.request_counts.total, done.request_counts.completed, done.request_counts.failed) == (4, 1, 3)
    assert list(read(client, done.output_file_id)) == ["good"]
    failed = read(client, done.error_file_id)
    said = {name: (each["response"]["status_code"], each["response"]["body"]["error"]["message"])
            for name, each in failed.items()}  # fmt: skip
    assert said["nobody"][0] == 404 and "no task or model named 'nobody'" in said["nobody"][1]
    assert said["s"] == (400, "`stream` is asked for, and a batch cannot stream")
    assert said["nothing"][0] == 400 and "model" in said["nothing"][1]


def test_an_answer_over_several_lines_takes_one_line_of_the_output(client, upstream):
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "two\nlines"}, "finish_reason": "stop"}
    ]}  # fmt: skip
    upstream.script(Step(raw=json.dumps(body, indent=2), content_type="application/json"))
    done = until(client, begin(client, [line("a")]))
    assert content(read(client, done.output_file_id)["a"]) == "two\nlines"


def test_a_failure_of_the_moment_is_tried_again(client, upstream, monkeypatch):
    monkeypatch.setattr(_run, "_PAUSES", (0.01, 0.01))
    upstream.script(Step(status=503), Step(status=500))
    done = until(client, begin(client, [line("a", "fast")]))
    assert content(read(client, done.output_file_id)["a"]) == "hello a"
    upstream.script(*[Step(status=503)] * 3)
    done = until(client, begin(client, [line("b", "fast")]))
    assert read(client, done.error_file_id)["b"]["response"]["status_code"] == 503


# -- what is wrong with an input


def test_every_line_that_is_wrong_is_named(client, upstream):
    lines = [
        line("a"), "", "{broken", line("b", url="/v1/embeddings"), line("a"), {**line("c"), "method": "GET"},
        {"method": "POST", "url": CHAT, "body": {}}, {"custom_id": "d", "method": "POST", "url": CHAT},
        {**line("e"), "body": [1]}, "[]", {**line("f"), "custom_id": 7},
    ]  # fmt: skip
    failed = until(client, begin(client, lines))
    assert failed.status == "failed" and failed.failed_at and failed.output_file_id is None
    assert [(each.line, each.code, each.param) for each in failed.errors.data] == [
        (3, "invalid_json_line", None),
        (4, "mismatched_url", "url"),
        (5, "duplicate_custom_id", "custom_id"),
        (6, "invalid_method", "method"),
        (7, "missing_required_parameter", "custom_id"),
        (8, "missing_required_parameter", "body"),
        (9, "invalid_json_line", None),
        (10, "invalid_json_line", None),
        (11, "missing_required_parameter", "custom_id"),
    ]
    assert failed.errors.data[2].message == "the custom_id 'a' is that of line 1 too"
    assert upstream.received == [], "nothing is asked before everything is in order"


def test_an_input_without_lines_fails(client):
    failed = until(client, begin(client, ["", " \r"]))
    assert [each.code for each in failed.errors.data] == ["empty_file"]


def test_a_batch_that_cannot_begin_is_refused(client, http):
    file = client.files.create(file=("a", b"{}"), purpose="user_data")
    made = {"completion_window": "24h", "endpoint": CHAT, "input_file_id": file.id}
    for wrong, message in (
        ({}, "the purpose 'user_data'"),
        ({"input_file_id": "file-nobody"}, "there is no file 'file-nobody'"),
        ({"endpoint": "/v1/images"}, "it is one of /v1/chat/completions, /v1/responses"),
        ({"completion_window": "1h"}, "24h"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {"a": "x" * 600}}, "512"),
        ({"fun": 1}, "fun"),
    ):
        answer = http.post("/v1/batches", json={**made, **wrong})
        assert answer.status_code in (400, 404) and message in answer.json()["error"]["message"]
    assert http.post("/v1/batches", content=b"{").status_code == 400
    assert client.batches.list().data == []


# -- the list


def test_batches_are_listed_newest_first_page_by_page(client):
    made = [begin(client, [line("a")]).id for _ in range(5)]
    assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]
    page = client.batches.list(after=made[3], limit=2)
    assert [batch.id for batch in page.data] == [made[2], made[1]] and page.has_more
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_nobody")
    with pytest.raises(openai.NotFoundError):
        client.batches.list(after="batch_nobody")


def test_a_batch_says_where_its_vendor_is_cheaper(client, folder, house):
    with (folder / "hone.toml").open("a") as file:
        file.write('[models.claude]\nuse = "anthropic/claude-haiku-4-5"\nbase_url = "http://127.0.0.1:9"\n')
    house.reload()
    done = until(client, begin(client, [line("a", "fast")]))
    assert done.model_extra["hone"] == {"engine": "local", "vendor_batch_price": {}}
    asked = begin(client, [line("a", "claude")])
    until(client, asked, "in_progress", "completed")
    told = client.batches.retrieve(asked.id).model_extra["hone"]
    assert told == {"engine": "local", "vendor_batch_price": {"anthropic": 0.5}}


# -- its end before its time


def test_a_cancelled_batch_stops_soon_and_keeps_what_is_done(client, upstream):
    upstream.script(*[Step()] * 10, *[Step(latency=60)] * 30)
    batch = begin(client, [line(f"q{n}") for n in range(40)])
    while client.batches.retrieve(batch.id).request_counts.completed < 10:
        time.sleep(0.05)
    start = time.monotonic()
    assert client.batches.cancel(batch.id).status == "cancelling"
    done = until(client, batch)
    assert done.status == "cancelled" and time.monotonic() - start < 5
    assert done.cancelling_at <= done.cancelled_at and done.completed_at is None
    assert len(read(client, done.output_file_id)) == 10 and done.error_file_id is None
    assert (done.request_counts.total, done.request_counts.completed) == (40, 10)
    asked = len(upstream.received)
    assert asked <= 18
    time.sleep(0.5)
    assert len(upstream.received) == asked and upstream.left == asked - 10, "the upstream was told to stop"
    with pytest.raises(openai.ConflictError, match="is cancelled, and cannot be cancelled"):
        client.batches.cancel(batch.id)
    assert client.files.delete(batch.input_file_id).deleted


def test_the_input_of_a_running_batch_cannot_be_deleted(client, upstream):
    upstream.script(Step(latency=60))
    batch = begin(client, [line("a")])
    with pytest.raises(openai.ConflictError, match=f"the batch {batch.id} still reads"):
        client.files.delete(batch.input_file_id)
    client.batches.cancel(batch.id)


class TestTheEndOfADay:
    @pytest.fixture
    def late(self) -> list[int]:
        return [0]

    @pytest.fixture
    def house(self, folder, late) -> Iterator[House]:
        opened = House.open(folder, clock=lambda: now_ns() + late[0])
        yield opened
        opened.close()

    def test_a_batch_that_is_not_done_after_a_day_expires_with_what_there_is(self, client, upstream, late):
        upstream.script(*[Step()] * 5, *[Step(latency=60)] * 15)
        batch = begin(client, [line(f"q{n}") for n in range(20)])
        while client.batches.retrieve(batch.id).request_counts.completed < 5:
            time.sleep(0.05)
        late[0] = 86_401 * 1_000_000_000
        done = until(client, batch)
        assert done.status == "expired" and done.expired_at
        assert (done.request_counts.completed, done.request_counts.failed) == (5, 15)
        good, bad = read(client, done.output_file_id), read(client, done.error_file_id)
        assert len(good) == 5 and len(bad) == 15 and set(good) | set(bad) == {f"q{n}" for n in range(20)}
        assert {(each["response"], each["error"]["code"]) for each in bad.values()} == {(None, "batch_expired")}


# -- who asks, and for how much


LIMITS = """
[models.dear]
use = "openai-compatible/dear"
base_url = "{url}"
price = {{ input = 0.0, output = 1_000_000.0 }}
[budgets.few]
match = {{ tag = "few" }}
rate = "4 / second"
[budgets.tight]
match = {{ tag = "tight" }}
spend = "30 USD / day"
"""


@pytest.fixture
def folder(folder, upstream: FakeUpstream):
    with (folder / "hone.toml").open("a") as file:
        file.write(LIMITS.format(url=upstream.url))
    return folder


def test_a_rate_limit_makes_a_batch_wait_and_go_on(client, upstream):
    start = time.monotonic()
    batch = begin(client, [line(f"q{n}") for n in range(9)], extra_headers={"x-hone-tags": "few"})
    done = until(client, batch)
    assert done.status == "completed" and done.request_counts.completed == 9
    assert len(upstream.received) == 9
    assert time.monotonic() - start > 1.0, "it had to wait"


def test_an_upstream_that_is_limited_is_waited_for(client, upstream):
    upstream.script(Step(status=429, retry_after=1))
    done = until(client, begin(client, [line("a", "fast")]))
    assert content(read(client, done.output_file_id)["a"]) == "hello a"


def test_an_upstream_without_money_is_not_waited_for(client, upstream):
    out = {"error": {"message": "pay", "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}}
    upstream.script(Step(status=429, raw=json.dumps(out)))
    done = until(client, begin(client, [line("a")]))
    assert read(client, done.error_file_id)["a"]["response"]["status_code"] == 429


def test_while_one_batch_waits_another_goes_on(client, upstream):
    slow = begin(client, [line(f"q{n}") for n in range(100)], extra_headers={"x-hone-tags": "few"})
    assert until(client, begin(client, [line(f"q{n}") for n in range(50)]), seconds=10).status == "completed"
    assert client.batches.cancel(slow.id).status == "cancelling"


def test_a_spent_budget_fails_the_lines_that_are_left(client, upstream):
    upstream.script(*[Step(text="one two three")] * 10)
    lines = [line(f"q{n}", "dear", max_tokens=3) for n in range(20)]
    done = until(client, begin(client, lines, extra_headers={"x-hone-tags": "tight"}))
    assert (done.status, done.request_counts.completed, done.request_counts.failed) == ("completed", 10, 10)
    for answer in read(client, done.error_file_id).values():
        assert answer["response"]["status_code"] == 402
        assert answer["response"]["body"]["error"]["code"] == "budget_spent"


@pytest.fixture
def locked(house: House) -> Iterator[Server]:
    with Server(house, "127.0.0.1", 0, api_key="master") as server:
        yield server


@pytest.fixture
def holding(house: House, locked: Server) -> Iterator[Callable[..., OpenAI]]:
    made: list[OpenAI] = []

    def hold(**settings) -> OpenAI:
        _, secret = house.keys.create(Key(name=f"app{len(made)}", **settings), by="test")
        made.append(OpenAI(base_url=f"{locked.url}/v1", api_key=secret, max_retries=0))
        return made[-1]

    yield hold
    for client in made:
        client.close()


def test_a_key_sees_its_own_batches_and_the_master_key_all(holding, locked):
    ann, bob = holding(), holding()
    master = OpenAI(base_url=f"{locked.url}/v1", api_key="master", max_retries=0)
    done = until(ann, begin(ann, [line("a")]))
    assert content(read(ann, done.output_file_id)["a"]) == "hello a"
    assert [batch.id for batch in ann.batches.list()] == [done.id] == [batch.id for batch in master.batches.list()]
    assert bob.batches.list().data == []
    for ask in (bob.batches.retrieve, bob.batches.cancel):
        with pytest.raises(openai.NotFoundError):
            ask(done.id)
    with pytest.raises(openai.NotFoundError):
        bob.files.content(done.output_file_id)
    with pytest.raises(openai.NotFoundError):
        bob.batches.create(input_file_id=done.input_file_id, endpoint=CHAT, completion_window="24h")
    assert master.files.content(done.output_file_id).text
    master.close()


def test_a_batch_may_ask_for_what_its_key_may(holding, spans):
    app = holding(models=["fast"], tags=["tier:trial"])
    done = until(app, begin(app, [line("good", "fast"), line("bad", "backup")]))
    good, bad = read(app, done.output_file_id)["good"], read(app, done.error_file_id)["bad"]
    assert bad["response"]["status_code"] == 403
    (span,) = spans(good["response"]["request_id"])
    assert span.attributes["key"] == "app0" and "tier:trial" in span.tags


def test_a_batch_waits_for_the_limits_of_its_key(holding, upstream):
    app = holding(rate="4 / second")
    done = until(app, begin(app, [line(f"q{n}") for n in range(9)]))
    assert done.request_counts.completed == 9


def test_a_batch_whose_key_is_revoked_asks_no_more(holding, house, upstream):
    app = holding(rate="2 / second")
    batch = begin(app, [line(f"q{n}") for n in range(30)])
    while not app.batches.retrieve(batch.id).request_counts.completed:
        time.sleep(0.05)
    house.keys.revoke("app0")
    master = OpenAI(base_url=app.base_url, api_key="master", max_retries=0)
    done = until(master, batch)
    assert done.status == "completed" and done.request_counts.failed > 20
    failed = read(master, done.error_file_id)
    assert {each["response"]["status_code"] for each in failed.values()} == {401}
    master.close()


# -- beside the others


def test_calls_of_batches_are_few_at_once(client, upstream, house):
    upstream.script(*[Step(latency=0.3)] * 60)
    for _ in range(3):
        begin(client, [line(f"q{n}") for n in range(20)])
    seen = 0
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        before = len(upstream.received)
        time.sleep(0.29)
        seen = max(seen, len(upstream.received) - before)
    assert 0 < seen <= 2 * house.project.server.batch_concurrency


def test_a_server_that_stops_leaves_a_batch_to_the_next(house, upstream):
    upstream.script(*[Step(latency=0.1)] * 200)
    names = [f"q{n}" for n in range(60)]
    with Server(house, "127.0.0.1", 0) as first, OpenAI(base_url=f"{first.url}/v1", api_key="any") as client:
        batch = begin(client, [line(name) for name in names])
        while client.batches.retrieve(batch.id).request_counts.completed < 10:
            time.sleep(0.02)
    house.close()
    again = House.open(house.project.root)
    start = time.monotonic()
    with Server(again, "127.0.0.1", 0) as second, OpenAI(base_url=f"{second.url}/v1", api_key="any") as client:
        assert client.batches.retrieve(batch.id).status == "in_progress"
        done = until(client, batch)
        assert time.monotonic() - start < 8, "it was let go, so nobody waits for a hold to run out"
        assert list(read(client, done.output_file_id)) == names
    again.close()
