"""`hone.dataset` and `hone.evaluate`: measuring from a script."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hone
from hone import client
from hone.client import Remote
from hone.datasets import Example
from hone.errors import CallError, ProjectError
from hone.evals import Answer, Evaluator, Measure
from hone.evals.benchmarks import Settings, benchmark
from hone.local import Bench, Hone, House, Options
from hone.local._benchmark import Wanted, run_benchmark
from hone.server import Server
from hone.store import Judgement, Metric, ScoreQuery, SpanQuery

FILE = """
project = "p"
[models.echo]
use = "fake/echo"
[models.deaf]
use = "fake/deaf"
parameters = { fake = { text = "What?" } }
[models.broken]
use = "fake/broken"
parameters = { fake = { status = 500 } }

[tasks.answer]
input = { question = "string" }
models = ["echo"]
[tasks.answer.variants.deaf]
models = ["deaf"]
[tasks.answer.variants.broken]
models = ["broken"]
[tasks.other]
models = ["echo"]

[metrics.exact]
kind = "boolean"
"""
LINES = "".join(f'{{"input": "question {n}", "expected": "question {n}"}}\n' for n in range(20))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "hone.toml").write_text(FILE)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "questions.jsonl").write_text(LINES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    opened = House.open(folder)
    client.connect(Hone(opened))
    yield opened
    client.disconnect()


def test_two_variants_from_a_script(house: House) -> None:
    data = hone.dataset("questions")
    run = hone.evaluate("answer@deaf", data, evaluators=["exact", "latency"])
    assert (run["exact"].n, run["exact"].mean) == (20, 0.0)
    found = run.compare("answer@production")
    assert (found.a, found.b, found.n, found.verdict) == ("answer@deaf", "answer@baseline", 20, "fail")
    assert "answer@deaf" in str(run)
    assert "n = 20" in str(found)


def test_a_function_that_only_says_true_or_false_says_right_or_wrong(house: House) -> None:
    def polite(example, output):  # without a word of what it returns
        return "question 1" in output

    def long(example, output):
        return len(output)

    run = hone.evaluate(["answer", "answer@broken"], "questions", evaluators=[polite, long])
    polite_, long_ = run.run.summary("baseline", "polite"), run.run.summary("baseline", "long")
    assert (polite_.kind, polite_.mean, long_.kind) == ("boolean", 11 / 20, "number")
    assert 0 <= polite_.low < polite_.high <= 1
    failed = run.run.summary("broken", "polite")
    assert (failed.kind, failed.mean, failed.n, run.run.summary("broken", "long").mean) == ("boolean", 0.0, 20, 0.0)


def test_every_call_is_a_trace_and_every_judgement_a_score(house: House) -> None:
    run = hone.evaluate("answer", "questions", evaluators=["exact", "latency"])
    house.telemetry.flush()
    spans = house.telemetry.spans(SpanQuery(project="p", tag=run.id, kind="task", limit=100))
    assert len(spans) == 20
    assert {span.tags for span in spans} == {("eval", run.id)}
    scores = house.telemetry.scores(ScoreQuery(project="p", name="exact", limit=100))
    assert {score.target.id for score in scores} == {span.span_id for span in spans}
    assert {(score.value, score.by, score.target.kind) for score in scores} == {(True, "code", "span")}


def test_the_same_question_is_not_paid_for_twice(house: House) -> None:
    first = hone.evaluate("answer", "questions", evaluators=["exact"])
    again = hone.evaluate("answer", "questions", evaluators=["exact"])
    assert again.id == first.id
    assert house.telemetry.count(SpanQuery(project="p", kind="task")) == 20


def test_examples_may_be_handed_over_and_a_function_may_judge(house: House) -> None:
    def short(example: Example, output: str) -> bool:
        return len(output) < 6

    data = [{"input": {"question": "Why?"}, "expected": "Why?"}, {"input": "At what time?"}]
    run = hone.evaluate("answer", data, evaluators=["exact", short])
    assert (run["short"].mean, run["exact"].n) == (0.5, 1)
    with pytest.raises(CallError, match="this is no example"):
        hone.evaluate("answer", [{"question": "Why?"}])


def test_failed_calls_are_shown(house: House) -> None:
    run = hone.evaluate("answer@broken", "questions", evaluators=["exact"], limit=3)
    assert run["exact"].mean == 0.0
    assert "3 calls failed, the first with: UpstreamRefused" in str(run)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("anwser", "did you mean `answer`"),
        ("answer@def", "did you mean `deaf`"),
        (["answer", "other"], "variants of one task"),
    ],
)
def test_a_wrong_name_has_a_way_out(house: House, names: str | list[str], said: str) -> None:
    with pytest.raises(CallError, match=said):
        hone.evaluate(names, "questions", evaluators=["exact"])


def test_a_variant_is_not_compared_with_itself(house: House) -> None:
    run = hone.evaluate("answer", "questions", evaluators=["exact"], limit=2)
    with pytest.raises(CallError, match="nothing to compare"):
        run.compare("answer@production")


def test_a_metric_of_another_kind_than_declared_is_refused_before_anything_is_asked(house: House, folder: Path) -> None:
    (folder / "hone.toml").write_text(FILE.replace('kind = "boolean"', 'kind = "number"'))
    other = House.open(folder)
    try:
        with pytest.raises(ProjectError, match=r"metrics.exact\] is declared as number"):
            Bench(other, Remote("http://127.0.0.1:9")).evaluate(["answer"], "questions", Options(evaluators=["exact"]))
    finally:
        other.close()


def test_a_dataset_grows_from_calls_that_were_wrong(house: House) -> None:
    good, bad = hone.run("answer", "right"), hone.run("answer", "wrong", session="s-1")
    hone.score(good, "helpful", True)
    hone.score(bad, "helpful", False)
    hone.score(bad, "correction", "what it should have said")
    hone.evaluate("answer", "questions", evaluators=["exact"], limit=2)
    data = hone.dataset("hard")
    grown = data.grow("helpful:false", since=3600, tags=["thumbs-down"])
    assert (grown.added, grown.repeated) == (1, 0)
    (example,) = data
    assert (example.input, example.expected) == ({"question": "wrong"}, "what it should have said")
    assert (example.origin, example.trace, example.group, example.tags) == (
        "traffic", bad.trace_id, "s-1", ("thumbs-down",)
    )  # fmt: skip
    assert data.grow("helpful:false").repeated == 1
    everything = data.grow(task="answer")
    assert (everything.added, everything.examples) == (1, 2), "calls of experiments are no traffic"
    assert [each.examples for each in house.experiments.dataset_versions("p", "hard")] == [2, 1]


def test_spans_and_corrections_may_be_handed_over(house: House) -> None:
    reply = hone.run("answer", "wrong")
    house.telemetry.flush()
    spans = house.telemetry.spans(SpanQuery(project="p", kind="task"))
    data = hone.dataset("hard")
    data.grow(spans, corrected={reply.trace_id: ["right", "also right"]})
    assert [each.expected for each in data] == [["right", "also right"]]


def test_with_hone_url_the_calls_go_to_the_server_and_so_do_the_scores(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("server")
    (elsewhere / "hone.toml").write_text(FILE)
    serving = House.open(elsewhere)
    here = House.open(folder)
    try:
        with Server(serving, "127.0.0.1", 0) as server:
            remote = Remote(server.url)
            found = Bench(here, remote).evaluate(["answer@deaf"], "questions", Options(evaluators=["exact"], limit=3))
            other = Options(evaluators=["exact"], limit=3, models=["echo"], parameters={"temperature": [0.5]})
            instead = Bench(here, remote).evaluate(["answer@deaf"], "questions", other)
            remote.close()
        assert found.summary("deaf", "exact").mean == 0.0
        assert instead.summary("deaf · model=echo · temperature=0.5", "exact").mean == 1.0
        serving.telemetry.flush()
        assert serving.telemetry.count(ScoreQuery(project="p", name="exact")) == 6
        assert serving.telemetry.count(SpanQuery(project="p", tag=found.experiment.id, kind="task")) == 3
        assert here.telemetry.count(SpanQuery(project="p")) == 0
    finally:
        here.close()
        serving.close()


def test_results_come_one_by_one_and_then_the_evaluation(house: House) -> None:
    stream = hone.evaluate(["answer", "answer@deaf"], "questions", evaluators=["exact"], stream=True)
    seen = list(stream)
    assert {(each.variant, each.example) for each in seen} == {
        (each.variant, each.example) for each in stream.evaluation.run.results
    }
    assert len(seen) == 40
    assert stream.evaluation["exact"].mean == 1.0
    again = hone.evaluate(["answer", "answer@deaf"], "questions", evaluators=["exact"], stream=True)
    assert list(again) == [], "nothing is new"
    assert again.evaluation["exact"].n == 20


def test_leaving_a_stream_ends_the_run_and_keeps_what_came(house: House) -> None:
    stream = hone.evaluate("answer", "questions", evaluators=["exact"], stream=True, concurrency=1)
    for _ in stream:
        break
    run = stream.evaluation.run
    assert 1 <= len(run.results) <= 20
    assert hone.evaluate("answer", "questions", evaluators=["exact"])["exact"].n == 20


def test_models_and_parameters_make_a_matrix(house: House) -> None:
    run = hone.evaluate(
        "answer", "questions", evaluators=["exact"], models=["echo", "deaf"], parameters={"temperature": [0]}, limit=3
    ).run
    first, second = run.variants
    assert (first, second) == ("baseline · model=echo · temperature=0", "baseline · model=deaf · temperature=0")
    assert (run.summary(first, "exact").mean, run.summary(second, "exact").mean) == (1.0, 0.0)
    house.telemetry.flush()
    asked = house.telemetry.spans(SpanQuery(project="p", tag=run.experiment.id, kind="llm", limit=100))
    assert {(span.model, span.attributes["parameters"]["temperature"]) for span in asked} == {("echo", 0), ("deaf", 0)}


def test_what_was_found_is_there_for_evaluators(house: House) -> None:
    seen: list[Answer] = []

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        seen.append(answer)
        assert answer.spans is not None
        return [Judgement("spans", float(len(answer.spans())))]

    measure = Measure(name="spans", metric=Metric(kind="number"))
    evaluator = Evaluator(name="spans", measures=(measure,), judge=judge)
    run = hone.evaluate("answer", "questions", evaluators=[evaluator], limit=1)
    assert run["spans"].mean == 2.0, "that of the task, and that of the model"
    (answer,) = seen
    assert (answer.finish_reason, answer.usage) == ("stop", {"input": 2, "output": 2, "total": 4})
    assert not house.overheard


def test_an_evaluator_may_run_a_task_itself(house: House) -> None:
    """It runs on a thread of its own: in the loop of the calls it would wait for itself."""

    def judged(example: Example, output: str) -> bool:
        return hone.run("answer", output).text == output

    assert hone.evaluate("answer", "questions", evaluators=[judged], limit=2)["judged"].mean == 1.0


def test_an_example_of_the_file_may_bring_its_own_evaluators(house: House) -> None:
    both, twice = ["contains", "f1"], ["contains", "contains"]
    data = [
        {"input": "question 1", "expected": "question 1", "evaluators": both},
        {"input": "question 2", "expected": "question 2", "evaluators": twice},
    ]
    run = hone.evaluate("answer", data, evaluators=["exact"]).run
    counts = {name: run.summary("baseline", name).n for name in run.experiment.metrics}
    assert counts == {"exact": 2, "contains": 2, "f1": 1, "contains-2": 1}


def test_a_function_of_the_project_may_call_hone_and_so_may_one_that_changes_answers(
    house: House, folder: Path
) -> None:
    (folder / "grade.py").write_text(
        "import hone\n"
        "def grade(output):\n    return hone.run('answer', output).text == output\n"
        "def tidy(output, context):\n    return hone.run('answer', output + '!').text\n"
    )
    tidied = {
        "type": "promptfoo-test",
        "transform": "grade.py:tidy",
        "assert": [{"type": "contains", "value": "question 1!"}],
    }
    run = hone.evaluate(
        "answer", "questions", evaluators=[{"type": "python", "value": "grade.py:grade"}, tidied], limit=2
    )
    assert (run["grade"].mean, run["pass"].mean) == (1.0, 0.5)


def test_a_run_over_anchors_is_judged_again_as_far_as_it_was_answered(house: House) -> None:
    bench = Bench(house, Hone(house))
    bench.evaluate(["answer"], "questions", Options(evaluators=["exact"]))
    few = bench.evaluate(["answer@deaf"], "questions", Options(evaluators=["exact"], anchors=12))
    again = bench.rescore(few.experiment.id, Options(evaluators=["f1"]))
    assert {each.example for each in again.results} == {each.example for each in few.results}
    assert (again.summary("deaf", "f1").n, again.missing, again.cost) == (12, 0, 0)


def test_a_run_that_ended_early_is_judged_again_and_is_still_one_that_ended_early(house: House) -> None:
    data = [{"id": f"c{n}", "input": f"word {n}", "expected": f"word {n}"} for n in range(200)]
    bench = Bench(house, Hone(house))
    early = bench.evaluate(["answer", "answer@deaf"], data, Options(evaluators=["exact"], stop_early=True))
    assert early.ended_early
    again = bench.rescore(early.experiment.id, Options(evaluators=["f1"]))
    assert (len(again.results), again.missing) == (len(early.results), early.missing)
    assert again.ended_early
    assert again.experiment.note == early.experiment.note


def test_the_examples_are_those_that_were_asked_unless_others_are_given(house: House, folder: Path) -> None:
    bench = Bench(house, Hone(house))
    first = bench.evaluate(["answer@deaf"], "questions", Options(evaluators=["exact"]))
    file = folder / "datasets" / "questions.jsonl"
    file.write_text('{"input": "one more", "expected": "What?"}\n' + LINES)
    assert bench.rescore(first.experiment.id, Options(evaluators=["exact"])).summary("deaf", "exact").mean == 0.0
    right = LINES.replace('"expected": "question 1"', '"expected": "What?"')
    file.write_text('{"input": "one more"}\n' + right)
    mended = bench.rescore(first.experiment.id, Options(evaluators=["contains"]), data="questions")
    assert (mended.summary("deaf", "contains").n, mended.summary("deaf", "contains").mean) == (20, 0.05)
    with pytest.raises(CallError, match="20 examples are not in inline any more"):
        bench.rescore(first.experiment.id, Options(evaluators=["f1"]), data=[{"input": "another"}])


def test_a_benchmark_is_not_judged_again(house: House) -> None:
    bench = Bench(house, Hone(house))
    asked = [Example(id="1", input="How many?", expected="#### 1")]
    found = run_benchmark(bench, benchmark("gsm8k"), asked, ["echo"], Settings(), Wanted())
    with pytest.raises(CallError, match="is of bench-gsm8k, which is no task of this project"):
        bench.rescore(found.experiment.id, Options(evaluators=["contains"]))


def test_what_an_example_brings_may_choose_and_sum_up_also_where_two_have_one_name(house: House) -> None:
    chooses: dict[str, object] = {"type": "max-score", "value": ["exact"]}
    brought: list[object] = [
        chooses, {**chooses, "value": [{"type": "contains", "value": "What"}]},
        {"type": "bleu", "value": "question 1"}, {"type": "bleu", "value": "What?"},
    ]  # fmt: skip
    data = [{"id": "e1", "input": "question 1", "expected": "question 1", "evaluators": brought}, {"input": "another"}]
    run = hone.evaluate(["answer", "answer@deaf"], data, evaluators=["latency"]).run
    assert (run.answers("baseline", "max-score"), run.answers("deaf", "max-score")) == ({"e1": [1.0]}, {"e1": [0.0]})
    assert (run.answers("baseline", "max-score-2"), run.answers("deaf", "max-score-2")) == (
        {"e1": [0.0]},
        {"e1": [1.0]},
    )
    figures = {each.name: (each.value, each.n) for each in run.figures["deaf"]}
    assert figures.keys() == {"bleu-corpus", "bleu-2-corpus"}
    assert figures["bleu-2-corpus"][1] == 1


def test_a_file_that_grades_is_read_again_when_it_was_edited(house: House, folder: Path) -> None:
    data = [{"id": "a", "input": "x", "evaluators": [{"type": "python", "value": "grade.py"}]}]

    def graded(value: bool) -> float | None:
        (folder / "grade.py").write_text(f"def get_assert(output, context):\n    return {value}\n")
        return hone.evaluate("answer", data, evaluators=["latency"]).run.summary("baseline", "get_assert").mean

    assert (graded(True), graded(False)) == (1.0, 0.0)


def test_judging_again_by_a_changed_function_gives_the_new_verdicts(house: House, folder: Path) -> None:
    from hone.local._sdk import bench

    space: dict[str, Any] = {"__name__": "__main__"}
    exec("def polite(example, output) -> bool: return True", space)
    first = hone.evaluate("answer", "questions", evaluators=[space["polite"]], limit=5)
    exec("def polite(example, output) -> bool: return False", space)
    again = bench().rescore(first.id, Options(evaluators=[space["polite"]]))
    assert (first["polite"].mean, again.summary("baseline", "polite").mean) == (1.0, 0.0)
