"""A judge held against people: on published judgements, on made-up numbers, and with a judge that goes by a rule."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from hone.errors import CallError, DatasetError, NotFound, ProjectError
from hone.evals import Given, cards_in, make
from hone.evals.judges._calibrate import Verdict, card_of, published
from hone.evals.judges._card import Card, Cards
from hone.evals.judges._corrected import corrected_by
from hone.evals.judges._labels import NONE, Columns, Kind, consensus, labelled, normal, read_rows
from hone.evals.judges._published import rows_of, written
from hone.evals.statistics._agreement import cohen_kappa
from hone.local import Bench, Hone, House, Options
from hone.local._calibrate import CONSTANTS, Calibration, calibrate
from hone.local._given import cards_of, judging

from .conftest import Asked, RuleUpstream

Command = Callable[..., subprocess.CompletedProcess[str]]

needs_data = pytest.mark.skipif("HONE_DATA" not in os.environ, reason="HONE_DATA is not set: published data")


def data(name: str) -> Path:
    return Path(os.environ["HONE_DATA"]) / name


def card(rows: list[dict[str, Any]], kind: Kind, verdicts: list[Verdict] | None = None) -> Card:
    given = labelled(rows)
    return card_of("j", "k", kind, "rows", given, verdicts or [published(each, kind) for each in given], 1)


# -- published judgements


@needs_data
@pytest.mark.parametrize(("first", "second", "kappa"), [(1, 2, 0.8520), (1, 3, 0.8789), (2, 3, 0.8617)])
def test_pandalm_one_person_as_the_judge_of_another_gives_the_papers_kappas(
    first: int, second: int, kappa: float
) -> None:
    columns = Columns(
        output="response1", other="response2", labels=(f"annotator{first}",), verdict=f"annotator{second}"
    )
    rows = labelled(read_rows(data("pandalm") / "testset-v1.json"), columns)
    found = card_of("person", "k", "pairwise", "pandalm", rows, [published(each, "pairwise") for each in rows], 1)
    assert found.kappa is not None
    assert round(found.kappa.mean, 4) == kappa
    assert found.kappa.low is not None
    assert found.kappa.low < kappa < (found.kappa.high or 0)
    assert found.labels == 999


@needs_data
def test_pandalm_a_judge_against_three_people() -> None:
    found = card(rows_of("pandalm", data("pandalm"), "pandalm7b"), "pairwise")
    rows = read_rows(data("pandalm") / "testset-v1.json")
    said = [each["pandalm_result"] for each in read_rows(data("pandalm") / "pandalm7b.json")]
    votes = [[row[f"annotator{n}"] for n in (1, 2, 3)] for row in rows]
    decided = [(max(set(v), key=v.count), s) for v, s in zip(votes, said, strict=True) if len(set(v)) < 3]
    table = np.array([[decided.count((a, b)) for b in (0, 1, 2)] for a in (0, 1, 2)]) / len(decided)
    chance = table.sum(axis=0) @ table.sum(axis=1)
    assert found.kappa is not None
    assert found.accuracy is not None
    assert found.people is not None
    assert found.kappa.mean == pytest.approx((table.trace() - chance) / (1 - chance))
    assert found.accuracy.mean == pytest.approx(sum(a == b for a, b in decided) / len(decided))
    assert found.undecided == sum(len(set(v)) == 3 for v in votes)
    assert found.people.mean > found.kappa.mean, "people agree more with each other than with this judge"
    assert found.length is not None
    assert found.flips is None, "it was asked in one order"


@needs_data
def test_pandalm_what_could_not_be_read_agrees_with_nobody() -> None:
    found = card(rows_of("pandalm", data("pandalm"), "gpt35"), "pairwise")
    assert found.unjudged == 25
    assert found.accuracy is not None
    assert found.accuracy.n == 999 - found.undecided


@needs_data
def test_llmbar_statistics_equal_those_that_were_published() -> None:
    known = json.loads((data("llmbar") / "published_statistics.json").read_text())
    assert len(known) == 12
    for name, expected in known.items():
        found = card(rows_of("llmbar", data("llmbar"), name), "pairwise")
        assert found.orders is not None
        assert found.flips is not None
        first, second = found.orders
        assert found.accuracy is not None
        shares = {
            "correct_False": first.mean, "correct_True": second.mean, "correct_both": found.accuracy.mean,
            "equal": 1 - found.flips.mean,
        }  # fmt: skip
        for field, share in shares.items():
            counted, _, percent = expected[field].partition(" = ")
            assert f"{round(share * first.n)} / {first.n}" == counted, (name, field)
            assert share * 100 == pytest.approx(float(percent.rstrip("%"))), (name, field)
        average = (first.mean + second.mean) / 2
        assert average * 100 == pytest.approx(float(expected["correct_average"].rstrip("%")))
        orders = [published(each, "pairwise") for each in labelled(rows_of("llmbar", data("llmbar"), name))]
        # In this figure alone, a verdict that could not be read was counted as one for the second answer.
        sides = [["second" if each == NONE else str(each) for each in (it.first, it.second)] for it in orders]
        agreement = cohen_kappa([first for first, _ in sides], [second for _, second in sides], draws=10)
        assert agreement.mean == pytest.approx(expected["kappa_agreement"], abs=1e-9), name


@needs_data
@pytest.mark.parametrize("part", ["fluency", "coherence"])
def test_summeval_makes_labelled_answers(part: str) -> None:
    rows = rows_of("summeval", data("summeval"), part)
    assert len(rows) == 1600
    assert len({each["id"] for each in rows}) == 1600
    assert {1.0, 5.0} <= {each["metadata"]["label"] for each in rows}
    with pytest.raises(CallError, match="summeval has no part 'beauty'"):
        rows_of("summeval", data("summeval"), "beauty")
    with pytest.raises(DatasetError, match="cannot be read"):
        rows_of("summeval", data("pandalm"))


# -- figures


def test_perfect_and_useless_judges() -> None:
    labels = [True, False] * 50
    same = card([{"output": "a", "label": each, "verdict": each} for each in labels], "boolean")
    assert same.kappa is not None
    assert (same.kappa.mean, same.accuracy and same.accuracy.mean) == (1.0, 1.0)
    always = card([{"output": "a", "label": each, "verdict": True} for each in labels], "boolean")
    assert always.kappa is not None
    assert always.kappa.mean == pytest.approx(0.0)
    assert always.judge_mean is not None
    assert always.judge_mean.mean == 1.0
    assert always.sentence.startswith("judge j: kappa .00 [.00, .00] on 100 labels")
    one = card([{"output": "a", "label": True, "verdict": True}] * 5, "boolean")
    assert one.kappa is None, "one label alone says nothing about agreement"
    assert "accuracy 1.00" in one.sentence


def test_a_judge_that_loves_length_is_found_out_beyond_what_people_love() -> None:
    rng = random.Random(7)
    rows = []
    for _ in range(400):
        first, second = rng.randint(5, 80), rng.randint(5, 80)
        people = rng.choice(["first", "second"])
        judge = ("first" if first > second else "second") if rng.random() < 0.4 else people
        rows.append({"output": "w " * first, "other": "w " * second, "label": people, "verdict": judge})
    found = card(rows, "pairwise")
    assert found.length is not None
    assert found.length.low is not None
    assert found.length.low > 0
    fair = card([{**row, "verdict": row["label"]} for row in rows], "pairwise")
    assert fair.length is not None
    assert fair.length.mean == pytest.approx(0.0)


def test_a_judge_corrected_by_labels_is_nearer_to_people_than_the_judge_alone() -> None:
    """Of 1,000 answers 60 % are right; the judge misses a tenth of those, and passes half of the others."""
    rng = random.Random(3)
    rows: list[dict[str, Any]] = []
    truth = []
    for number in range(1000):
        right = rng.random() < 0.6
        said = rng.random() < (0.9 if right else 0.5)
        truth.append(right)
        rows.append({"output": "a", "verdict": said, **({"label": right} if number < 200 else {})})
    found = card(rows, "boolean")
    assert (found.labels, found.unlabelled) == (200, 800)
    real = sum(truth[200:]) / 800
    alone = sum(row["verdict"] for row in rows[200:]) / 800
    assert set(found.corrected) == {"PPI++", "Rogan-Gladen"}
    for each in found.corrected.values():
        assert each.low is not None
        assert each.high is not None
        assert each.low <= real <= each.high
    assert abs(found.corrected["Rogan-Gladen"].mean - real) < abs(alone - real)
    later = corrected_by(found, [row["verdict"] for row in rows[200:]])
    assert later == found.corrected["Rogan-Gladen"], "the card alone is enough for answers that come later"


def test_numbers_agree_by_rank_distance_and_scale() -> None:
    rng = random.Random(5)
    people = [rng.choice([1, 2, 3, 4, 5]) for _ in range(150)]
    judge = [min(5, max(1, each + rng.choice([-1, 0, 0, 1]))) for each in people]
    pairs = zip(people, judge, strict=True)
    found = card([{"output": "a b", "label": p, "verdict": j} for p, j in pairs], "number")
    assert found.correlation is not None
    assert found.correlation.mean == pytest.approx(spearmanr(people, judge).statistic)
    assert found.kappa is not None
    assert 0.8 < found.kappa.mean < 1
    assert "correlation" in found.sentence


def test_labels_of_many_kinds_are_read() -> None:
    assert [normal(each, "boolean") for each in (True, "Yes", 1, "fail", 0, "maybe", None)] == [
        True, True, True, False, False, None, None
    ]  # fmt: skip
    assert [normal(each, "pairwise") for each in (1, "2", 0, "A", "Tie", "garbage")] == [
        "first", "second", "tie", "first", "tie", NONE
    ]  # fmt: skip
    assert normal("3.5", "number") == 3.5
    with pytest.raises(CallError, match="'good', which is no number"):
        normal("good", "number")
    assert consensus(["a", "b", "b"], "category") == "b"
    assert consensus(["a", "b"], "category") is None
    assert consensus([1.0, 4.0], "number") == 2.5


def test_a_judge_does_not_see_the_labels(house: House, upstream: RuleUpstream, folder: Path) -> None:
    rows = [{"input": "q", "output": "a", "label": "the-label", "note": "seen"}]
    (found,) = labelled(rows)
    assert found.labels == ("the-label",)
    assert found.example.metadata == {"note": "seen"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"input": "q"}', "row 1 has neither an answer"),
        ("a.jsonl", "[1]", "a.jsonl:1 is no object"),
        ("a.jsonl", '{"input": "q"', "a.jsonl:1 is no JSON"),
        ("a.json", "{}", "holds no list"),
        ("a.csv", "", "no rows"),
        ("a.jsonl", '{"input": 5, "output": "a"}', "row 1 is no example"),
    ],
)
def test_broken_labels_have_a_message(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DatasetError, match=said):
        labelled(read_rows(tmp_path / name))


def test_cards_are_kept_by_what_the_judge_is(tmp_path: Path) -> None:
    cards = Cards(tmp_path / "judges")
    assert cards.all() == []
    made = card([{"output": "a", "label": each, "verdict": each} for each in (True, False)], "boolean")
    cards.keep(made)
    assert cards.of("k") == made
    assert cards.sentence("k") == made.sentence
    assert cards.sentence("another configuration") is None
    (tmp_path / "judges" / "k.broken.json").write_text("{}")
    assert cards.all() == [made], "a card that cannot be read is none"
    with pytest.raises(NotFound, match="no card of a judge 'x'"):
        cards.named("x")


# -- judges of ours, by a rule, behind real HTTP


def words(text: str) -> set[str]:
    return set(text.lower().split())


def overlap(asked: Asked) -> dict[str, Any]:
    """Yes when half of the question's words stand in the answer."""
    question, answer = words(asked.texts["question"]), words(asked.texts["answer"])
    return {"reason": "r", "verdict": len(question & answer) * 2 >= len(question)}


@pytest.fixture
def bench(house: House) -> Any:
    near = Hone(house)
    made = Bench(house, near)
    yield made
    near.stop()


def test_a_judge_is_calibrated_and_its_results_carry_the_card(
    bench: Bench, upstream: RuleUpstream, folder: Path
) -> None:
    upstream.rule = overlap
    rows = [
        {"input": "a b c d", "output": output, "label": label}
        for output, label in [("a b c", True), ("x", False), ("c d e", True), ("b", True), ("y z", False), ("d", False)]
        for _ in range(5)
    ]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = calibrate(bench, "helpful", "labels.jsonl", Calibration(probe=4))
    assert (found.labels, found.kind, found.unjudged) == (30, "boolean", 0)
    assert found.accuracy is not None
    assert found.accuracy.mean == pytest.approx(25 / 30)
    assert found.calls == 6 + len(CONSTANTS), "equal questions are asked once"
    assert [each.score.mean for each in found.constants] == [0.0, 0.0]
    assert found.cost is not None
    given = judging(Given(), bench.judging)
    (made,) = make(["helpful"], given=given)
    assert (made.key, made.card) == (found.key, found.sentence)
    assert found.sentence.startswith("judge helpful: kappa .67 [")
    (other,) = make([{"type": "helpful", "votes": 3}], given=given)
    assert other.card is None, "another configuration is another judge"
    again = calibrate(bench, "helpful", "labels.jsonl", Calibration(probe=4))
    assert (again.calls, again.id, again.kappa) == (0, found.id, found.kappa)


def test_a_pairwise_judge_that_goes_by_the_place_shows_it(bench: Bench, upstream: RuleUpstream, folder: Path) -> None:
    def rule(asked: Asked) -> dict[str, Any]:
        """By the number in the answers where they are far apart, else whatever stands first."""
        first, second = (int(asked.texts[name].split()[-1]) for name in ("first", "second"))
        if abs(first - second) < 3:
            return {"reason": "r", "verdict": "first"}
        return {"reason": "r", "verdict": "first" if first > second else "second"}

    upstream.rule = rule
    rng = random.Random(1)
    pairs = [(rng.randint(0, 9), rng.randint(0, 9)) for _ in range(40)]
    rows = [
        {
            "input": f"q{n}",
            "output": f"score {a}",
            "other": f"score {b}",
            "label": "1" if a > b else "2" if b > a else 0,
        }
        for n, (a, b) in enumerate(pairs)
    ]
    (folder / "pairs.json").write_text(json.dumps(rows))
    found = calibrate(bench, "pairwise", "pairs.json", Calibration(probe=0))
    close = sum(0 < abs(a - b) < 3 for a, b in pairs)
    assert found.kind == "pairwise"
    assert found.flips is not None
    assert found.flips.mean == pytest.approx(close / 40)
    assert found.accuracy is not None
    assert found.accuracy.mean == pytest.approx(1 - close / 40)
    assert found.toward_first is not None
    assert (found.toward_first.n, found.toward_first.mean) == (close, 1.0)
    assert found.calls == sum(2 for a, b in set(enumerate(pairs)) if b[0] != b[1])
    assert f"flips {close / 40:.0%}".replace("%", " %") in found.sentence


def test_a_judge_that_falls_for_praise_is_shown_by_its_card(bench: Bench, upstream: RuleUpstream, folder: Path) -> None:
    upstream.rule = lambda asked: {"reason": "r", "verdict": "correct" in asked.texts["answer"]}
    rows = [{"input": f"q{n}", "output": f"a{n}", "label": n % 2 == 0} for n in range(10)]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = calibrate(bench, "helpful", "labels.jsonl", Calibration())
    assert [each.score.mean for each in found.constants] == [0.0, 1.0]
    assert "an empty answer gets 1" in found.sentence


def test_a_judge_that_gives_no_verdict_is_counted(bench: Bench, upstream: RuleUpstream, folder: Path) -> None:
    upstream.rule = lambda asked: "no idea" if asked.texts["answer"] == "a3" else {"reason": "r", "verdict": True}
    rows = [{"input": f"q{n}", "output": f"a{n}", "label": n % 2 == 0} for n in range(10)]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = calibrate(bench, "helpful", "labels.jsonl", Calibration(probe=0))
    assert found.unjudged == 1
    assert found.accuracy is not None
    assert found.accuracy.n == 9


def test_a_judge_that_fails_every_time_gets_no_card(bench: Bench, upstream: RuleUpstream, folder: Path) -> None:
    upstream.rule = lambda _: "I would rather not say"
    rows = [{"input": f"q{n}", "output": f"a{n}", "label": n % 2 == 0} for n in range(6)]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(CallError, match="the judge helpful failed on 6 of 6 answers, the first with: "):
        calibrate(bench, "helpful", "labels.jsonl", Calibration(probe=0))
    assert cards_of(bench.house).all() == []
    assert bench.judging.tally.calls == 6, "what was paid for counts, whatever it is worth"


def test_a_failed_answer_of_unknown_cost_leaves_the_cards_cost_unknown(
    bench: Bench, upstream: RuleUpstream, folder: Path
) -> None:
    upstream.rule = lambda asked: (
        {"reason": "r", "verdict": True} if asked.texts.get("answer") not in ("a3", None) else "no idea"
    )
    rows = [{"input": f"q{n}", "output": f"a{n}", "label": n % 2 == 0} for n in range(10)]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = calibrate(bench, "helpful", "labels.jsonl", Calibration(probe=0))
    assert (found.calls, found.cost) == (10, None)


def test_a_label_that_is_no_yes_or_no_is_told_before_anything_is_asked(
    bench: Bench, upstream: RuleUpstream, folder: Path
) -> None:
    upstream.rule = overlap
    (folder / "labels.jsonl").write_text('{"input": "q", "output": "a", "label": "maybe"}\n')
    with pytest.raises(CallError, match="in row 1, is 'maybe', which is no yes or no"):
        calibrate(bench, "helpful", "labels.jsonl", Calibration())
    assert bench.judging.tally.calls == 0


def test_what_cannot_be_calibrated_says_why(bench: Bench, folder: Path) -> None:
    (folder / "labels.jsonl").write_text('{"input": "q", "output": "a", "label": true}\n')
    with pytest.raises(CallError, match="exact is no judge"):
        calibrate(bench, "exact", "labels.jsonl", Calibration())
    with pytest.raises(CallError, match="select-best chooses among variants"):
        calibrate(bench, "select-best", "labels.jsonl", Calibration())
    with pytest.raises(ProjectError, match="did you mean `helpful`"):
        calibrate(bench, "helpfull", "labels.jsonl", Calibration())
    with pytest.raises(DatasetError, match="is not there"):
        calibrate(bench, "helpful", "nowhere.jsonl", Calibration())
    (folder / "unlabelled.jsonl").write_text('{"input": "q", "output": "a", "verdict": true}\n')
    with pytest.raises(CallError, match="has a label"):
        calibrate(bench, "helpful", "unlabelled.jsonl", Calibration())


@needs_data
@pytest.mark.parametrize("part", ["fluency", "coherence"])
def test_a_simple_rule_calibrated_on_summeval(bench: Bench, upstream: RuleUpstream, folder: Path, part: str) -> None:
    """The rule: the fewer sentences, the better. It is no good judge, and the card says how bad it is."""

    def rule(asked: Asked) -> dict[str, Any]:
        text = asked.texts["answer"]
        length = min(5, max(1, 6 - text.count(" . ")))
        return {"reason": "r", "score": length}

    upstream.rule = rule
    (folder / f"{part}.jsonl").write_bytes(written(rows_of("summeval", data("summeval"), part)))
    found = calibrate(bench, part, f"{part}.jsonl", Calibration(limit=160, probe=2))
    assert (found.labels, found.kind) == (160, "number")
    assert found.correlation is not None
    rows = labelled(read_rows(folder / f"{part}.jsonl"))[:160]
    scores = [min(5, max(1, 6 - each.answer.count(" . "))) for each in rows]
    assert found.correlation.mean == pytest.approx(spearmanr([each.labels[0] for each in rows], scores).statistic)
    assert found.calls <= 160 + 2


@needs_data
def test_a_simple_rule_calibrated_on_comments(bench: Bench, upstream: RuleUpstream, folder: Path) -> None:
    """The rule: yes when the new answer shares fewer than half of its words with the earlier one."""

    def rule(asked: Asked) -> dict[str, Any]:
        old, new = words(asked.texts["previous"]), words(asked.texts["answer"])
        return {"reason": "r", "verdict": "no" if len(old & new) * 2 > len(new) else "yes"}

    upstream.rule = rule
    (folder / "comments.jsonl").write_bytes(written(rows_of("mtbench", data("mtbench"))))
    found = calibrate(bench, "incorporates-feedback", "comments.jsonl", Calibration(probe=0))
    assert found.labels == 3 * 30
    rows = read_rows(folder / "comments.jsonl")

    def by_rule(row: dict[str, Any]) -> float:
        old, new = words(row["previous"]), words(row["metadata"]["output"])
        return float(len(old & new) * 2 <= len(new))

    right = sum(by_rule(row) == row["metadata"]["label"] for row in rows) / len(rows)
    assert found.accuracy is not None
    assert found.accuracy.mean == pytest.approx(right)


def test_an_experiment_shows_the_card_of_its_judge(bench: Bench, upstream: RuleUpstream, folder: Path) -> None:
    upstream.rule = overlap
    rows = [{"input": "a b", "output": "a b" if n % 2 else "c", "label": n % 2 == 1} for n in range(10)]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    calibrate(bench, "helpful", "labels.jsonl", Calibration(probe=0))
    (made,) = bench.evaluators("answer", ["helpful"])
    assert made.card == "judge helpful: kappa 1.00 [1.00, 1.00] on 10 labels"
    found = bench.evaluate(["answer"], [{"input": "a b"}], Options(evaluators=["helpful", "llm-rubric:x"]))
    assert found.results
    metric = found.experiment.metrics["helpful"]
    assert (metric.by, metric.judge, metric.card) == ("judge", made.key, made.card)
    assert cards_in(found.experiment.metrics, cards_of(bench.house).sentence) == [
        made.card, "judge llm-rubric: not calibrated (hone judges calibrate llm-rubric --data LABELS)"
    ]  # fmt: skip


def test_a_kept_run_shows_the_card_that_its_judge_got_since(bench: Bench, upstream: RuleUpstream, folder: Path) -> None:
    upstream.rule = overlap
    asked: dict[str, Any] = {
        "type": "assert-set",
        "threshold": 0.5,
        "assert": [
            "helpful",
            {"type": "llm-rubric", "value": "x"},
            {"type": "llm-rubric", "value": "y"},
            "not-is-json",
        ],
    }
    test = {"type": "promptfoo-test", "assert": [{"type": "llm-rubric", "value": "z"}]}
    wanted = Options(evaluators=["helpful", asked, test, {"type": "max-score", "value": ["helpful"]}])
    found = bench.evaluate(["answer"], [{"input": "a b"}], wanted)
    known = cards_of(bench.house).sentence
    never = "judge {0}: not calibrated (hone judges calibrate {0} --data LABELS)"
    others = [never.format("llm-rubric")] * 3
    assert cards_in(found.experiment.metrics, known) == [never.format("helpful"), *others]
    rows = [{"input": "a b", "output": "a b" if n % 2 else "c", "label": n % 2 == 1} for n in range(10)]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    sentence = calibrate(bench, "helpful", "labels.jsonl", Calibration(probe=0)).sentence
    again = bench.evaluate(["answer"], [{"input": "a b"}], wanted)
    assert again.experiment.id == found.experiment.id
    assert cards_in(again.experiment.metrics, known) == [sentence, *others]


# -- the command


@pytest.fixture
def hone(folder: Path) -> Command:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hone", *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


def test_from_labels_to_a_card_on_the_command_line(hone: Command, upstream: RuleUpstream, folder: Path) -> None:
    upstream.rule = overlap
    lines = ["input,output,anna,ben"]
    lines += [
        f"a b c,{'a b' if n % 2 else 'x'},{'yes' if n % 2 else 'no'},{'no' if n % 5 else 'yes'}" for n in range(20)
    ]
    (folder / "labels.csv").write_text("\n".join(lines))
    arguments = ("judges", "calibrate", "helpful", "--data", "labels.csv", "--label", "anna", "--label", "ben")
    done = hone(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["judge"], said["labels"], said["people"]["n"]) == ("helpful", 20, 20)
    assert said["undecided"] > 0
    listed = json.loads(hone("judges", "list", "--json").stdout)["items"]
    assert listed[0] == {"name": "helpful", "where": "hone.toml", "card": said["sentence"]}
    shown = hone("judges", "show", "helpful")
    assert said["sentence"] in shown.stdout
    assert hone("judges", "show", "nobody").returncode == 1
    assert hone(*arguments, "--least", "1.1").returncode == 1
    assert "kappa" in hone(*arguments).stdout


@needs_data
def test_published_labels_on_the_command_line(hone: Command, folder: Path) -> None:
    done = hone(
        "judges", "labels", "llmbar", str(data("llmbar")), "gpt4.jsonl", "--part", "Natural|GPT-4|Vanilla", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 100
    said = json.loads(hone("judges", "calibrate", "gpt-4", "--data", "gpt4.jsonl", "--json").stdout)
    assert said["flips"]["mean"] == pytest.approx(0.05)
    assert said["accuracy"]["mean"] == pytest.approx(0.93)
    assert said["calls"] == 0


@pytest.mark.parametrize("kind", ["boolean", "number", "pairwise"])
def test_answers_of_one_group_count_as_what_they_are(kind: Kind) -> None:
    """Ten questions, each answered in the same way by twelve: that is ten cases, and not 120."""
    draw = random.Random(4)
    words = {"boolean": ("yes", "no"), "number": ("5", "1"), "pairwise": ("first", "second")}[kind]
    rows: list[dict[str, Any]] = []
    for question in range(20):
        label, right = words[draw.random() < 0.5], draw.random() < 0.7
        verdict = label if right else words[label == words[0]]
        length = draw.randint(1, 30)
        row = {"input": "q", "output": "w " * length, "verdict": verdict, "group": f"g{question}"}
        row |= {"other": "some words here", "swapped": draw.choice(words)} if kind == "pairwise" else {}
        rows += [row | ({"labels": [label, label, draw.choice(words)]} if question < 10 else {})] * 12
    together = card(rows, kind)
    alone = card([{name: value for name, value in row.items() if name != "group"} for row in rows], kind)
    names = ["accuracy", "kappa", "alpha", "people", "judge_mean", "people_mean", "rest_mean", "length"]
    names += {"boolean": [], "number": ["correlation"], "pairwise": ["flips"]}[kind]
    for name in names:
        wide, narrow = getattr(together, name), getattr(alone, name)
        assert wide.mean == pytest.approx(narrow.mean), name
        assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low), name
    wide, narrow = together.corrected["PPI++"], alone.corrected["PPI++"]
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)  # type: ignore[operator]
    if kind == "boolean":
        assert together.corrected["Rogan-Gladen"].low is None
        assert alone.corrected["Rogan-Gladen"].low is not None
