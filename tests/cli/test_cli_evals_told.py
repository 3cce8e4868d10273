"""What `hone evals run` says before it asks anything, and how it ends where nothing came of it."""

import json
import os
import re
import signal
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
[models.broken]
use = "fake/broken"
parameters = { fake = { status = 400 } }

[tasks.answer]
input = { question = "string" }
models = ["echo"]
[tasks.answer.variants.deaf]
models = ["deaf"]
[tasks.answer.variants.broken]
models = ["broken"]
"""


@pytest.fixture
def hone(tmp_path: Path) -> Command:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}
    (tmp_path / "hone.toml").write_text(FILE)
    (tmp_path / "datasets").mkdir()
    lines = [json.dumps({"id": f"e{n}", "input": f"question {n}", "expected": f"question {n}"}) for n in range(12)]
    (tmp_path / "datasets" / "cases.jsonl").write_text("\n".join(lines))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hone", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


RUN = ("evals", "run", "answer@deaf", "--data", "cases", "-e", "exact")


def test_what_is_compared_with_stands_in_the_same_experiment(hone: Command) -> None:
    said = json.loads(hone(*RUN, "--compare", "answer", "--json").stdout)
    assert list(said["experiment"]["variants"]) == ["deaf", "baseline"]
    assert {each["variant"]: each["mean"] for each in said["summaries"]} == {"deaf": 0.0, "baseline": 1.0}
    assert said["comparison"]["experiments"] == [said["experiment"]["id"]]
    assert len(json.loads(hone("evals", "list", "--json").stdout)["items"]) == 1
    latest = json.loads(hone("evals", "report", "--json").stdout)
    assert latest["summaries"] == said["summaries"]


def test_an_answer_of_the_rival_that_is_there_already_is_not_paid_again(hone: Command) -> None:
    hone("evals", "run", "answer", "--data", "cases", "-e", "exact")
    lines = hone(*RUN, "--compare", "answer", "--json-lines", "--quiet").stdout.splitlines()
    results = [json.loads(line)["result"] for line in lines[:-1]]
    assert {each["variant"] for each in results if each["source"]} == {"baseline"}
    assert sum(each["source"] is not None for each in results) == 12


def test_a_run_whose_calls_all_failed_is_no_success(hone: Command) -> None:
    done = hone("evals", "run", "answer@broken", "--data", "cases", "-e", "exact")
    assert "12 of 12 calls failed" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--compare", "answer", "--metric", "f2"], "no evaluator gives a 'f2'"),
        (["--metric", "f2"], "there are: exact"),
        (["--compare", "answer@deaf"], "there is nothing to compare"),
        (["--not-worse-by", "0.1"], "--compare TASK@VARIANT"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_told_before_anything_is_asked(
    hone: Command, more: list[str], words: str
) -> None:
    done = hone(*RUN, *more)
    assert done.returncode == 2
    assert words in done.stderr
    assert hone("evals", "list").returncode == 1, "no experiment was begun"


def test_an_evaluator_that_fails_everywhere_is_no_plain_zero(hone: Command, tmp_path: Path) -> None:
    (tmp_path / "grade.py").write_text("def grade(output):\n    return output.nothing\n")
    (tmp_path / "datasets" / "graded.jsonl").write_text(
        "".join(
            json.dumps({"id": f"g{n}", "input": f"q{n}", "evaluators": [{"type": "python", "value": "grade.py:grade"}]})
            + "\n"
            for n in range(4)
        )
    )
    asked = ("evals", "run", "answer", "--data", "graded", "-e", "latency")
    done = hone(*asked)
    said = "the evaluator grade failed on 4 of 4, the first with AttributeError: 'str' object has no attribute"
    assert said in done.stderr
    assert done.returncode == 1
    (told,) = json.loads(hone(*asked, "--json").stdout)["broken"]
    assert (told["name"], told["failed"], told["judged"]) == ("grade", 4, 4)
    assert hone("evals", "report", "--html", "report.html", "--json").returncode == 0
    assert "the evaluator grade failed on 4 of 4" in (tmp_path / "report.html").read_text()


def test_an_evaluator_with_all_that_it_takes_is_written_as_json(hone: Command) -> None:
    asked = '{"type": "rouge-n", "value": "question 3", "threshold": 0.9, "metric": "third"}'
    done = hone("evals", "run", "answer", "--data", "cases", "-e", asked, "-e", "exact", "--json")
    assert done.returncode == 0, done.stderr
    means = {each["metric"]: each["mean"] for each in json.loads(done.stdout)["summaries"]}
    assert means["third-passes"] == pytest.approx(1 / 12)
    assert "no JSON" in hone("evals", "run", "answer", "--data", "cases", "-e", '{"type": ').stderr


def test_a_built_in_judge_is_given_its_model(hone: Command) -> None:
    named = hone("evals", "run", "answer", "--data", "cases", "-e", "llm-rubric:polite")
    assert "-e '{" in named.stderr
    asked = '{"type": "llm-rubric", "value": "polite", "model": "deaf"}'
    done = hone("evals", "run", "answer", "--data", "cases", "-e", asked)
    assert "the evaluator llm-rubric failed on 12 of 12, the first with InvalidOutput" in done.stderr


def test_ctrl_c_says_what_is_kept_and_that_the_same_command_goes_on(tmp_path: Path, hone: Command) -> None:
    slow = '[tasks.answer.variants.slow]\nmodels = ["slow"]\n[models.slow]\nuse = "fake/slow"\n'
    (tmp_path / "hone.toml").write_text(FILE + slow + "parameters = { fake = { latency = 0.3 } }\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}
    command = ["evals", "run", "answer@slow", "--data", "cases", "-e", "exact", "--concurrency", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "hone", *command, "--json-lines"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()  # the first answer is kept
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        process.wait(20)
    found = re.search(r"interrupted: (\d+) of 12 answers are kept; the same command goes on from there", told)
    assert found, told
    assert "Aborted" not in told
    assert process.returncode == 1
    lines = [json.loads(line) for line in hone(*command, "--json-lines", "--quiet").stdout.splitlines()]
    assert len(lines) - 1 == 12 - int(found[1]), "the rest alone"


def test_examples_that_the_task_does_not_take_are_told_before_anything_is_asked(hone: Command, tmp_path: Path) -> None:
    lines = [json.dumps({"id": f"w{n}", "input": {"q" if n else "question": "why?"}}) for n in range(3)]
    (tmp_path / "datasets" / "strange.jsonl").write_text("\n".join(lines))
    done = hone("evals", "run", "answer", "--data", "strange", "-e", "latency")
    assert done.returncode == 2
    assert "2 of 3 examples of 'strange' do not fit the task, the first is 'w1'" in done.stderr
    assert "it takes: question" in done.stderr
    assert hone("evals", "list").returncode == 1, "no experiment was begun"
