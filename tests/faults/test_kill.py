"""kill -9 at any moment loses nothing that was acknowledged, and doubles nothing.

Twenty kills by default; `HONE_KILLS=200 pytest tests/faults/test_kill.py` for more.
"""

import contextlib
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hone.store import Limits, ScoreQuery, SpanQuery, Telemetry, open_database

KILLS = int(os.environ.get("HONE_KILLS", "20"))
NURSERY = Path(__file__).with_name("nursery.py")
_CHECK_EVERY = 10
_ALL = 10_000_000


def _nursery_module():
    spec = importlib.util.spec_from_file_location("nursery", NURSERY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made = _nursery_module()


class Child:
    """One writing process and what it was promised."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self.log = log

    def kill(self, lines: int, after: float) -> None:
        """Wait until it has written so many lines of its log, or died of itself; a moment later, kill it."""
        deadline = time.monotonic() + 60
        while self.lines() < lines and self.alive() and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        while self.alive():
            time.sleep(0.002)
        error = Path(f"{self.log}.error")
        assert not error.exists(), error.read_text()

    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def lines(self) -> int:
        return len(self.log.read_bytes().splitlines()) if self.log.exists() else 0

    def promised(self) -> set[int]:
        text = self.log.read_text() if self.log.exists() else ""
        return {int(line) for line in text.split("\n") if line.isdigit()}


@pytest.fixture
def nursery() -> Iterator[subprocess.Popen]:
    with subprocess.Popen(
        [sys.executable, NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()
        process.wait(30)


@pytest.mark.parametrize(
    ("database_url", "kills"), [("sqlite", KILLS), ("postgresql", max(KILLS // 4, 4))], indirect=["database_url"]
)
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(nursery, database_url, kills, tmp_path):
    open_database(database_url).dispose()
    chance = random.Random(os.environ.get("HONE_KILLS_SEED", "7"))
    promised: dict[int, set[int]] = {}
    killed = 0
    while killed < kills:
        pair = 2 if chance.random() < 0.3 else 1  # two processes share the store now and then
        children = []
        for _ in range(pair):
            seed = len(promised)
            # Half of them die at a step between files and database, the others at a moment of ours.
            die_at = chance.randrange(150) if chance.random() < 0.5 else None
            log = tmp_path / f"log-{seed}"
            order = {"folder": str(tmp_path), "url": database_url, "seed": seed, "log": str(log), "die_at": die_at}
            nursery.stdin.write(json.dumps(order) + "\n")
            nursery.stdin.flush()
            children.append(Child(int(nursery.stdout.readline()), log))
            promised[seed] = set()
        for child in children:
            child.kill(chance.randrange(200), chance.uniform(0, 0.03))
            promised[int(child.log.name.removeprefix("log-"))] = child.promised()
            killed += 1
        if killed % _CHECK_EVERY == 0 or killed >= kills:
            _check(database_url, tmp_path, promised)
    assert sum(map(len, promised.values())) > kills  # they did write


def _check(url: str, folder: Path, promised: dict[int, set[int]]) -> None:
    engine = open_database(url)
    limits = Limits(background=False, grace_seconds=0.0, hot_bytes=2**40)
    with Telemetry(engine, folder / "blobs", spool=folder / "spool", limits=limits) as store:
        store.flush()
        assert list((folder / "spool").glob("*.spool")) == []
        for settle in (lambda: None, store.seal, store.compact, store.sweep):
            settle()
            _check_records(store, promised)
    engine.dispose()
    left = [path.name for path in (folder / "blobs").rglob("*.tmp*")]
    assert left == []


def _check_records(store: Telemetry, promised: dict[int, set[int]]) -> None:
    spans = store.spans(SpanQuery(limit=_ALL))
    found = {(one.attributes["seed"], one.attributes["n"]) for one in spans}
    assert len(spans) == len(found), "a span is there twice"
    assert [key for seed, numbers in promised.items() for key in ((seed, n) for n in numbers) if key not in found] == []
    assert all(one == made.span(one.attributes["seed"], one.attributes["n"]) for one in spans)
    scores = {one.id: one for one in store.scores(ScoreQuery(limit=_ALL))}
    assert store.count(ScoreQuery()) == len(scores), "a score is there twice"
    assert all(scores[f"{seed}-{n}"] == made.score(seed, n) for seed, numbers in promised.items() for n in numbers)
