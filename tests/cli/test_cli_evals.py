"""From cases to a release on the command line: datasets, evals, releases, prompts."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

FILE = """
project = "p"
[models.echo]
use = "fake/echo"
[models.deaf]
use = "fake/deaf"
parameters = { fake = { text = "What?" } }

[tasks.answer]
input = { question = "string" }
models = ["echo"]
prompt = "answer"
[tasks.answer.variants.deaf]
models = ["deaf"]
[tasks.answer.variants.loud]
parameters = { temperature = 2 }

[metrics.contains]
kind = "boolean"
[releases.answer]
production = { baseline = 1 }
gate = { metric = "contains", not_worse_by = 0.1 }
"""
LINES = "".join(f'{{"input": "question {n}", "expected": "question {n}"}}\n' for n in range(60))


@pytest.fixture
def hone(tmp_path: Path) -> Command:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}
    (tmp_path / "hone.toml").write_text(FILE)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "answer.prompt.md").write_text("# user\n\nPlease: {{ question }}\n")
    (tmp_path / "cases.jsonl").write_text(LINES)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hone", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


def said(done: subprocess.CompletedProcess[str], status: int = 0) -> dict:
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_from_cases_to_a_release_and_back(hone: Command) -> None:
    grown = said(hone("datasets", "import", "questions", "cases.jsonl", "--json"))
    assert (grown["added"], grown["repeated"], grown["examples"]) == (60, 0, 60)
    assert said(hone("datasets", "import", "questions", "cases.jsonl", "--json"))["repeated"] == 60
    (row,) = said(hone("datasets", "list", "--json"))["items"]
    assert (row["name"], row["examples"], row["dev"] + row["held_out"], row["version"]) == ("questions", 60, 60, 1)
    shown = said(hone("datasets", "show", "questions", "--split", "dev", "--limit", "2", "--json"))
    assert [item["split"] for item in shown["items"]] == ["dev", "dev"]
    assert shown["total"] == row["dev"]

    # A worse variant: the task's gate compares it with what is released, without being asked to.
    bad = said(hone("evals", "run", "answer@deaf", "--data", "questions", "--json"), status=1)
    keys = {"a", "b", "metric", "n", "difference", "low", "high", "p", "verdict"}
    assert keys <= set(bad["comparison"])
    assert (bad["comparison"]["verdict"], bad["comparison"]["n"]) == ("fail", 60)
    refused = hone("releases", "promote", "answer@deaf", "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["gate"]["comparison"]["verdict"] == "fail"
    assert "the gate of 'answer' is closed to 'deaf'" in refused.stderr

    # One that is as good.
    good = hone("evals", "run", "answer@loud", "--data", "questions", "-e", "contains", "-e", "cost", "--strict")
    assert good.returncode == 0, good.stderr
    assert "answer@loud 1 against answer@baseline 1" in good.stdout
    compared = said(hone("evals", "compare", "answer@loud", "answer", "--json"))
    assert (compared["verdict"], compared["not_worse_by"]) == ("pass", 0.1)
    assert said(hone("releases", "promote", "answer@loud", "--json"))["weights"] == {"loud": 1.0}
    assert said(hone("releases", "rollback", "answer", "--reason", "too loud", "--json"))["weights"] == {
        "baseline": 1.0
    }
    history = said(hone("releases", "show", "answer", "--metric", "latency", "--json"))
    assert [item["action"] for item in history["items"]] == ["rollback", "promote", "seed"]
    assert history["items"][0]["reason"] == "too loud"
    assert (history["weights"], history["next"], history["rollback"]["roll_back"]) == ({"baseline": 1.0}, None, False)


def test_canary_and_apply(hone: Command) -> None:
    made = said(hone("releases", "canary", "answer@loud", "--share", "0.25", "--json"))
    assert made["weights"] == {"baseline": 0.75, "loud": 0.25}
    assert "loud 25.0%" in hone("releases", "show", "answer").stdout
    assert said(hone("releases", "apply", "answer", "--json"))["weights"] == {"baseline": 1.0}


def test_a_report_shows_the_numbers_and_what_was_wrong(hone: Command) -> None:
    hone("datasets", "import", "questions", "cases.jsonl")
    first = said(
        hone("evals", "run", "answer@deaf", "answer", "--data", "questions", "-e", "exact", "--limit", "5", "--json")
    )
    assert first["comparison"] is None, "the gate's metric was not asked for"
    assert [(each["variant"], each["n"]) for each in first["summaries"]] == [("deaf", 5), ("baseline", 5)]
    again = said(hone("evals", "report", first["experiment"]["id"][:14], "--json"))
    assert again["summaries"] == first["summaries"]
    text = hone("evals", "report").stdout
    assert re.search(r"deaf exact: question (\d)\n  What\?\n  expected question \1", text)
    (listed,) = said(hone("evals", "list", "--json"))["items"]
    assert (listed["state"], listed["examples"]) == ("done", 5)
    assert "contains" in said(hone("evals", "evaluators", "--json"))["items"]


def test_strict_makes_not_knowing_a_failure(hone: Command) -> None:
    hone("datasets", "import", "questions", "cases.jsonl")
    arguments = ("evals", "run", "answer@loud", "--data", "questions", "--limit", "3")
    assert said(hone(*arguments, "--json"))["comparison"]["verdict"] == "cannot_tell"
    assert hone(*arguments, "--strict").returncode == 1


def test_a_dataset_grows_from_traffic(hone: Command) -> None:
    trace = said(hone("run", "answer", "hi", "--json"))["trace_id"]
    hone("run", "answer", "there")
    hone("feedback", "add", trace, "helpful", "false")
    grown = said(hone("datasets", "grow", "hard", "--where", "helpful:false", "--since", "1h", "--json"))
    assert (grown["added"], grown["examples"]) == (1, 1)
    (item,) = said(hone("datasets", "show", "hard", "--json"))["items"]
    assert (item["input"], item["trace"], item["origin"]) == ({"question": "hi"}, trace, "traffic")
    assert hone("datasets", "grow", "none", "--where", "helpful:true").returncode == 1


def test_prompts_are_listed_shown_and_compared_by_word(hone: Command, tmp_path: Path) -> None:
    (row,) = said(hone("prompts", "list", "--json"))["items"]
    assert (row["name"], row["version"]) == ("answer", 1)
    (tmp_path / "prompts" / "answer.prompt.md").write_text("# user\n\nKindly: {{ question }}\n")
    found = said(hone("prompts", "diff", "answer", "--json"))
    assert (found["old"], found["new"]) == (1, 2)
    assert [(each["kind"], each["text"]) for each in found["changes"] if each["kind"] != "same"] == [
        ("removed", "Please"), ("added", "Kindly")
    ]  # fmt: skip
    assert "[-Please-]{+Kindly+}: {{ question }}" in hone("prompts", "diff", "answer", "v1", "v2").stdout
    assert "Please" in hone("prompts", "show", "answer", "v1").stdout
    assert "Kindly" in said(hone("prompts", "show", "answer", "--json"))["source"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["datasets", "list"], 1, "hone datasets import"),
        (["datasets", "show", "none"], 2, "no dataset 'none'"),
        (["datasets", "grow", "d", "--since", "soon"], 2, "no duration"),
        (["evals", "run", "answer", "--data", "none"], 2, "no dataset 'none'"),
        (["evals", "compare", "answer@loud", "answer"], 1, "hone evals run answer@loud answer --data NAME"),
        (["evals", "compare", "answer", "answer"], 2, "not two variants"),
        (["evals", "report"], 1, "no experiment yet"),
        (["evals", "list"], 1, "no experiment yet"),
        (["releases", "promote", "answer"], 2, "TASK@VARIANT"),
        (["releases", "promote", "answer@laud"], 2, "did you mean `loud`"),
        (["releases", "promote", "answer@loud"], 1, "no experiment compares"),
        (["releases", "rollback", "answer"], 2, "no release before"),
        (["releases", "show", "anwser"], 2, "did you mean `answer`"),
        (["prompts", "show", "none"], 2, "no prompt 'none'"),
        (["prompts", "diff", "answer"], 2, "no version before v1"),
        (["prompts", "diff", "answer", "v9"], 2, "no version or label 'v9'"),
    ],
)
def test_a_mistake_has_its_status_and_a_way_out(hone: Command, arguments: list[str], status: int, words: str) -> None:
    done = hone(*arguments)
    assert done.returncode == status
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
