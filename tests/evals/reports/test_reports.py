"""Reports of a run: JUnit XML, GitHub, one HTML file."""

import random
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hone.core import to_json
from hone.evals import Run
from hone.evals.reports import annotations, job_summary, junit, page, story, write
from hone.evals.statistics import benjamini_hochberg
from hone.store import Experiment, Judgement, Metric, Result

NASTY = "<script>alert(1)</script> & \"quoted\" 'text' \x00\x1b[31m \ud800 | pipe \n::error::no"


def a_run(
    n: int = 60, *, better: float = 0.9, worse: float = 0.5, variants: tuple[str, ...] = ("new", "old"), **more: Any
) -> Run:
    """Two variants over the same cases, one right more often; the third case's call fails."""
    drawn = random.Random(7)
    shares = dict(zip(variants, (better, worse, worse), strict=False))
    results = []
    for number in range(n):
        for variant, share in shares.items():
            right = drawn.random() < share
            failed = number == 2
            results.append(
                Result(
                    experiment="x",
                    variant=variant,
                    example=f"case-{number}",
                    input=to_json(more.get("input", f"What is {number} times two?")),
                    output="" if failed else more.get("output", f"It is {2 * number if right else 7}."),
                    error="UpstreamTimeout: no answer in time" if failed else None,
                    judgements=[
                        Judgement(
                            "right",
                            False if failed else right,
                            None if right else more.get("why", f"expected {2 * number}"),
                        ),
                        *([] if failed else [Judgement("latency", 0.5 + drawn.random())]),
                    ],
                    seconds=None if failed else 0.5,
                    cost=0.001,
                    created=number,
                )
            )
    experiment = Experiment(
        id="0198c0de", project="p", task="answer", dataset="sums", dataset_sha256="d", split=None, examples=n,
        variants=dict.fromkeys(shares, "sha"), evaluators=["right", "latency"],
        metrics={"right": Metric(kind="boolean"), "latency": Metric(kind="number", direction="down")},
        key="k", created=1_760_000_000_000_000_000, by="test", state="done",
    )  # fmt: skip
    return Run(experiment=experiment, results=results)


# -- JUnit


def test_every_example_of_every_variant_is_a_test_case_with_its_values() -> None:
    run = a_run()
    new, old = ET.fromstring(junit(run))
    wrong = sum(not said.value for each in run.results if each.variant == "new" for said in each.judgements[:1])
    assert (new.get("name"), new.get("tests"), new.get("errors")) == ("answer@new", "60", "1")
    assert int(new.get("failures") or 0) == wrong - 1, "the call that failed is an error, not a failure"
    case = new.findall("testcase")[0]
    assert case.get("name") == "case-0: What is 0 times two?"
    assert {each.get("name") for each in case.iter("property")} == {"right", "latency"}
    means = {each.get("name"): each.get("value") for each in new.findall("properties/property")}
    assert means["right"] == f"{run.summary('new', 'right').mean:.6g}"
    assert "right 95 % interval" in means
    assert len(old.findall("testcase")) == 60


def test_no_text_can_break_the_xml() -> None:
    suite = ET.fromstring(junit(a_run(4, worse=0.0, input=NASTY, output=NASTY, why=NASTY)))[1]
    failure = suite.findall("testcase")[0].find("failure")
    assert failure is not None
    assert "<script>alert(1)</script> & \"quoted\" 'text' \\x00\\x1b[31m \\ud800 | pipe \n" in (failure.text or "")


def test_where_tests_add_assertions_up_only_pass_decides() -> None:
    run = a_run(4, better=0.0)
    metrics = {**run.experiment.metrics, "pass": Metric(kind="boolean")}
    results = [
        Result(
            experiment="x", variant="new", example=f"e{n}", input='"q"',
            judgements=[Judgement("right", False), Judgement("pass", n > 0)],
        )
        for n in range(3)
    ]  # fmt: skip
    suite = ET.fromstring(junit(Run(experiment=replace(run.experiment, metrics=metrics), results=results)))[0]
    assert suite.get("failures") == "1"


def test_a_judge_that_contradicts_itself_fails_no_case_and_bad_news_does() -> None:
    run = a_run(3, variants=("new",))
    metrics = {
        "pairwise": Metric(kind="number"),
        "pairwise.flipped": Metric(kind="boolean", direction="down"),
        "harmful": Metric(kind="boolean", direction="down"),
    }
    results = [
        Result(
            experiment="x", variant="new", example=f"e{n}", input='"q"',
            judgements=[Judgement("pairwise.flipped", True), Judgement("harmful", n == 2)],
        )
        for n in range(3)
    ]  # fmt: skip
    told = story(Run(experiment=replace(run.experiment, metrics=metrics), results=results))
    (suite,) = ET.fromstring(junit(told.run))
    assert suite.get("failures") == "1"
    assert [(each.example, [one.name for one in said]) for each, said in told.wrong] == [("e2", ["harmful"])]
    assert sum(line.startswith("::error") for line in annotations(told)) == 1
    assert re.findall(r'class="reason bad"><b>([^<]+)', page(told)) == ["harmful"]


# -- GitHub


def test_annotations_name_the_line_of_the_example_and_escape_what_commands_are_made_of() -> None:
    told = story(a_run(30, better=0.5, worse=0.5, output="a%b\nc", why="why:x,y"))
    lines = annotations(told, file="datasets/sums.jsonl", lines={"case-2": 3})
    assert lines[0].startswith("::warning title=hone evals::")
    assert lines[1] == (
        "::error file=datasets/sums.jsonl,line=3,title=answer@new case-2%3A the call failed"
        "::UpstreamTimeout: no answer in time"
    )
    assert any("a%25b%0Ac" in line for line in lines)
    assert lines[-1].startswith("::notice title=hone evals::")
    assert len(lines) == 12, "GitHub shows ten, the rest is counted"
    assert all("\n" not in line for line in lines)


def test_the_job_summary_is_markdown_that_no_text_can_break() -> None:
    text = job_summary(story(a_run(20, input=NASTY)))
    assert "**pass**" in text or "**cannot tell**" in text
    assert "<script>" not in text
    assert "\\| pipe" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in tables}
    assert widths <= {4, 6, 9}


# -- HTML


def test_the_page_says_the_verdict_first_and_every_number_with_its_interval() -> None:
    run = a_run()
    text = page(story(run))
    said = story(run).sentence
    assert text.index("<b>PASS</b>") < text.index(said.split(":")[0]) < text.index("<table")
    found = run.summary("new", "right")
    assert f"{found.low:.4g} to {found.high:.4g}" in text
    assert "UpstreamTimeout: no answer in time" in text
    changes = [float(each) for each in re.findall(r'class="change">[▲▼] ([+-][\d.]+)', text)]
    assert changes == sorted(changes, key=lambda each: -abs(each)), "the largest change first"


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    text = page(story(a_run()))
    assert not re.findall(r"<(?:script|link|img|iframe|object)\b", text)
    assert not re.findall(r"\b(?:src|href)=|url\(|@import", text)
    assert "default-src 'none'" in text


def test_no_text_becomes_part_of_the_page() -> None:
    text = page(story(a_run(5, worse=0.0, input=NASTY, output=NASTY, why=NASTY)))
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_two_hundred_cases_fit_into_200_kb() -> None:
    run = a_run(
        200, input="a question that goes on " * 40, output="an answer of some length " * 40, why="a reason " * 60
    )
    size = len(page(story(run)).encode())
    assert size < 200_000, size


def test_one_variant_is_told_by_its_mean_and_its_worst_cases_come_first() -> None:
    told = story(a_run(20, better=0.5, variants=("new",)))
    assert told.verdict is None
    assert re.match(r"answer@new has right 0\.\d+, 95 % interval 0\.\d+ to 0\.\d+, over 20 cases\.", told.sentence)
    values = [case.sides[0].value for case in told.cases]
    assert values == sorted(values)
    assert "lowest right first" in page(told)


def test_three_variants_are_each_compared_with_the_first() -> None:
    told = story(a_run(variants=("new", "old", "older")))
    assert {(each.b, each.metric) for each in told.comparisons} == {
        ("answer@old", "right"), ("answer@old", "latency"), ("answer@older", "right")
    }  # fmt: skip


def test_the_verdict_is_of_one_comparison_and_the_p_of_the_others_is_corrected() -> None:
    told = story(a_run(40, better=0.9, worse=0.3, variants=("new", "old", "older")))
    ps = [each.p for each in told.comparisons]
    assert len(ps) == 3
    assert list(told.adjusted) == pytest.approx(benjamini_hochberg([p for p in ps if p is not None]))
    assert len(re.findall(r"<td[^>]*>[✓✗?] (?:pass|fail|cannot tell)</td>", page(told))) == 1
    rows = [line for line in job_summary(told).splitlines() if line.startswith("| answer@")]
    assert [bool(re.search(r"(pass|fail|cannot tell) \|$", line)) for line in rows] == [True, False, False]


def test_an_answer_of_an_earlier_run_costs_nothing_on_the_page() -> None:
    run = a_run(10, variants=("new",))
    kept = [replace(each, source="earlier") if each.example < "case-5" else each for each in run.results]
    told = story(Run(experiment=run.experiment, results=kept))
    assert told.run.cost == pytest.approx(0.005)
    assert "cost $0.0050" in page(told)
    none = story(Run(experiment=run.experiment, results=[replace(each, source="earlier") for each in run.results]))
    assert "cost $0.0000" in page(none)


def test_figures_of_the_whole_and_why_a_run_ended_stand_beside_the_means() -> None:
    run = a_run(10)
    figure = {"variant": "new", "name": "auc", "value": 0.875, "low": 0.8, "high": 0.95, "n": 10}
    told = story(Run(experiment=replace(run.experiment, figures=[figure], note="settled early"), results=run.results))
    assert "0.8 to 0.95" in page(told)
    assert "settled early" in page(told)
    assert "| new | auc | 0.875 | 0.8 to 0.95 | 10 |" in job_summary(told)
    assert "settled early" in job_summary(told)


def test_a_run_without_results_is_told_too() -> None:
    run = Run(experiment=a_run(1).experiment, results=[])
    assert "answer@new has no value of right" in page(story(run))
    assert ET.fromstring(junit(run))[0].get("tests") == "0"
    assert "answer over sums" in job_summary(story(run))


def test_files_are_written_whole_and_the_summary_is_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    lines = write(a_run(), html=tmp_path / "out" / "r.html", junit_file=tmp_path / "out" / "r.xml", github=True)
    assert summary.read_text().startswith("# before\n## ")
    assert lines[0].startswith("::notice")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["r.html", "r.xml"]
