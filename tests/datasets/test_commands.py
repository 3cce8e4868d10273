"""The verbs of `hone datasets`, and the dataset of the SDK, on a project of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hone.cli import main


class Done(NamedTuple):
    returncode: object
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def hone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    for name in [name for name in os.environ if name.startswith("HONE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hone.toml").write_text('project = "support"\n')

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        return Done(ended.value.code or 0, *capsys.readouterr())

    return run


def said(done: Done, status: int = 0) -> Any:
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def written(tmp_path: Path, count: int = 20) -> None:
    rows = "".join(f"Wie lange dauert ein Paket der Klasse {n}?,{n} Tage\n" for n in range(count))
    (tmp_path / "fragen.csv").write_text(f"Frage,Antwort\n{rows}", "utf-8")


def test_from_a_spreadsheet_to_a_card(hone: Command, tmp_path: Path) -> None:
    written(tmp_path)
    mapping = ("--map", "input.question=Frage", "--map", "expected=Antwort")
    tried = hone("datasets", "import", "fragen", "fragen.csv", *mapping, "--dry-run")
    assert "input.question" in tried.stderr
    assert "20 would be added" in tried.stderr
    assert not (tmp_path / "datasets").exists(), "a dry run writes nothing"

    made = said(hone("datasets", "import", "fragen", "fragen.csv", *mapping, "--tag", "paket", "--json"))
    assert (made["kind"], made["added"], made["repeated"]) == ("table", 20, 0)
    guessed = hone("datasets", "import", "fragen", "fragen.csv", "--map", "input.question=Frage", "--yes")
    assert "guessed" in guessed.stderr
    assert "20 were there already" in guessed.stderr

    path = tmp_path / "datasets" / "fragen.jsonl"
    path.write_text(path.read_text("utf-8").replace('"0 Tage"', '"null Tage"', 1), "utf-8")
    changed = said(hone("datasets", "diff", "fragen", "--json"))
    assert (changed["old"], changed["new"], changed["same"]) == ("v1", "v2", 20 - len(changed["changed"]))
    split = said(hone("datasets", "split", "fragen", "--held-out", "0.3", "--near", "0.9", "--json"))
    assert split["dev"] + split["held_out"] == 20
    listed = said(hone("datasets", "versions", "fragen", "--json"))["items"]
    assert [(row["version"], row["kept"], row["now"]) for row in listed] == [
        (3, True, True), (2, True, False), (1, True, False),
    ]  # fmt: skip
    assert said(hone("datasets", "show", "fragen@v1", "--json"))["dataset"]["version"] == 1
    assert said(hone("datasets", "stats", "fragen", "--json"))["tags"] == {"paket": 20}

    assert hone("datasets", "card", "fragen", "--write").returncode == 0
    card = tmp_path / "datasets" / "fragen.card.md"
    assert "| tag `paket` | 20 |" in card.read_text("utf-8")
    assert [row["name"] for row in said(hone("datasets", "list", "--json"))["items"]] == ["fragen"]


def test_words_that_changed_are_marked(hone: Command, tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    path = tmp_path / "datasets" / "d.jsonl"
    path.write_text('{"id": "a", "input": "Where is my parcel?"}\n')
    hone("datasets", "versions", "d")
    path.write_text('{"id": "a", "input": "Where is my package?"}\n{"id": "b", "input": "new"}\n')
    shown = hone("datasets", "diff", "d")
    assert "input: Where is my [-parcel-]{+package+}?" in shown.stdout
    assert "+ b" in shown.stdout
    assert "v1 -> v2: 1 added, 0 removed, 1 changed, 0 the same" in shown.stderr
    assert "0 the same" in hone("datasets", "diff", "d", "v2", "v1").stderr


def test_leaks_close_the_door(hone: Command, tmp_path: Path) -> None:
    written(tmp_path)
    hone("datasets", "import", "fragen", "fragen.csv", "--yes")
    clean = hone("datasets", "export", "fragen", "tune.jsonl", "--as", "openai-finetune", "--system", "Kurz.")
    assert "of dev as openai-finetune" in clean.stderr
    against_all = hone("datasets", "leaks", "fragen", "--against", "fragen.csv", "--json")
    found = said(against_all, status=1)
    assert found["kinds"] == {"exact": found["test"]}
    own = said(hone("datasets", "leaks", "fragen", "--against", "tune.jsonl", "--near", "1", "--json"))
    assert (own["leaks"], own["train"]) == ([], 20 - own["test"])
    twice = tmp_path / "twice.csv"
    twice.write_text("id,question\n1,Where is it now?\n2,where is  it now?\n")
    hone("datasets", "import", "twice", "twice.csv")
    assert said(hone("datasets", "duplicates", "twice", "--json"))["groups"][0]["ids"] == ["1", "2"]


@pytest.mark.parametrize("as_", ["jsonl", "csv", "parquet", "hf", "promptfoo"])
def test_what_is_exported_can_be_imported(hone: Command, tmp_path: Path, as_: str) -> None:
    written(tmp_path, 3)
    hone("datasets", "import", "fragen", "fragen.csv", "--yes")
    name = f"out.{'yaml' if as_ == 'promptfoo' else as_}"
    assert said(hone("datasets", "export", "fragen", name, "--as", as_, "--json"))["examples"] == 3
    assert said(hone("datasets", "import", "again", name, "--json"))["added"] == 3
    shown = [said(hone("datasets", "show", each, "--json"))["items"] for each in ("fragen", "again")]
    first, second = ({row["input"]["Frage"]: row["expected"] for row in rows} for rows in shown)
    assert first == second


def test_assertions_that_hone_does_not_have_are_named_and_left_out(hone: Command, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("q,__expected\na,classifier: kind\n")
    assert "no evaluator for assertions of type `classifier`" in hone("datasets", "import", "d", "t.csv").stderr
    (tmp_path / "t.jsonl").write_text('{"input": "b", "evaluators": ["nonesuch"]}\n')
    assert "no evaluator named nonesuch" in hone("datasets", "import", "d", "t.jsonl").stderr


def test_python_of_promptfoos_tests_comes_into_the_project_when_it_is_asked_for(hone: Command, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("q,__expected\na,python: len(output) > 3\n")
    assert "Python of a test is not taken over" in hone("datasets", "import", "c", "t.csv").stderr
    assert not (tmp_path / "evaluators").exists(), "nobody asked for code"
    for _ in range(2):  # the same again is no conflict
        hone("datasets", "import", "d", "t.csv", "--code")
    (file,) = (tmp_path / "evaluators").iterdir()
    assert "len(output) > 3" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["datasets", "import", "d", "bad.csv"], 2, "bad.csv:2"),
        (["datasets", "import", "d", "bad.csv", "--kind", "nothing"], 2, "nothing"),
        (["datasets", "diff", "d"], 1, "no version of 'd' before v1"),
        (["datasets", "diff", "d", "v7"], 1, "no version 'v7'"),
        (["datasets", "show", "d@v7"], 1, "no version 'v7'"),
        (["datasets", "leaks", "d", "--against", "nobody"], 2, "neither a dataset nor a file"),
        (["datasets", "export", "d", "x.jsonl", "--as", "openai-finetune"], 2, "no expected answer"),
        (["datasets", "export", "e", "x.csv", "--as", "csv"], 2, "no dataset 'e'"),
        (["datasets", "split", "d", "--held-out", "0.8", "--train", "0.8"], 2, "no shares of one whole"),
    ],
)
def test_a_mistake_has_its_status_and_a_way_out(
    hone: Command, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    (tmp_path / "bad.csv").write_text("question,answer\na\n")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "d.jsonl").write_text('{"input": "a", "split": "dev"}\n')
    done = hone(*arguments)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.jsonl").exists()


SCRIPT = """
import hone
data = hone.dataset("fragen")
print(data.load("fragen.csv", {"input.question": "Frage"}).added)
data.delete(data.read().examples[0].id)
print([each.version for each in data.versions()], len(data.at("v1")), len(data.diff("v1").removed))
print(data.export("csv", "out.csv").examples, len(data.duplicates(near=0.9).groups))
"""


def test_the_sdk_loads_looks_back_and_exports(hone: Command, tmp_path: Path) -> None:
    written(tmp_path)
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["20", "[2, 1] 20 1"]
    assert done.stdout.splitlines()[2].startswith("19 ")


PROJECT = """
project = "support"
[models.echo]
use = "fake/echo"
[tasks.answer]
input = { question = "string" }
models = ["echo"]
prompt = "answer"
"""


def test_an_old_version_can_be_run_again(hone: Command, tmp_path: Path) -> None:
    (tmp_path / "hone.toml").write_text(PROJECT)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "answer.prompt.md").write_text("# user\n\n{{ question }}\n")
    rows = [{"input": f"question {n}", "expected": f"question {n}"} for n in range(40)]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    hone("datasets", "import", "d", "cases.jsonl")
    path = tmp_path / "datasets" / "d.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:5]))
    assert said(hone("evals", "run", "answer", "--data", "d", "--json"))["experiment"]["examples"] == 5
    again = said(hone("evals", "run", "answer", "--data", "d@v1", "--limit", "7", "--json"))["experiment"]
    assert (again["dataset"], again["examples"]) == ("d", 7)
    assert [row["version"] for row in said(hone("datasets", "versions", "d", "--json"))["items"]] == [2, 1]


def test_a_broken_dataset_does_not_hide_the_others(hone: Command, tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "fine.jsonl").write_text('{"input": "q"}\n')
    (tmp_path / "datasets" / "broken.jsonl").write_text('{"input": "q"}\n{"input":\n')
    done = hone("datasets", "list")
    assert "fine" in done.stdout
    assert "broken.jsonl:2" in done.stderr
    assert done.returncode == 1
    assert [each["name"] for each in json.loads(hone("datasets", "list", "--json").stdout)["items"]] == ["fine"]


def test_two_answers_to_one_question_are_two_cases_where_each_has_an_id(hone: Command, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("id,question,expected\na,How long?,10 days\nb,How long?,20 days\nc,Why?,so\n")
    for added, repeated in ((3, 0), (0, 3)):
        said = json.loads(hone("datasets", "import", "new", "cases.csv", "--json").stdout)
        assert (said["added"], said["repeated"], said["examples"]) == (added, repeated, 3)
    would = json.loads(hone("datasets", "import", "other", "cases.csv", "--dry-run", "--json").stdout)
    assert (would["added"], would["repeated"]) == (3, 0)


def test_another_answer_to_the_same_question_is_not_dropped_in_silence(hone: Command, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("question,expected\nHow long?,10 days\nHow long?,20 days\nHow long?,10 days\n")
    done = hone("datasets", "import", "new", "cases.csv", "--yes")
    assert "new: 1 added, 2 were there already, 1 in all" in done.stderr
    assert "row 2 repeats the input of row 1 with another answer (cases.csv)" in " ".join(done.stderr.split())
