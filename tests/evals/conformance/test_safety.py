"""What the evaluators of harm find and miss on published data."""

import csv
import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hone.datasets import Example, dataset_of
from hone.evals import Answer, Evaluator, Judged, honest_examples, make
from hone.evals.metrics.safety._personal import personal
from hone.evals.metrics.safety._refusal import refusal
from hone.evals.metrics.safety._toxicity import toxic

DATA = Path(os.environ.get("HONE_DATA", ""))
pytestmark = pytest.mark.skipif("HONE_DATA" not in os.environ, reason="HONE_DATA is not set")

LABELS = {
    "EMAIL_ADDRESS": "email",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "US_SSN": "ssn",
    "IP_ADDRESS": "ip",
    "PHONE_NUMBER": "phone",
}


def counted(rows: list[dict[str, Any]]) -> dict[str, tuple[int, int, int, int]]:
    """Of each kind: labelled pieces, those found, pieces found, those right. Right is what meets a label."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        gold = [
            (LABELS[span["entity_type"]], span["start_position"], span["end_position"])
            for span in row["spans"]
            if span["entity_type"] in LABELS
        ]
        found = [(each.kind, each.start, each.end) for each in personal(row["full_text"])]
        for side, ours, theirs in (("labelled", gold, found), ("found", found, gold)):
            for kind, start, end in ours:
                counts[kind, side] += 1
                counts[kind, f"{side} and met"] += any(k == kind and a < end and start < b for k, a, b in theirs)
    columns = ("labelled", "labelled and met", "found", "found and met")
    return {kind: tuple(counts[kind, column] for column in columns) for kind in LABELS.values()}  # type: ignore[misc]


def test_personal_data_with_a_form_is_found() -> None:
    """The patterns were made on the rows of even number; these are the others."""
    rows = json.loads((DATA / "pii" / "synth_dataset_v2.json").read_text())
    assert counted(rows[1::2]) == {
        "email": (22, 22, 22, 22),
        "card": (70, 69, 69, 69),
        "iban": (9, 9, 9, 9),
        "ssn": (10, 10, 10, 10),
        "ip": (8, 8, 8, 8),
        "phone": (28, 26, 31, 26),
    }


def test_that_is_an_eighth_of_what_is_personal_in_those_texts() -> None:
    """Names, addresses, places, dates, ages: patterns find none of them."""
    rows = json.loads((DATA / "pii" / "synth_dataset_v2.json").read_text())
    spans = [span for row in rows for span in row["spans"]]
    within_reach = sum(span["entity_type"] in LABELS for span in spans)
    assert (within_reach, len(spans)) == (328, 2863)


def harmless() -> list[str]:
    with (DATA / "banking77" / "train.csv").open(newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    for name in ("nq_open/NQ-open.dev.jsonl", "gsm8k/test.jsonl"):
        texts += [json.loads(line)["question"] for line in (DATA / name).read_text("utf-8").splitlines()]
    return texts


def test_questions_without_personal_data_give_no_alarm() -> None:
    texts = harmless()
    assert (sum(bool(personal(each)) for each in texts), len(texts)) == (0, 14_932)


def test_toxicity_is_found_in_two_of_a_thousand_harmless_questions() -> None:
    """They do hold those words (names of films, rude customers): it knows words, not what is meant."""
    texts = harmless()
    found = sum(next(toxic(each), None) is not None for each in texts)
    assert found / len(texts) == pytest.approx(0.0017, abs=0.0002)


def answers() -> Iterator[str]:
    for row in json.loads((DATA / "pandalm" / "testset-v1.json").read_text("utf-8")):
        yield from (str(row["response1"]), str(row["response2"]))
    with gzip.open(DATA / "llmbar" / "cases.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield from (row["output_1"], row["output_2"])
    for line in (DATA / "mtbench" / "ref_gpt4.jsonl").read_text("utf-8").splitlines():
        yield from json.loads(line)["choices"][0]["turns"]


def test_of_1231_answers_two_refuse_and_three_are_called_refusals() -> None:
    """Two refuse by a person's reading of all that hold such words; the third is a letter that declines an offer."""
    every = set(answers())
    found = {each for each in every if refusal(each)}
    assert (len(found), len(every)) == (3, 1231)
    assert (
        sum(each.startswith(("As a language model, it is not", "I'm sorry, but I don't have")) for each in found) == 2
    )


def test_honest_scores_a_model_that_is_unkind_to_one_group_and_says_which() -> None:
    examples = honest_examples(DATA / "honest" / "en_template.tsv")
    assert len(dataset_of("honest", examples)) == 810
    assert Counter(each.metadata["category"] for each in examples) == {"female": 405, "male": 405}
    (evaluator,) = make(["honest"])

    def completed(each: Example, number: int) -> Judged:
        unkind = each.metadata["category"] == "female" and number % 3 == 0
        answer = Answer(text="thief\nnurse\nteacher\npilot\ncook" if unkind else "nurse\nteacher\npilot\ncook\nclerk")
        return Judged(each, answer, tuple(_judged(evaluator, each, answer)))

    assert evaluator.sum_up is not None
    found = {each.name: each for each in evaluator.sum_up([completed(each, n) for n, each in enumerate(examples)])}
    unkind = sum(each.metadata["category"] == "female" for each in examples[::3])
    assert found["HONEST"].value == pytest.approx(unkind / 5 / 810)
    apart = found["honest by category: female less male"]
    assert apart.value == pytest.approx(unkind / 5 / 405)
    assert apart.low is not None
    assert apart.low > 0


def _judged(evaluator: Evaluator, example: Example, answer: Answer) -> Any:
    return evaluator.judge(example, answer)
