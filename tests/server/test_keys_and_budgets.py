"""Keys, limits and budgets over real HTTP: what callers get, what is counted, what survives."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anthropic  # noqa: F401 - imported before threads begin, for its import is slow
import httpx2 as httpx
import openai
import pytest
from openai import OpenAI

from hone.errors import NotAllowed
from hone.gateway import Key
from hone.local import House
from hone.server import Server
from hone.store import AccessKeys
from hone.testing import FakeUpstream, Step

MESSAGES = [{"role": "user", "content": "hello"}]
BUDGETS = """
[models.dear]
use = "openai-compatible/dear"
base_url = "{url}"
price = {{ input = 0.0, output = 1_000_000.0 }}
[models.nameless]
use = "openai-compatible/nameless"
base_url = "{url}"
[tasks.paid]
models = ["dear"]

[budgets.few]
match = {{ tag = "few" }}
rate = "10 / day"
[budgets.tight]
match = {{ tag = "tight" }}
spend = "30 USD / day"
[budgets.trial]
match = {{ tier = "trial" }}
per = "user"
tokens = "100 / day"
"""


@pytest.fixture
def folder(folder: Path, upstream: FakeUpstream) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(BUDGETS.format(url=upstream.url))
    return folder


def tagged(client: OpenAI, tag: str, model: str = "dear", **more):
    return client.chat.completions.with_raw_response.create(
        model=model, messages=MESSAGES, extra_headers={"x-hone-tags": tag, **more.pop("headers", {})}, **more
    )


def used(house: House) -> dict[tuple[str, str], float]:
    house.gateway.admission.tick()
    return {(each.budget, each.who): each.used for each in house.budgets()}


# -- limits


def test_a_rate_lets_so_many_pass_and_says_when_to_come_back(client, house):
    seen = [tagged(client, "few", "fast").headers["ratelimit"] for _ in range(10)]
    assert seen[0].startswith('"few";r=9;') and seen[-1].startswith('"few";r=0;')
    with pytest.raises(openai.RateLimitError, match="allows 10 calls a day") as refused:
        tagged(client, "few", "fast")
    headers = refused.value.response.headers
    assert headers["ratelimit-policy"] == '"few";q=10;w=86400'
    assert 8000 < int(headers["retry-after"]) <= 8640
    assert client.chat.completions.create(model="fast", messages=MESSAGES).choices, "other calls are not limited"


def test_a_budget_reserves_before_and_settles_after(client, upstream, house):
    # The answer has three tokens at a dollar each; ten were reserved.
    upstream.script(*[Step(text="one two three")] * 9)
    for _ in range(7):
        tagged(client, "tight", max_tokens=10)
    assert used(house)["tight", ""] == pytest.approx(21.0)
    with pytest.raises(openai.APIStatusError, match=r"\$9 is left, and this call may cost \$10") as refused:
        tagged(client, "tight", max_tokens=10)
    assert (refused.value.status_code, refused.value.type) == (402, "insufficient_quota")
    assert tagged(client, "tight", max_tokens=9).parse().choices, "a cheaper one fits"


def test_a_stream_is_settled_at_its_end(client, upstream, house):
    upstream.script(Step(text="one two three"))
    stream = client.chat.completions.create(
        model="dear", messages=MESSAGES, stream=True, max_tokens=10, extra_headers={"x-hone-tags": "tight"}
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "one two three"
    assert used(house)["tight", ""] == pytest.approx(3.0)


def test_a_caller_who_leaves_pays_for_what_came(client, upstream, house, spans):
    upstream.script(Step(text="word " * 400, between=0.02))
    stream = client.chat.completions.create(
        model="dear", messages=MESSAGES, stream=True, max_tokens=20, extra_headers={"x-hone-tags": "tight"}
    )
    for number, _ in enumerate(stream):
        if number == 10:
            break
    stream.close()
    assert [span.status for span in spans()] == ["cancelled"]
    assert 3.0 < used(house)["tight", ""] < 30.0


def test_a_call_that_failed_costs_nothing(client, upstream, house):
    upstream.script(Step(status=500))
    with pytest.raises(openai.InternalServerError):
        tagged(client, "tight", max_tokens=30)
    assert used(house)["tight", ""] == 0.0
    assert tagged(client, "tight", max_tokens=30).parse().choices, "what was reserved is free again"


def test_each_user_has_a_budget_of_their_own(client, upstream, house):
    upstream.script(*[Step(text="short")] * 4)
    ann, bob = ({"headers": {"x-hone-user": name}, "max_tokens": 60, "model": "fast"} for name in ("ann", "bob"))
    tagged(client, "tier:trial", **ann)
    tagged(client, "tier:trial", **bob)
    spent = used(house)
    assert spent["trial", "ann"] == spent["trial", "bob"] > 0
    with pytest.raises(openai.BadRequestError, match="may use 2"):
        tagged(client, "tier:trial", **(ann | {"max_tokens": 200}))
    while True:
        try:
            tagged(client, "tier:trial", **ann)
        except openai.RateLimitError as refused:
            assert "'trial' of 'ann' allows 100 tokens a day" in refused.message
            break
    assert tagged(client, "tier:trial", **bob).parse().choices


def test_dollars_are_not_counted_where_the_price_is_unknown(client):
    with pytest.raises(openai.InternalServerError, match="the price of 'nameless' is unknown"):
        tagged(client, "tight", "nameless")


def test_what_was_spent_survives_a_restart(folder, upstream):
    for expected in (3.0, 6.0):
        house = House.open(folder)
        upstream.script(Step(text="one two three"))
        with Server(house, "127.0.0.1", 0) as server, OpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
            tagged(client, "tight", max_tokens=10)
        house.close()
        again = House.open(folder)
        assert [each.used for each in again.budgets() if each.budget == "tight"] == [pytest.approx(expected)]
        assert [each.held for each in again.budgets() if each.budget == "tight"] == [0.0]
        again.close()


# -- many at once


@pytest.fixture
def servers(folder: Path, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """URLs of so many `hone up` of one project, each a process of its own."""
    env = {**os.environ, "FAST_KEY": "k"}
    if request.param[1] == "postgresql":
        env["HONE_DATABASE_URL"] = str(request.getfixturevalue("postgres_url"))
    command = [sys.executable, "-m", "hone", "up", "--port", "0", "--json", "--project", str(folder)]
    started = []
    for _ in range(request.param[0]):
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        started.append((process, json.loads(process.stdout.readline())["url"]))
    yield [url for _, url in started]
    for process, _ in started:
        process.terminate()
    for process, _ in started:
        process.wait(30)
        process.stdout.close()


MANY = [(1, "sqlite"), (4, "sqlite"), (4, "postgresql")]


@pytest.mark.parametrize("tag", ["few", "tight"])
def test_of_calls_that_come_at_once_none_is_refused_while_there_is_room(server, upstream, tag):
    upstream.script(*[Step(text="one two three", latency=0.05)] * 10)
    body = {"model": "dear", "messages": MESSAGES, "max_tokens": 3}

    def call(_: int) -> int:
        url = f"{server.url}/v1/chat/completions"
        return httpx.post(url, json=body, headers={"x-hone-tags": tag}, timeout=60).status_code

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(call, range(10))) == [200] * 10


@pytest.mark.parametrize("servers", MANY, indirect=True)
@pytest.mark.parametrize(("tag", "allowed"), [("few", 10), ("tight", 10)])
def test_two_hundred_parallel_calls_against_ten_pass_ten(servers, upstream, tag, allowed):
    upstream.script(*[Step(text="one two three", latency=0.05)] * 200)
    body = {"model": "dear", "messages": MESSAGES, "max_tokens": 3}

    def call(number: int) -> int:
        url = f"{servers[number % len(servers)]}/v1/chat/completions"
        return httpx.post(url, json=body, headers={"x-hone-tags": tag}, timeout=60).status_code

    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(call, range(200)))
    assert statuses.count(200) == allowed
    assert set(statuses) == {200, 429 if tag == "few" else 402}
    assert len(upstream.received) == allowed


# -- keys


@pytest.fixture
def locked(house: House) -> Iterator[Server]:
    with Server(house, "127.0.0.1", 0, "the-master-key") as running:
        yield running


@pytest.fixture
def holding(house: House, locked: Server) -> Iterator[Callable[..., OpenAI]]:
    """A client with a new key."""
    made = []

    def client(**settings) -> OpenAI:
        _, secret = house.keys.create(Key(name=f"app{len(made)}", **settings), by="test")
        made.append(OpenAI(base_url=f"{locked.url}/v1", api_key=secret, max_retries=0))
        return made[-1]

    yield client
    for each in made:
        each.close()


def test_a_key_opens_the_gateway_and_its_name_is_on_the_span(holding, spans):
    answer = holding(tags=("tier:gold",)).chat.completions.with_raw_response.create(model="fast", messages=MESSAGES)
    (span,) = spans(answer.headers["x-hone-trace-id"])
    assert (span.attributes["key"], span.tags) == ("app0", ("tier:gold",))


def test_without_a_key_that_is_known_nothing_is_served(locked):
    for secret in ("guessed", "hone-guessed"):
        with pytest.raises(openai.AuthenticationError):
            OpenAI(base_url=f"{locked.url}/v1", api_key=secret, max_retries=0).models.list()
    assert OpenAI(base_url=f"{locked.url}/v1", api_key="the-master-key").models.list().data


def test_a_key_is_for_its_tasks_and_models_alone(holding):
    narrow = holding(tasks=("answer",), models=("openai-compatible/*", "fast"))
    assert narrow.chat.completions.create(model="answer", messages=MESSAGES).choices
    assert narrow.chat.completions.create(model="answer@concise", messages=MESSAGES).choices
    assert narrow.chat.completions.create(model="fast", messages=MESSAGES).choices
    for model in ("plain", "backup", "split@other"):
        with pytest.raises(openai.PermissionDeniedError, match="is not for the"):
            narrow.chat.completions.create(model=model, messages=MESSAGES)
    with pytest.raises(openai.PermissionDeniedError, match="not for the model"):
        narrow.embeddings.create(model="local/minilm", input="x")


def test_a_key_of_one_environment_is_routed_by_its_release(holding, house, upstream, folder):
    house.releases.canary("split", "other", 0.5, by="test")
    with (folder / "hone.toml").open("a") as file:
        file.write("[releases.answer]\nstaging = { concise = 1.0 }\n")
    house.reload()
    staging = holding(environment="staging")
    staging.chat.completions.create(model="answer", messages=MESSAGES)
    assert "In one word" in str(upstream.received[-1].body)
    with pytest.raises(openai.PermissionDeniedError, match="for the environment 'staging'"):
        staging.chat.completions.create(model="answer@production", messages=MESSAGES)


def test_a_key_has_limits_of_its_own(holding):
    limited = holding(rate="2 / day")
    for _ in range(2):
        limited.chat.completions.create(model="fast", messages=MESSAGES)
    with pytest.raises(openai.RateLimitError, match="'key app0' allows 2 calls a day"):
        limited.chat.completions.create(model="fast", messages=MESSAGES)


def test_a_key_opens_nothing_else(holding, locked):
    secret = holding().api_key
    http = httpx.Client(base_url=locked.url, headers={"authorization": f"Bearer {secret}"})
    assert http.get("/api/traces").status_code == 403
    assert http.get("/overview.json").status_code == 403
    score = {"target": {"trace": "0" * 31 + "1"}, "name": "helpful", "value": True}
    assert http.post("/api/scores", json=score).status_code == 201
    http.close()


def test_a_revoked_key_is_refused_and_a_rotated_one_lives_on(holding, house, locked):
    old = holding()
    assert old.models.list().data
    _, secret = house.keys.rotate("app0", by="test", overlap=3600)
    assert old.models.list().data
    new = OpenAI(base_url=f"{locked.url}/v1", api_key=secret, max_retries=0)
    assert new.models.list().data
    house.keys.revoke("app0")
    for client in (old, new):
        with pytest.raises(openai.AuthenticationError, match="was revoked"):
            client.models.list()
    new.close()


def test_a_key_that_another_process_revokes_is_refused_within_seconds(holding, folder):
    client = holding()
    assert client.models.list().data
    command = [sys.executable, "-m", "hone", "keys", "revoke", "app0", "--project", str(folder)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "FAST_KEY": "k"})
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            client.models.list()
        except openai.AuthenticationError:
            return
        time.sleep(0.1)
    raise AssertionError("the key still opens the door")


def test_an_expired_key_is_refused(house, locked):
    _, secret = house.keys.create(Key(name="brief"), by="test", expires=house.clock() - 1)
    with pytest.raises(openai.AuthenticationError, match="has expired"):
        OpenAI(base_url=f"{locked.url}/v1", api_key=secret, max_retries=0).models.list()


def test_the_secret_is_kept_nowhere(house, folder):
    _, secret = house.keys.create(Key(name="quiet"), by="test")
    house.telemetry.flush()
    for path in (folder / ".hone").rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes()


def test_a_key_is_not_told_of_what_it_may_not_ask_for(holding):
    narrow = holding(tasks=("answer",))
    assert {model.id.partition("@")[0] for model in narrow.models.list()} == {"answer"}
    assert narrow.models.retrieve("answer").id == "answer"
    for name in ("compare", "fast", "openai/gpt-5-mini"):
        with pytest.raises(openai.NotFoundError) as refused:
            narrow.models.retrieve(name)
        assert "compare" not in refused.value.message.replace(f"'{name}'", "")


async def test_a_key_that_nobody_showed_for_a_while_is_not_judged_by_what_was_known_then(house, monkeypatch):
    _, secret = house.keys.create(Key(name="leaked"), by="test")
    assert (await house.keys.find(secret)).name == "leaked"
    AccessKeys(house._engine, "parcels").end("leaked")  # as another process does
    monkeypatch.setattr(house.keys, "_read", time.monotonic() - 3600)
    with pytest.raises(NotAllowed, match="was revoked"):
        await house.keys.find(secret)


def test_spans_of_applications_cannot_pass_for_the_gateways_own(holding, locked, house):
    http = httpx.Client(base_url=locked.url, headers={"authorization": f"Bearer {holding().api_key}"})
    now = time.time_ns()
    span = {
        "project": "x",
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
        "name": "x",
        "kind": "llm",
        "start": now,
        "end": now,
    }
    span["attributes"] = {"config": "x", "key": "another", "call": {"status": "ok"}, "mine": 1}
    assert http.post("/api/spans", json=[span]).status_code == 200
    (kept,) = house.telemetry.trace("parcels", "a" * 32)
    assert kept.attributes == {"mine": 1}
    http.close()
