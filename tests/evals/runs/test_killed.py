"""A run that is killed again and again ends with the result of one that was not, and loses what was under way alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from hone.local import House, Serving
from hone.store import Result, ScoreQuery
from hone.testing import FakeUpstream

FILE = """
project = "p"
[models.echo]
use = "openai-compatible/echo"
base_url = "{url}"
[tasks.answer]
input = {{ question = "string" }}
models = ["echo"]
"""
CASES, KILLS, AT_ONCE = 5000, 10, 32


def project(folder: Path, url: str) -> Path:
    (folder / "datasets").mkdir(parents=True)
    (folder / "hone.toml").write_text(FILE.format(url=url))
    lines = (f'{{"id": "e{n}", "input": "question {n}", "expected": "question {n % 7}"}}\n' for n in range(CASES))
    (folder / "datasets" / "cases.jsonl").write_text("".join(lines))
    return folder


def begin(folder: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}
    words = ["evals", "run", "answer", "--data", "cases", "-e", "contains", "-e", "f1", "--quiet", "--json"]
    command = [sys.executable, "-m", "hone", *words, "--concurrency", str(AT_ONCE)]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def kept(folder: Path) -> tuple[list[Result], str]:
    house = Serving.open(folder)
    try:
        (experiment,) = house.experiments.latest("p")
        return house.experiments.results(experiment.id), experiment.state
    finally:
        house.close()


def scored(folder: Path, results: list[Result]) -> set[tuple[str, int, str, object]]:
    """Every score of the answers that count, by the case it is of."""
    house = House.open(folder)
    try:
        house.telemetry.flush()
        spans = {each.span_id: each for each in results}
        found = house.telemetry.scores(ScoreQuery(project="p", limit=10 * CASES))
        return {
            (spans[each.target.id].example, spans[each.target.id].repeat, each.name, each.value)
            for each in found
            if each.target.id in spans
        }
    finally:
        house.close()


def said(results: list[Result]) -> set[tuple[object, ...]]:
    return {
        (*each.place, each.key, each.output, each.error, str(each.judgements), str(each.details)) for each in results
    }


def test_a_run_killed_ten_times_asks_no_more_again_than_was_under_way(tmp_path: Path) -> None:
    with FakeUpstream() as upstream:
        folder = project(tmp_path / "killed", upstream.url)
        for kill in range(1, KILLS + 1):
            process, until = begin(folder), time.monotonic() + 60
            while len(upstream.received) < kill * CASES // (KILLS + 1) and time.monotonic() < until:
                assert process.poll() is None, "it must not come to its end before it is killed"
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert kept(folder)[1] == "running", "nobody was left to say that it ended"
        assert begin(folder).wait(60) == 0
        asked = len(upstream.received)
        results, state = kept(folder)
        assert (len(results), state) == (CASES, "done")
        assert CASES <= asked <= CASES + KILLS * AT_ONCE

        unbroken = project(tmp_path / "unbroken", upstream.url)
        assert begin(unbroken).wait(60) == 0
        assert len(upstream.received) - asked == CASES
        whole = kept(unbroken)[0]
        assert said(whole) == said(results)
        scores = scored(folder, results)
        assert len(scores) == 2 * CASES
        assert scores == scored(unbroken, whole)

        assert begin(folder).wait(60) == 0
        assert len(upstream.received) - asked == CASES, "what is finished is not asked again"
