"""How often a cache of similar questions would be wrong: measured with the real MiniLM over examples with answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hone.errors import CallError
from hone.local import Bench, Hone, House, Options, likeness

FILE = """
project = "p"
[models.echo]
use = "fake/echo"
[tasks.answer]
input = { question = "string" }
models = ["echo"]
[tasks.two]
input = { first = "string", second = "string" }
models = ["echo"]
"""
# The model repeats the question, so an answer is right where the expected word stands in the question it is from.
CASES = [
    {"id": "a", "input": "When do I get my money back?", "expected": "money"},
    {"id": "b", "input": "When will I get my money back?", "expected": "money"},  # as a: right
    {"id": "c", "input": "When will I get my cash back?", "expected": "cash"},  # as a: wrong
    {"id": "d", "input": "How do I reset my password?", "expected": "nothing of it"},  # its own is wrong
    {"id": "e", "input": "How can I reset my password?", "expected": "nothing of it"},  # so is that of d
    {"id": "f", "input": "Is a parcel lost after 7 days?", "expected": "7"},
    {"id": "g", "input": "Is a parcel lost after 14 days?", "expected": "14"},  # other numbers: no hit
    {"id": "h", "input": "How might I reset my password?"},  # nobody knows
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "hone.toml").write_text(FILE)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "questions.jsonl").write_text("".join(json.dumps(each) + "\n" for each in CASES))
    return tmp_path


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    here = Hone(House.open(folder))
    yield Bench(here.house, here)
    here.close()


def test_hits_and_wrong_ones_are_counted_at_every_similarity(bench: Bench) -> None:
    found = likeness(bench, "answer", "questions", Options(evaluators=["contains"]), [0.9, 0.8, 0.999])
    assert (found.target, found.metric) == ("answer@baseline", "contains")
    loose, _, strict = found.levels
    assert [each.similarity for each in found.levels] == [0.8, 0.9, 0.999]
    assert (loose.asked, loose.hits, loose.judged, loose.wrong, loose.spoilt) == (8, 4, 3, 2, 1)
    assert loose.share == pytest.approx(2 / 3)
    assert loose.low is not None
    assert loose.high is not None
    assert loose.low < 2 / 3 < loose.high
    assert (strict.hits, strict.share) == (0, None)
    assert {(each.question, each.answered_as, each.own) for each in found.mistakes} == {
        (CASES[2]["input"], CASES[0]["input"], True),
        (CASES[4]["input"], CASES[3]["input"], False),
    }


def test_what_an_experiment_has_kept_is_not_asked_again(bench: Bench) -> None:
    options = Options(evaluators=["contains"])
    run = bench.evaluate(["answer"], "questions", options)
    assert likeness(bench, "answer", "questions", options).experiment == run.experiment.id


def test_without_right_or_wrong_and_without_one_question_nothing_is_measured(bench: Bench) -> None:
    with pytest.raises(CallError, match="no evaluator here says right or wrong"):
        likeness(bench, "answer", "questions", Options(evaluators=["latency"]))
    with pytest.raises(CallError, match="not the one text"):
        likeness(bench, "two", "questions", Options(evaluators=["contains"]))


def test_from_the_command_line(folder: Path) -> None:
    def hone(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hone", "cache", "measure", "answer", "--data", "questions", *more],
            cwd=folder, env=os.environ, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    (level,) = json.loads(hone("-e", "contains", "--at", "0.8", "--json").stdout)["levels"]
    assert (level["hits"], level["wrong"]) == (4, 2)
    said = hone("--at", "0.8").stdout
    assert "66.7%" in said
    assert "was answered as: When do I get my money back?" in said
