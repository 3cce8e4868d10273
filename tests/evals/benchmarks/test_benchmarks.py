"""Standard benchmarks: their files, their official metrics, and the table."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from hone.datasets import Example
from hone.errors import CallError, HoneError
from hone.evals import Answer, Given, Run
from hone.evals.benchmarks import Settings, benchmark, leaderboard, names
from hone.evals.benchmarks._choice import letter_of
from hone.store import Experiment, Judgement, Metric, Result

DATA = os.environ.get("HONE_DATA")
needs_data = pytest.mark.skipif(DATA is None, reason="HONE_DATA names no folder with the published files")

NOTHING = Settings()


def written(path: Path, *items: Any) -> Path:
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in items))
    return path


def values(name: str, example: Example, text: str, **answer: Any) -> dict[str, Any]:
    made = benchmark(name).evaluators(Given(), NOTHING)
    return {j.name: j.value for each in made for j in each.judgements(example, Answer(text=text, **answer))}


# -- SQuAD


def squad(tmp_path: Path) -> list[Example]:
    qas = [
        {"id": "a", "question": "Who?", "answers": [{"text": "the Normans"}, {"text": "Normans"}, {"text": "Normans"}]},
        {"id": "b", "question": "What else?", "is_impossible": True, "answers": []},
    ]
    official = {
        "version": "v2.0",
        "data": [{"title": "Normans", "paragraphs": [{"context": "Some text.", "qas": qas}]}],
    }
    return benchmark("squad").read(written(tmp_path / "dev.json", official), NOTHING)


def test_squad_reads_the_official_file_and_asks_for_spans(tmp_path: Path) -> None:
    answered, none = squad(tmp_path)
    assert (answered.id, answered.expected, answered.group) == ("a", ["the Normans", "Normans"], "Normans")
    assert "Passage:\nSome text.\n\nQuestion: Who?\nAnswer:" in answered.input
    assert "write only: unanswerable" in answered.input, "one question has no answer, so every one may have none"
    assert (none.expected, none.tags) == ("unanswerable", ("unanswerable",))


@pytest.mark.parametrize(
    ("text", "em", "f1"),
    [("The Normans!", True, 1.0), ("Normans of France", False, 0.5), ("unanswerable", False, 0.0), ("", False, 0.0)],
)
def test_squad_scores_an_answer_as_the_official_script(tmp_path: Path, text: str, em: bool, f1: float) -> None:
    answered, _ = squad(tmp_path)
    assert values("squad", answered, text) == {"squad-em": em, "squad-f1": pytest.approx(f1)}


@pytest.mark.parametrize(
    ("text", "right"), [("unanswerable", True), ("Unanswerable.", True), ("", True), ("Normans", False)]
)
def test_where_there_is_no_answer_only_none_is_right(tmp_path: Path, text: str, right: bool) -> None:
    _, none = squad(tmp_path)
    assert values("squad", none, text) == {"squad-em": right, "squad-f1": float(right)}


def test_squad_reads_lines_too(tmp_path: Path) -> None:
    path = written(
        tmp_path / "dev.jsonl", {"context": "c", "question": "q", "answers": {"text": ["x"], "answer_start": [0]}}
    )
    (example,) = benchmark("squad2").read(path, NOTHING)
    assert (example.expected, "unanswerable" in str(example.input)) == (["x"], False)


# -- multiple choice

CHOICES = {"A": "mercury", "B": "venus", "C": "earth", "D": "mars"}


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("(b)", "B"),
        ("B. venus", "B"),
        ("**C**", "C"),
        ("The answer is (D).", "D"),
        ("First I thought the answer is A. On reflection:\n\nAnswer: C", "C"),
        ("so \\boxed{A}", "A"),
        ("Answer: **B**", "B"),
        ("Venus.", "B"),
        ("It must be mars, the red one", "D"),
        ("I would say C because of the water", "C"),
        ("A planet", None),
        ("mercury or venus", None),
        ("I don't know", None),
        ("Answer: E", None),
    ],
)
def test_a_letter_is_found_as_the_documentation_says(text: str, letter: str | None) -> None:
    assert letter_of(text, CHOICES) == letter


def test_multiple_choice_reads_mmlu_and_arc(tmp_path: Path) -> None:
    read = benchmark("mmlu").read
    csv = written(tmp_path / "t.csv", '"Which, one?",w,x,y,z,C', "Second,1,2,3,4,A")
    arc = written(
        tmp_path / "arc.jsonl",
        {"id": "1", "question": {"stem": "q", "choices": [{"text": "u", "label": "1"}, {"text": "v", "label": "2"}]},
         "answerKey": "2"},
        {"question": "q", "choices": {"text": ["u", "v"], "label": ["A", "B"]}, "answerKey": "B"},
        {"question": "q", "choices": ["u", "v", "w"], "answer": 2},
        {"question": "q", "choices": ["u", "v"], "answer": "v"},
    )  # fmt: skip
    assert [each.expected for each in read(csv, NOTHING)] == ["C", "A"]
    assert [each.expected for each in read(arc, NOTHING)] == ["B", "B", "C", "B"]
    first = read(csv, NOTHING)[0]
    assert "Which, one?\n\nA. w\nB. x\nC. y\nD. z" in str(first.input)
    assert values("choice", first, "Answer: C") == {"choice": True}


# -- the published files


@needs_data
def test_gsm8k_is_read_whole_and_every_solution_grades_as_right() -> None:
    assert DATA is not None
    examples = benchmark("gsm8k").read(Path(DATA) / "gsm8k" / "test.jsonl", NOTHING)
    assert len(examples) == 1319
    assert all(values("gsm8k", each, str(each.expected))["gsm8k"] for each in examples[:200])
    assert not values("gsm8k", examples[0], "#### 7")["gsm8k"]
    assert "#### 42" in str(examples[0].input)


@needs_data
def test_nq_open_is_read_whole_and_every_known_answer_is_right() -> None:
    assert DATA is not None
    examples = benchmark("nq-open").read(Path(DATA) / "nq_open" / "NQ-open.dev.jsonl", NOTHING)
    assert len(examples) == 3610
    assert all(values("nq-open", each, each.expected[-1])["squad-em"] for each in examples[:200])
    assert values("nq-open", examples[0], "never")["squad-em"] is False


@needs_data
def test_mt_bench_has_references_for_what_can_be_right_or_wrong() -> None:
    assert DATA is not None
    folder = Path(DATA) / "mtbench"
    settings = Settings(reference=folder / "ref_gpt4.jsonl")
    examples = benchmark("mt-bench").read(folder / "question.jsonl", settings)
    assert len(examples) == 80
    with_reference = {tag for each in examples if each.expected for tag in each.tags}
    assert with_reference == {"math", "reasoning", "coding"}


# -- the table


def run_of(rights: dict[str, list[bool]]) -> Run:
    results = [
        Result(
            experiment="x", variant=name, example=str(n), input='"q"', judgements=[Judgement("right", right)], cost=0.5
        )
        for name, found in rights.items()
        for n, right in enumerate(found)
    ]
    n = len(next(iter(rights.values())))
    experiment = Experiment(
        id="x", project="p", task="bench-x", dataset="x", dataset_sha256="d", split=None, examples=n,
        variants=dict.fromkeys(rights, "s"), evaluators=[], metrics={"right": Metric(kind="boolean")}, key="k",
        created=0, by="test",
    )  # fmt: skip
    return Run(experiment=experiment, results=results)


def test_ranks_are_open_where_the_pairs_do_not_tell() -> None:
    good = [n % 10 > 0 for n in range(100)]
    near = [n % 10 > 0 and n != 5 for n in range(100)]
    bad = [n % 2 == 0 for n in range(100)]
    made = leaderboard(run_of({"bad": bad, "near": near, "good": good}), "right", "x")
    assert [(each.name, each.rank) for each in made.standings] == [("good", "1-2"), ("near", "1-2"), ("bad", "3")]
    assert made.standings[0].low is not None
    assert made.standings[0].cost == 50.0
    raw = [each.p for each in made.comparisons]
    assert all(p is not None and q is not None and q >= p for p, q in zip(raw, made.adjusted, strict=True))


def test_a_single_model_is_first_and_last() -> None:
    made = leaderboard(run_of({"only": [True, False]}), "right", "x")
    assert (made.standings[0].rank, made.comparisons) == ("1", [])


# -- what is wrong


@pytest.mark.parametrize(
    ("name", "file", "said"),
    [
        ("gsm8k", '{"question": "q"}', "no usable `answer` (data.txt:1)"),
        ("gsm8k", '{"question": "q", "answer": "1"}\nno', "this is not JSON"),
        ("nq-open", '{"query": "q"}', "no usable `question` (data.txt:1)"),
        ("squad", '{"data": [{"paragraphs": [{"context": "c"}]}]}', "not in the format of SQuAD: KeyError 'qas'"),
        ("squad", '{"context": "c"}\n{"context": "d"}', "no `answers` (data.txt:1)"),
        ("choice", '{"question": "q", "choices": ["a"], "answer": 0}', "has 1 choices (data.txt:1)"),
        ("choice", '{"question": "q", "choices": ["a", "b"], "answer": "C"}', "'C', which is none of the choices"),
        ("mt-bench", '{"question_id": 1, "turns": [1]}', "the turns are no texts (data.txt:1)"),
        ("mt-bench", "[1]", "a question is an object, and this is a int (data.txt, item 1)"),
    ],
)
def test_a_broken_file_says_where(tmp_path: Path, name: str, file: str, said: str) -> None:
    with pytest.raises(HoneError) as caught:
        benchmark(name).read(written(tmp_path / "data.txt", file), NOTHING)
    assert said in caught.value.message


def test_names_that_are_none_have_a_way_out() -> None:
    with pytest.raises(CallError, match="did you mean `gsm8k`"):
        benchmark("gsm8")
    with pytest.raises(CallError, match="no sandbox"):
        benchmark("HumanEval")
    assert [benchmark(each).name for each in names()] == names()


def test_mt_bench_without_a_model_that_judges_says_so() -> None:
    with pytest.raises(CallError, match="judged by a model"):
        benchmark("mt-bench").evaluators(Given(), NOTHING)
