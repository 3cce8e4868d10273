"""`hone.dataset` and `hone.evaluate`: measuring from a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import hone
from hone import client
from hone.client import Remote
from hone.datasets import Example
from hone.errors import CallError, ProjectError
from hone.local import Bench, Hone, House, Options
from hone.server import Server
from hone.store import ScoreQuery, SpanQuery

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
            remote.close()
        assert found.summary("deaf", "exact").mean == 0.0
        serving.telemetry.flush()
        assert serving.telemetry.count(ScoreQuery(project="p", name="exact")) == 3
        assert serving.telemetry.count(SpanQuery(project="p", tag=found.experiment.id, kind="task")) == 3
        assert here.telemetry.count(SpanQuery(project="p")) == 0
    finally:
        here.close()
        serving.close()
