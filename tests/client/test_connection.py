"""Where the SDK's calls go: a project that cannot be opened, a forked child."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import hone
from hone import client
from hone.client import _connection
from hone.errors import ProjectError


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A folder without a project; the list grows with every attempt to open it."""
    monkeypatch.delenv("HONE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    client.disconnect()
    attempts: list[str] = []
    make = _connection._make

    def counted():
        attempts.append("once more")
        return make()

    monkeypatch.setattr(_connection, "_make", counted)
    yield attempts
    client.disconnect()


def spans(count: int) -> None:
    for _ in range(count):
        with hone.span("fine"):
            pass


def test_a_project_that_cannot_be_opened_is_not_tried_for_every_span(broken, caplog):
    spans(100)
    assert len(broken) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "hone.toml" in caplog.text


def test_it_is_tried_again_after_a_while_and_said_once(broken, caplog, monkeypatch):
    monkeypatch.setattr(_connection, "PAUSE_SECONDS", 0.0)
    spans(3)
    assert len(broken) == 3
    assert len(caplog.records) == 1


def test_a_run_says_every_time_what_is_wrong(broken):
    spans(1)
    for _ in range(2):
        with pytest.raises(ProjectError, match=r"hone\.toml"):
            hone.run("answer", "where?")
    assert len(broken) == 3


def in_a_child(work) -> int:
    """The exit code of `work` in a forked child: 0 where it returns true."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_spans_of_a_forked_child_are_sent(bodies, monkeypatch):
    spans(1)
    assert hone.flush(10)
    bodies.clear()

    def child() -> bool:
        spans(2)
        return hone.flush(10)

    with hone.span("around"):
        assert in_a_child(child) == 0
    (body,) = bodies
    assert [span["name"] for span in body] == ["fine", "fine"]
    assert hone.flush(10)  # the parent's own connection goes on
    assert [span["name"] for span in bodies[1]] == ["around"]
    assert bodies[1][0]["trace_id"] == body[0]["trace_id"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_while_a_connection_is_made_does_not_wait_for_it(bodies):
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with _connection._lock:
            held.set()
            release.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)

    def child() -> bool:
        spans(1)
        return hone.flush(10)

    worker: list[int] = []
    forked = threading.Thread(target=lambda: worker.append(in_a_child(child)))
    forked.start()
    forked.join(10)
    release.set()
    thread.join()
    assert worker == [0]
