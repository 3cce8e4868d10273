"""A project on recordings: everything above the models goes on as always, with nobody at the other end."""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2 as httpx
import pytest

from hone.errors import NotRecorded, ProjectError
from hone.local import Bench, Hone, House, Options
from hone.server import Server
from hone.testing import FakeUpstream, Step

FILE = """
project = "p"
[models.first]
use = "openai-compatible/first"
base_url = "{url}"
api_key = "${{A_KEY}}"
retries = 1
[models.second]
use = "openai-compatible/second"
base_url = "{url}"
[tasks.answer]
input = {{ question = "string" }}
models = ["first", "second"]
"""
QUESTIONS = [f"question {number}" for number in range(6)]


@pytest.fixture
def stopped() -> Iterator[ExitStack]:
    """Closing it takes the upstream away."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def upstream(stopped: ExitStack) -> FakeUpstream:
    return stopped.enter_context(FakeUpstream())


@pytest.fixture
def folder(tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV", "HONE_CASSETTE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("A_KEY", "k")
    (tmp_path / "hone.toml").write_text(FILE.format(url=upstream.url))
    (tmp_path / "datasets").mkdir()
    lines = "".join(json.dumps({"input": each, "expected": each}) + "\n" for each in QUESTIONS)
    (tmp_path / "datasets" / "questions.jsonl").write_text(lines)
    return tmp_path


def outputs(folder: Path, cassette: str | None = None, **options: object) -> dict[str, tuple[str, str | None]]:
    here = Hone(House.open(folder, cassette=cassette))
    try:
        run = Bench(here.house, here).evaluate(
            ["answer"], "questions", Options(evaluators=["exact"], fresh=True, concurrency=1, **options)
        )
    finally:
        here.close()
    return {each.example: (each.output, each.error) for each in run.results}


def test_an_experiment_replayed_with_the_upstream_down_gives_the_same_outputs(
    folder: Path,
    upstream: FakeUpstream,
    stopped: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # The first model fails twice on one question, so the second one answers it; another failure passes.
    upstream.script(Step(text="one"), Step(status=500), Step(status=500), Step(text="two"), Step(status=503))
    recorded = outputs(folder, f"record:{folder / 'tapes'}")
    assert [output for output, _ in recorded.values()].count("two") == 1
    asked = len(upstream.received)
    assert asked == 9
    stopped.close()
    monkeypatch.delenv("A_KEY")
    monkeypatch.setenv("HONE_CASSETTE", f"replay:{folder / 'tapes'}")
    with caplog.at_level(logging.WARNING, "hone"):
        assert outputs(folder) == recorded
        assert outputs(folder) == recorded
    assert "no model is asked: answers are the recordings in" in caplog.text
    assert len(upstream.received) == asked


def test_a_missing_recording_ends_an_experiment_instead_of_counting_as_a_wrong_answer(folder: Path) -> None:
    outputs(folder, f"record:{folder / 'tapes'}", limit=2)
    with pytest.raises(NotRecorded, match='says to "question'):
        outputs(folder, f"replay:{folder / 'tapes'}")


def test_a_server_on_recordings_streams_the_same_bytes(folder: Path, upstream: FakeUpstream) -> None:
    body = {"model": "answer", "messages": [{"role": "user", "content": "one two three"}], "stream": True}
    found = []
    for mode in ("record", "replay"):
        house = House.open(folder, cassette=f"{mode}:{folder / 'tapes'}")
        with Server(house, "127.0.0.1", 0) as server:
            found.append(httpx.post(f"{server.url}/v1/chat/completions", json=body).content)
            missing = httpx.post(f"{server.url}/v1/chat/completions", json=body | {"top_p": 0.5, "stream": False})
        house.close()
    assert found[0] == found[1]
    assert found[0].endswith(b"data: [DONE]\n\n")
    assert len(upstream.received) == 2
    assert missing.status_code == 200, "it was recorded in the first round"


def test_what_was_never_recorded_is_a_404_that_names_the_request(folder: Path) -> None:
    (folder / "tapes").mkdir()
    house = House.open(folder, cassette=f"replay:{folder / 'tapes'}")
    with Server(house, "127.0.0.1", 0) as server:
        body = {"model": "answer", "messages": [{"role": "user", "content": "Where is it?"}]}
        answer = httpx.post(f"{server.url}/v1/chat/completions", json=body)
    house.close()
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_recorded")
    assert 'what first (openai-compatible/first) says to "Where is it?"' in answer.json()["error"]["message"]


def test_a_cassette_that_is_not_there_is_said_before_anything_is_opened(folder: Path) -> None:
    with pytest.raises(ProjectError, match="there are no recordings"):
        House.open(folder, cassette="replay:nowhere")
    assert not (folder / ".hone").exists()
