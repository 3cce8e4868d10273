"""`hone evals bench`: models and variants side by side, over real HTTP."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hone.providers import _fake
from hone.providers._fake import Step
from hone.testing import FakeUpstream

FILE = """
project = "p"
[models.good]
use = "openai-compatible/good"
base_url = "{url}"
price = {{ input = 1.0, output = 1.0 }}
[models.poor]
use = "openai-compatible/poor"
base_url = "{url}"
[models.judge]
use = "openai-compatible/judge"
base_url = "{url}"
[tasks.answer]
input = {{ question = "string" }}
models = ["poor"]
"""


class Upstream(FakeUpstream):
    """`good` can add, `poor` cannot; `judge` rates by the number in the answer."""

    def _whole(self, step: Step, body: dict[str, Any]) -> bytes:
        model, asked = body["model"], str(body["messages"][-1]["content"])
        if model == "judge":
            rated = re.search(r"turn (\d)", asked.rpartition("The answer to judge:")[2])
            text = json.dumps({"reason": "by the number", "rating": 5 + int(rated[1] if rated else 0)})
        elif "Story" in asked or "again" in asked:
            text = f"turn {sum(each['role'] == 'user' for each in body['messages'])}"
        else:
            a, b = map(int, re.findall(r"(\d+) and (\d+)", asked)[0])
            text = f"#### {a + b if model == 'good' else 0}"
        return _fake.whole(Step(text=text), _fake.read(json.dumps(body).encode()))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


def hone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}
    return subprocess.run(
        [sys.executable, "-m", "hone", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path: Path, upstream: Upstream) -> Path:
    (tmp_path / "hone.toml").write_text(FILE.format(url=upstream.url))
    sums = [{"question": f"{n} and {n + 1}?", "answer": f"so\n#### {2 * n + 1}"} for n in range(20)]
    (tmp_path / "test.jsonl").write_text("\n".join(map(json.dumps, sums)))
    return tmp_path


def test_models_and_variants_stand_in_one_table_and_are_asked_once(folder: Path, upstream: Upstream) -> None:
    arguments = ("evals", "bench", "gsm8k", "--data", "test.jsonl", "-m", "poor", "-m", "good", "-m", "answer")
    done = hone(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    rows = [(each["name"], each["mean"], each["n"], each["rank_low"], each["rank_high"]) for each in made["standings"]]
    assert rows == [("good", 1.0, 20, 1, 1), ("poor", 0.0, 20, 2, 3), ("answer", 0.0, 20, 2, 3)]
    assert made["standings"][0]["cost"] > 0
    assert len(upstream.received) == 60
    again = hone(folder, *arguments)
    assert again.returncode == 0, again.stderr
    assert len(upstream.received) == 60, "what was asked is kept"
    assert re.search(r"^ *1 +good +1 +0\.8\d+ to 1 +20", again.stdout, re.MULTILINE), again.stdout


def test_mt_bench_goes_two_turns_and_is_judged_with_the_first_before_the_second(
    folder: Path, upstream: Upstream
) -> None:
    question = {"question_id": 1, "category": "writing", "turns": ["Story!", "again"]}
    (folder / "q.jsonl").write_text(json.dumps(question))
    done = hone(folder, "evals", "bench", "mt-bench", "--data", "q.jsonl", "-m", "good", "--judge", "judge", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["standings"]
    assert row["mean"] == 6.5, "6 for the first turn, 7 for the second"
    judged = [str(each.body["messages"][-1]["content"]) for each in upstream.received if each.body["model"] == "judge"]
    assert len(judged) == 2
    assert "assistant: turn 1" in judged[1]
    assert "assistant: turn 1" not in judged[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gsm8k", "--data", "none.jsonl", "-m", "good"], "none.jsonl cannot be read"),
        (["gsm8k", "--data", "test.jsonl", "-m", "god"], "no model or task 'god'"),
        (["humaneval", "--data", "test.jsonl", "-m", "good"], "no sandbox"),
        (["squad", "--data", "test.jsonl", "-m", "good"], "no `answers` (test.jsonl:1)"),
    ],
)
def test_a_mistake_has_its_status_and_a_way_out(folder: Path, arguments: list[str], words: str) -> None:
    done = hone(folder, "evals", "bench", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
