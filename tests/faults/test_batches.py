"""A server that is killed in the middle of a batch, or stopped for too long: every line is answered, and none twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from hone.store import BatchWork, open_database
from hone.testing import FakeUpstream, Step

LINES = 120
CONCURRENCY = 8


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream(*[Step(latency=0.1)] * 1000) as server:
        yield server


@pytest.fixture
def up(upstream: FakeUpstream, tmp_path: Path, database_url: str) -> Iterator[Callable[[], tuple]]:
    """Starts `hone up` of one project in a process of its own, and gives it with a client."""
    (tmp_path / "hone.toml").write_text(
        f'project = "p"\n[models.fast]\nuse = "openai-compatible/small"\nbase_url = "{upstream.url}"\n'
    )
    command = [sys.executable, "-m", "hone", "up", "--port", "0", "--json", "--project", str(tmp_path)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}
    started: list[tuple[subprocess.Popen, OpenAI]] = []

    def start() -> tuple[subprocess.Popen, OpenAI]:
        process = subprocess.Popen(
            command, env=env | {"HONE_DATABASE_URL": database_url}, stdout=subprocess.PIPE, text=True
        )
        url = json.loads(process.stdout.readline())["url"]
        started.append((process, OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)))
        return started[-1]

    yield start
    for process, client in started:
        client.close()
        process.kill()
        process.wait(30)
        process.stdout.close()


def begin(client: OpenAI) -> str:
    lines = [
        {"custom_id": f"q{n}", "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": "fast", "messages": [{"role": "user", "content": f"hello {n}"}]}}
        for n in range(LINES)
    ]  # fmt: skip
    text = "\n".join(map(json.dumps, lines)).encode()
    file = client.files.create(file=("calls.jsonl", text), purpose="batch")
    made = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    return made.id


def until_answered(client: OpenAI, batch: str, count: int) -> None:
    end = time.monotonic() + 30
    while client.batches.retrieve(batch).request_counts.completed < count:
        assert time.monotonic() < end
        time.sleep(0.02)


def stop_between_transactions(process: subprocess.Popen[str], other: OpenAI, batch: str) -> None:
    """Stop a process where the batch goes on without it: SQLite's one lock is kept by whoever was stopped with it."""
    for _ in range(5):
        process.send_signal(signal.SIGSTOP)
        before, end = other.batches.retrieve(batch).request_counts.completed, time.monotonic() + 25
        while time.monotonic() < end:
            if before == LINES or other.batches.retrieve(batch).request_counts.completed > before:
                return
            time.sleep(0.1)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.2)
    raise AssertionError("the batch does not go on while the other process is stopped")


def check_output(client: OpenAI, batch: str) -> None:
    end = time.monotonic() + 60
    while (done := client.batches.retrieve(batch)).status in ("validating", "in_progress", "finalizing"):
        assert time.monotonic() < end, done
        time.sleep(0.1)
    assert (done.status, done.request_counts.completed, done.error_file_id) == ("completed", LINES, None)
    answers = [json.loads(text) for text in client.files.content(done.output_file_id).text.splitlines()]
    assert [each["custom_id"] for each in answers] == [f"q{n}" for n in range(LINES)], "each once, in order"
    said = [each["response"]["body"]["choices"][0]["message"]["content"] for each in answers]
    assert said == [f"hello {n}" for n in range(LINES)]


def asked(upstream: FakeUpstream) -> Counter[str]:
    return Counter(each.body["messages"][0]["content"] for each in upstream.received)


def test_after_kill_9_a_batch_goes_on_with_the_missing_lines_alone(up, upstream, database_url):
    process, client = up()
    batch = begin(client)
    for kill in range(2):
        until_answered(client, batch, 20 + 30 * kill)
        process.kill()
        process.wait()
        engine = open_database(database_url)
        durable = BatchWork(engine, "p", "a look").answered(batch)
        engine.dispose()
        before = len(upstream.received)
        assert 20 <= len(durable) < LINES
        assert before - len(durable) <= CONCURRENCY * (kill + 1), "no more than what was going on is lost"
        process, client = up()
        again = {f"hello {line - 1}" for line in durable}
        until_answered(client, batch, len(durable) + 1)
        assert not again & {each.body["messages"][0]["content"] for each in upstream.received[before:]}
    check_output(client, batch)
    assert len(upstream.received) <= LINES + 2 * CONCURRENCY
    assert set(asked(upstream)) == {f"hello {n}" for n in range(LINES)}


def test_two_processes_share_the_work_and_not_a_batch(up, upstream):
    (_, first), (_, second) = up(), up()
    mine = begin(first)
    check_output(second, mine)
    assert set(asked(upstream).values()) == {1}
    many = [begin(first) for _ in range(3)]
    for each in many:
        check_output(second, each)
    assert set(asked(upstream).values()) == {4}


def test_a_process_that_was_stopped_for_too_long_spoils_nothing(up, upstream, database_url):
    (sleeper, client), (_, other) = up(), up()
    batch = begin(client)
    until_answered(other, batch, 10)
    try:
        if database_url.startswith("sqlite"):
            stop_between_transactions(sleeper, other, batch)
        else:
            sleeper.send_signal(signal.SIGSTOP)  # wherever it stands: PostgreSQL ends a frozen transaction
        # Either of them may have taken the batch; it goes on in the end, whoever that was.
        check_output(other, batch)
    finally:
        sleeper.send_signal(signal.SIGCONT)
    time.sleep(1.5)
    check_output(other, batch)
    assert [each.id for each in other.files.list(purpose="batch_output")] == [
        client.batches.retrieve(batch).output_file_id
    ]
