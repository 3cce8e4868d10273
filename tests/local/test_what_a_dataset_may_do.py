"""A dataset is data, wherever it comes from: what its examples bring along reads no secrets and asks nobody."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from hone.errors import HoneError, NotAllowed, ProjectError
from hone.evals import Run
from hone.local import Bench, House, Options
from hone.local._near import Near

FILE = """
project = "p"
{webhooks}
[models.echo]
use = "fake/echo"
privacy = "dsgvo"
[tasks.answer]
input = {{ question = "string" }}
models = ["echo"]
[tasks.sealed]
input = {{ question = "string" }}
models = ["echo"]
privacy = "dsgvo"
"""


class Service(BaseHTTPRequestHandler):
    """Finds every answer right, and keeps the headers that it was sent."""

    heard: list[dict[str, str]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append(dict(self.headers))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"pass": true}')

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("A_SECRET", "geheim")
    Service.heard = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/judge"
    server.shutdown()
    thread.join()
    server.server_close()


def ran(folder: Path, *brought: Any, asked: Any = ("latency",), task: str = "answer", webhooks: str = "") -> Run:
    """A run over one example that brings evaluators along."""
    (folder / "hone.toml").write_text(FILE.format(webhooks=webhooks))
    (folder / "datasets").mkdir(exist_ok=True)
    line = json.dumps({"input": {"question": "hi"}, "evaluators": brought})
    (folder / "datasets" / "theirs.jsonl").write_text(f"{line}\n")
    house = House.open(folder)
    near = Near(house)
    try:
        return Bench(house, near).evaluate([task], "theirs", Options(evaluators=asked))
    finally:
        near.stop()
        house.close()


@pytest.mark.parametrize("kind", ["webhook", "not-webhook"])
@pytest.mark.parametrize("inside", [None, "assert-set", "promptfoo-test"])
def test_an_example_asks_no_address_that_the_project_does_not_name(
    service: str, tmp_path: Path, kind: str, inside: str | None
) -> None:
    asked: dict[str, Any] = {"type": kind, "value": service}
    with pytest.raises(NotAllowed, match=r"hone\.toml does not name") as refused:
        ran(tmp_path, asked if inside is None else {"type": inside, "assert": [asked]})
    assert f'webhooks = ["{service}"]' in str(refused.value.hint)
    assert Service.heard == []


def test_an_example_asks_an_address_that_the_project_names(service: str, tmp_path: Path) -> None:
    run = ran(tmp_path, {"type": "webhook", "value": service}, webhooks=f'webhooks = ["{service}"]')
    assert run.summary("baseline", "webhook").mean == 1.0
    assert len(Service.heard) == 1


def test_an_example_sends_no_secret_even_to_an_address_that_the_project_names(service: str, tmp_path: Path) -> None:
    brought = {"type": "webhook", "value": service, "headers": {"X": "${A_SECRET}"}}
    with pytest.raises(NotAllowed, match="a variable of the environment"):
        ran(tmp_path, brought, webhooks=f'webhooks = ["{service}"]')
    assert Service.heard == []


def test_what_is_asked_for_in_python_may_send_a_secret_to_any_address(service: str, tmp_path: Path) -> None:
    asked = {"type": "webhook", "value": service, "headers": {"X": "${A_SECRET}"}}
    assert ran(tmp_path, asked=[asked]).summary("baseline", "webhook").mean == 1.0
    assert [each["X"] for each in Service.heard] == ["geheim"]


def test_answers_of_a_private_task_go_to_no_webhook(service: str, tmp_path: Path) -> None:
    asked = {"type": "webhook", "value": service}
    with pytest.raises(NotAllowed, match="the task is dsgvo"):
        ran(tmp_path, asked=[asked], task="sealed", webhooks=f'webhooks = ["{service}"]')
    assert Service.heard == []


@pytest.mark.parametrize(
    ("brought", "why"),
    [
        ("is-json:../theirs.json", "is not inside the project"),
        ({"type": "python", "value": "../theirs.py"}, "is not inside the project"),
        ({"type": "python", "value": "datasets/theirs.py"}, "among the data"),
        ({"type": "python", "value": ".hone/blobs/theirs.py"}, "among the data"),
        ({"type": "honest", "value": "../theirs.json"}, "is not inside the project"),
        ({"type": "promptfoo-test", "transform": "../theirs.py:f", "assert": [{"type": "word-count", "value": 1}]},
         "is not inside the project"),
        ({"type": "promptfoo-test", "transform": "datasets/theirs.py:f",
          "assert": [{"type": "word-count", "value": 1}]}, "among the data"),
    ],
)  # fmt: skip
def test_an_example_reads_and_runs_nothing_outside_of_the_project_nor_among_its_data(
    tmp_path: Path, brought: Any, why: str
) -> None:
    root = tmp_path / "project"
    for folder in (root / "datasets", root / ".hone" / "blobs", tmp_path):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "theirs.py").write_text("raise SystemExit('this was run')\n")
    (tmp_path / "theirs.json").write_text('{"type": "object"}')
    with pytest.raises(ProjectError, match=why):
        ran(root, brought)


def test_webhooks_of_the_project_file_are_a_list_of_texts(tmp_path: Path) -> None:
    with pytest.raises(HoneError, match=r"hone.toml:3, webhooks"):
        ran(tmp_path, webhooks="webhooks = [1]")
