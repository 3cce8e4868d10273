"""`hone up --workers N`: real processes on one port, killed and stopped as they are in life."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx
import openai
import pytest
from openai import OpenAI

from hone.local import House
from hone.store import SpanQuery
from hone.testing import Step

MESSAGES = [{"role": "user", "content": "hello"}]


class Up:
    """A running `hone up`."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "hone", "up", "--port", "0", "--json", "--project", str(folder), *options]
        self.log = folder / "up.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.client = OpenAI(base_url=f"{self.url}/v1", api_key="any", max_retries=0)
        self.http = httpx.Client(base_url=self.url, timeout=30)

    @property
    def workers(self) -> list[int]:
        """The processes it has started, whichever of its threads did."""
        files = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for file in files for pid in file.read_text().split()]

    def stop(self) -> int:
        self.client.close()
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.stdout.close()
        return self.process.wait(60)


@pytest.fixture
def up(folder: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(*options: str) -> Up:
        started.append(Up(folder, *options))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_calls_are_answered_by_workers_and_all_else_by_the_main_process(up):
    served = up("--workers", "2")
    assert len(served.workers) == 2
    answer = served.client.chat.completions.with_raw_response.create(model="answer", messages=MESSAGES)
    trace = answer.headers["x-hone-trace-id"]
    assert eventually(lambda: served.http.get(f"/api/traces/{trace}").status_code == 200)
    spans = served.http.get(f"/api/traces/{trace}").json()["roots"]
    assert spans[0]["children"][0]["span"]["model"] == "fast"
    score = {"target": {"trace": trace}, "name": "helpful", "value": True}
    assert served.http.post("/api/scores", json=score).status_code == 201
    assert "Overview" in served.http.get("/").text
    assert served.http.get("/readyz").json() == {"status": "ready"}
    assert served.http.get("/v1/nothing").status_code == 404
    assert served.http.get("/overview.json").json()["figures"][0]["value"] == 1.0
    assert served.stop() == 0


def test_a_stream_goes_through_a_worker(up, upstream):
    upstream.script(Step(text="one two three"))
    served = up("--workers", "1")
    stream = served.client.chat.completions.create(model="fast", messages=MESSAGES, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "one two three"


def test_a_worker_holds_no_store(up):
    served = up("--workers", "1")
    served.client.chat.completions.create(model="answer", messages=MESSAGES)
    (worker,) = served.workers
    loaded = Path(f"/proc/{worker}/maps").read_text()
    assert "httptools" in loaded
    assert not any(heavy in loaded for heavy in ("duckdb", "libarrow", "bm25s"))


def test_a_worker_that_is_killed_is_replaced_and_what_it_acknowledged_is_kept(up, folder):
    served = up("--workers", "1")
    (first,) = served.workers
    traces = [
        served.client.chat.completions.with_raw_response.create(model="fast", messages=MESSAGES).headers[
            "x-hone-trace-id"
        ]
        for _ in range(20)
    ]
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: served.workers not in ([], [first]))

    def answers() -> bool:
        try:
            return bool(served.client.chat.completions.create(model="fast", messages=MESSAGES).choices)
        except openai.APIConnectionError:
            return False

    assert eventually(answers)
    assert "another follows" in served.log.read_text()
    assert served.stop() == 0
    house = House.open(folder)
    assert {span.trace_id for span in house.telemetry.spans(SpanQuery(project="parcels"))} >= set(traces)
    house.close()


def test_calls_that_are_going_on_are_finished_before_the_end(up, upstream):
    upstream.script(Step(text="slow but whole", latency=2.0))
    served = up("--workers", "2")
    answers = []
    caller = threading.Thread(
        target=lambda: answers.append(served.client.chat.completions.create(model="fast", messages=MESSAGES))
    )
    caller.start()
    assert eventually(lambda: len(upstream.received) == 1)
    served.process.send_signal(signal.SIGTERM)
    caller.join(30)
    assert answers[0].choices[0].message.content == "slow but whole"
    assert served.process.wait(30) == 0


def test_workers_do_not_outlive_a_main_process_that_was_killed(up, folder):
    served = up("--workers", "2")
    trace = served.client.chat.completions.with_raw_response.create(model="fast", messages=MESSAGES).headers[
        "x-hone-trace-id"
    ]
    workers = served.workers
    served.process.kill()
    served.process.wait()
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    house = House.open(folder)
    assert [span.trace_id for span in house.telemetry.spans(SpanQuery(project="parcels"))] == [trace]
    house.close()


def test_an_edit_is_in_force_in_every_worker(up, folder):
    served = up("--workers", "2")
    with (folder / "hone.toml").open("a") as file:
        file.write('\n[tasks.later]\nmodels = ["fast"]\n')

    def known() -> bool:
        with httpx.Client(base_url=served.url) as http:
            return "later" in [each["id"] for each in http.get("/v1/models").json()["data"]]

    assert eventually(lambda: all(known() for _ in range(8)))


def test_durable_telemetry_and_workers_do_not_go_together(folder):
    with (folder / "hone.toml").open("a") as file:
        file.write("\n[telemetry]\ndurable = true\n")
    command = [sys.executable, "-m", "hone", "up", "--port", "0", "--workers", "2", "--project", str(folder)]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "serve without --workers" in refused.stderr


def test_keys_are_asked_for_by_workers_and_main_process_alike(up, monkeypatch):
    monkeypatch.setenv("HONE_API_KEY", "the-master-key")
    served = up("--workers", "1")
    for path in ("/v1/models", "/api/traces"):
        assert served.http.get(path).status_code == 401
        assert served.http.get(path, headers={"authorization": "Bearer the-master-key"}).status_code == 200


def test_without_its_main_process_a_worker_says_so_in_the_words_of_the_path(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    post = json.dumps({"folder": str(folder), "host": "127.0.0.1", "port": port, "control": str(folder / "nobody")})
    command = [sys.executable, "-m", "hone.server._worker", post]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as alone:
        assert alone.stdout.readline() == "ready\n"
        ours, theirs = (httpx.get(f"http://127.0.0.1:{port}{path}") for path in ("/api/traces", "/v1/files"))
        alone.stdin.close()
    assert (ours.status_code, ours.headers["content-type"]) == (503, "application/problem+json")
    assert "does not answer" in ours.json()["detail"]
    assert theirs.status_code == 503
    assert theirs.json()["error"]["type"] == "server_error"


def _raw(url: str, data: bytes, *, wait: float = 15.0) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait) as connection:
        connection.sendall(data)
        read = b""
        while b"\r\n0\r\n\r\n" not in read and (piece := connection.recv(65536)):
            read += piece
        return read


UPLOAD = (
    b'--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x\r\ncontent-disposition: form-data; '
)
UPLOAD += b'name="file"; filename="a.jsonl"\r\n\r\n{}\n\r\n--x--\r\n'


def _head(more: str, length: int = len(UPLOAD)) -> bytes:
    lines = ["POST /v1/files HTTP/1.1", "host: localhost", "content-type: multipart/form-data; boundary=x"]
    return "\r\n".join([*lines, f"content-length: {length}", more, "", ""]).encode()


def test_an_upload_that_waits_to_be_let_in_goes_through_a_worker(up):
    answer = _raw(up("--workers", "1").url, _head("expect: 100-continue") + UPLOAD)
    assert b"HTTP/1.1 200" in answer
    assert b'"a.jsonl"' in answer


def test_an_upload_that_is_refused_is_refused_in_the_callers_dialect(up, monkeypatch):
    monkeypatch.setenv("HONE_API_KEY", "the-master-key")
    served = up("--workers", "1")
    big = httpx.post(f"{served.url}/v1/files", content=b"x" * 5_000_000, headers={"authorization": "Bearer wrong"})
    assert (big.status_code, big.json()["error"]["type"]) == (401, "authentication_error")


def test_an_upload_that_is_broken_off_leaves_no_connection_behind(up):
    served = up("--workers", "1")
    (worker,) = served.workers

    def sockets() -> int:
        found = 0
        for each in Path(f"/proc/{worker}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since it was listed
                found += str(each.readlink()).startswith("socket:")
        return found

    assert served.http.get("/healthz").status_code == 200
    served.http.close()
    before = sockets()
    for _ in range(10):
        host, port = served.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(_head("x-n: 1", 500_000) + b"y" * 1000)
            time.sleep(0.1)
    assert eventually(lambda: sockets() <= before)
