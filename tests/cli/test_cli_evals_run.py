"""`hone evals run` with all that it takes, `rescore`, and `report --slices`, on the command line."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

FILE = """
project = "p"
[models.echo]
use = "fake/echo"
price = { input = 1000, output = 1000 }
[models.deaf]
use = "fake/deaf"
price = { input = 1000, output = 1000 }
parameters = { fake = { text = "What?" } }

[tasks.answer]
input = { question = "string" }
models = ["echo"]
[tasks.answer.variants.deaf]
models = ["deaf"]
"""
LINES = "".join(
    json.dumps({"id": f"e{n}", "input": f"question {n}", "expected": f"question {n}", "tags": ["odd"] * (n % 2)}) + "\n"
    for n in range(40)
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "hone.toml").write_text(FILE)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "cases.jsonl").write_text(LINES)
    return {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}


@pytest.fixture
def hone(tmp_path: Path, environment: dict[str, str]) -> Command:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hone", "evals", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


def test_a_matrix_of_models_and_parameters_with_repeats(hone: Command) -> None:
    arguments = ("run", "answer", "--data", "cases", "-e", "exact", "--limit", "5", "--repeats", "2")
    done = hone(*arguments, "--model", "echo", "--model", "deaf", "--param", "temperature=0,1", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    means = {each["variant"]: each["mean"] for each in said["summaries"]}
    assert means == {
        f"baseline · model={model} · temperature={heat}": float(model == "echo")
        for model in ("echo", "deaf")
        for heat in (0, 1)
    }
    assert said["calls"] == 5 * 2 * 4
    assert "with 5 cases you can see" in done.stderr
    assert hone(*arguments, "--model", "ecko").returncode == 2
    assert "NAME=VALUE" in hone(*arguments, "--param", "temperature").stderr


def test_each_result_as_a_line_and_then_the_report(hone: Command) -> None:
    done = hone("run", "answer", "--data", "cases", "-e", "exact", "--json-lines", "--quiet")
    *results, last = map(json.loads, done.stdout.splitlines())
    assert sorted(each["result"]["example"] for each in results) == sorted(f"e{n}" for n in range(40))
    assert last["report"]["experiment"]["state"] == "done"
    assert done.stderr == ""


def test_a_ceiling_ends_the_run_and_says_what_is_missing(hone: Command) -> None:
    done = hone("run", "answer", "--data", "cases", "-e", "exact", "--max-cost", "0.045")
    assert done.returncode == 0, done.stderr
    assert (
        "29 of 40 answers are missing: $0.044 are spent in this run, and the next call might pass $0.045; run it again"
        in (done.stderr)
    )
    rest = json.loads(hone("run", "answer", "--data", "cases", "-e", "exact", "--json").stdout)
    assert (rest["calls"], rest["missing"], rest["cost"]) == (40, 0, pytest.approx(0.16))


def test_a_comparison_that_was_asked_for_and_not_made_cannot_tell(hone: Command) -> None:
    arguments = ("run", "answer@deaf", "--data", "cases", "-e", "exact", "--compare", "answer", "--max-cost", "0.045")
    done = hone(*arguments)
    assert done.returncode == 0, done.stderr
    assert "answer@deaf was not compared with answer: answers are missing" in done.stderr
    assert hone(*arguments, "--strict").returncode == 1


def test_other_models_are_compared_with_what_is_there_as_it_is(hone: Command) -> None:
    done = hone(
        "run", "answer", "--data", "cases", "-e", "exact", "--model", "deaf", "--compare", "answer", "--json"
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)["comparison"]
    assert (said["a"], said["b"], said["difference"]) == ("answer@baseline · model=deaf", "answer@baseline", -1.0)


def test_a_gate_looks_at_other_models_too(tmp_path: Path, hone: Command) -> None:
    gated = '[metrics.exact]\nkind = "boolean"\n[releases.answer]\ngate = { metric = "exact", not_worse_by = 0.1 }\n'
    (tmp_path / "hone.toml").write_text(FILE + gated)
    done = hone("run", "answer", "--data", "cases", "-e", "exact", "--param", "temperature=0,1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["comparison"]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--compare", "answer@def"), "did you mean `deaf`"),
        (("--compare", "answer"), "there is nothing to compare"),
        (("--compare", "answer@deaf", "--metric", "exakt"), "no evaluator gives a 'exakt'"),
        (("--compare", "answer@deaf", "--stop-early", "--param", "temperature=1"), "cannot end early for a comparison"),
    ],
)
def test_what_cannot_be_compared_is_said_before_anything_is_asked(
    hone: Command, more: tuple[str, ...], said: str
) -> None:
    done = hone("run", "answer", "--data", "cases", "-e", "exact", *more)
    assert done.returncode == 2
    assert said in done.stderr
    assert hone("list").returncode == 1, "there is no experiment"


def test_other_evaluators_without_a_call(hone: Command) -> None:
    first = json.loads(hone("run", "answer", "answer@deaf", "--data", "cases", "-e", "exact", "--json").stdout)
    again = hone("rescore", first["experiment"]["id"][:20], "-e", "f1", "--json")
    assert again.returncode == 0, again.stderr
    said = json.loads(again.stdout)
    assert (said["cost"], said["calls"]) == (0, 80)
    assert {each["variant"]: each["mean"] for each in said["summaries"]} == {"baseline": 1.0, "deaf": 0.0}
    slices = json.loads(hone("report", first["experiment"]["id"], "--slices", "--json").stdout)["items"]
    assert [(each["tag"], each["comparison"]["n"], each["comparison"]["difference"]) for each in slices] == [
        ("odd", 20, 1.0)
    ]
    assert "baseline - deaf" in hone("report", first["experiment"]["id"], "--slices").stdout


def test_a_settled_comparison_ends_the_run(hone: Command) -> None:
    done = hone(
        "run", "answer@deaf", "--data", "cases", "-e", "exact", "--compare", "answer", "--stop-early", "--concurrency",
        "1", "--json",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert said["missing"] > 0
    assert (said["comparison"]["verdict"], said["experiment"]["state"]) == ("fail", "done")


def test_watching_asks_only_what_has_changed(tmp_path: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "hone", "evals", "run", "answer", "--data", "cases", "-e", "exact", "--json-lines"]
    with subprocess.Popen(
        [*command, "--watch", "--quiet"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None

        def report() -> dict:
            for line in process.stdout:
                if "report" in (said := json.loads(line)):
                    return said["report"]
            raise AssertionError("it ended")

        assert report()["calls"] == 40
        time.sleep(0.02)
        more = json.dumps({"id": "new", "input": "one more", "expected": "one more"})
        (tmp_path / "datasets" / "cases.jsonl").write_text(f"{LINES}{more}\n")
        second = report()
        assert (second["calls"], second["summaries"][0]["mean"]) == (41, 1.0)
        assert second["cost"] == pytest.approx(0.004), "one call alone"
        process.terminate()


def test_a_few_cases_that_stand_for_all_say_what_all_would(tmp_path: Path, hone: Command) -> None:
    twin = '[tasks.answer.variants.twin]\nmodels = ["twin"]\n[models.twin]\nuse = "fake/twin"\n'
    (tmp_path / "hone.toml").write_text(FILE + twin)
    cases = [
        json.dumps(
            {"id": f"e{n}", "input": f"question {n}", "expected": f"question {n}" if n % 3 else "something else"}
        )
        for n in range(60)
    ]
    (tmp_path / "datasets" / "some.jsonl").write_text("\n".join(cases))
    arguments = ("run", "answer@twin", "--data", "some", "-e", "exact", "--anchors", "30", "--json")
    early = hone(*arguments)
    assert early.returncode == 2
    assert "run another variant over all of them first" in early.stderr
    assert hone("run", "answer", "--data", "some", "-e", "exact", "--json").returncode == 0
    done = hone(*arguments)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    (overall,) = said["overall"]
    assert said["calls"] == overall["asked"] == 30
    assert (overall["examples"], overall["runs"]) == (60, 1)
    # It answers as the other one does, so what that one knows of the other 30 tells all.
    assert overall["mean"] == pytest.approx(40 / 60)
    few = next(each for each in said["summaries"] if each["metric"] == "exact")
    assert overall["high"] - overall["low"] < few["high"] - few["low"]
    too_few = hone(*arguments[:-2], "5", "--fresh")
    assert too_few.returncode == 2
    assert "5 examples say nothing of the others" in too_few.stderr
    assert "--anchors 12 or more" in too_few.stderr
