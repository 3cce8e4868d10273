"""Classification: labels read from answers, and the figures of a run of them."""

import json
from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
import pytest

from hone.datasets import Example
from hone.errors import CallError
from hone.evals import Answer, Figure, Judged, make
from hone.store import Judgement

Said = Callable[..., list[Judgement]]

SPAM = {"type": "classification", "labels": ["spam", "no spam"], "positive": "spam"}


def figures(asked: Any, cases: list[tuple[Any, Answer]]) -> dict[str, Figure]:
    (made,) = make([asked])
    assert made.sum_up is not None
    judged = [Judged(Example(input="q", expected=expected), answer, ()) for expected, answer in cases]
    return {each.name: each for each in made.sum_up(judged)}


def answered(label: str, confidence: float | None = None) -> Answer:
    return Answer(text=json.dumps({"label": label} | ({} if confidence is None else {"confidence": confidence})))


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Spam.", True),
        ("This is clearly spam", True),
        ("I would say: no spam", False),
        ("spam or ham?", True),
        ("I cannot tell", False),
        ('{"label": "SPAM", "confidence": 0.9}', True),
        ('{"label": "no spam"}', False),
    ],
)
def test_the_label_is_read_from_a_word_a_sentence_or_json(judged: Said, answer: str, right: bool) -> None:
    (said,) = judged(SPAM, answer, "spam")
    assert said.value is right
    if not right:
        assert "expected spam" in (said.explanation or "")


def test_an_answer_that_names_two_labels_names_none(judged: Said) -> None:
    asked = {"type": "classification", "labels": ["billing", "shipping"]}
    (said,) = judged(asked, "billing or shipping", "billing")
    assert said == Judgement("classification", False, "said no label, expected billing")


def test_without_known_labels_any_text_is_one(judged: Said) -> None:
    assert judged("classification", " Billing.", "billing")[0].value is True
    assert judged("classification", "it is billing", "billing")[0].value is False
    assert judged("classification", "billing", ["refund", "billing"])[0].value is True


def test_a_failed_call_is_a_case_that_named_no_label() -> None:
    found = figures(SPAM, [("spam", answered("spam")), ("no spam", Answer(error="no answer"))])
    assert found["classification-recall"].value == 0.5
    assert found["classification-precision-micro"].value == 1.0
    assert found["classification-confusion:no spam>none"].value == 1.0


def test_macro_figures_count_labels_alike() -> None:
    """By hand: spam is said 3 times and right 2 of 2; no spam is said once, right once of 2."""
    cases = [("spam", "spam"), ("spam", "spam"), ("no spam", "spam"), ("no spam", "no spam")]
    found = figures(SPAM, [(truth, answered(said)) for truth, said in cases])
    assert found["classification-precision"].value == pytest.approx((2 / 3 + 1) / 2)
    assert found["classification-recall"].value == pytest.approx((1 + 1 / 2) / 2)
    assert found["classification-f1"].value == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["classification-f1:spam"].value == pytest.approx(0.8)
    assert found["classification-confusion:no spam>spam"].value == 1.0
    assert "classification-precision-micro" not in found, "with one label each it is the accuracy"


def test_confidences_give_calibration_and_an_area() -> None:
    random = np.random.default_rng(7)
    sure = random.uniform(0.5, 1.0, 400)
    right = random.uniform(size=400) < sure
    truth = random.choice(["spam", "no spam"], 400)
    other = {"spam": "no spam", "no spam": "spam"}
    cases = [
        (str(label), answered(str(label) if good else other[str(label)], float(confidence)))
        for label, good, confidence in zip(truth, right, sure, strict=True)
    ]
    found = figures(SPAM, cases)
    error, area = found["classification-calibration-error"], found["classification-auc:spam"]
    assert error.value is not None and error.low is not None
    assert error.low <= error.value < 0.1
    assert error.direction == "down"
    assert area.value is not None and area.low is not None and area.high is not None
    assert 0.5 < area.low < area.value < area.high < 1.0
    overconfident = figures(SPAM, [(a, answered("spam", 1.0)) for a, _ in cases])["classification-calibration-error"]
    assert overconfident.value == pytest.approx(np.mean(truth == "no spam"))


def test_without_a_positive_label_the_area_tells_right_from_wrong() -> None:
    cases = [("a", answered("a", 0.9)), ("b", answered("b", 0.8)), ("a", answered("b", 0.6)), ("b", answered("a", 0.7))]
    assert figures("classification", cases)["classification-confidence-auc"].value == 1.0


def test_the_probability_of_the_tokens_is_a_confidence(judged: Said) -> None:
    answer = Answer(text="spam", logprobs=(log(0.5), log(0.8)))
    assert judged(SPAM, answer, "spam")[0].explanation == "said spam, 40% sure, expected spam"


def test_nothing_is_said_where_no_label_is_expected(judged: Said) -> None:
    assert judged(SPAM, "spam") == []
    assert figures(SPAM, [(None, answered("spam"))]) == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"labels": "spam"}, 'cannot use the labels "spam"'),
        ({"labels": ["a", "A"]}, "each stands there once"),
        ({"labels": ["a"], "positive": "b"}, 'cannot use the positive "b"\nhint: it is one of `labels`'),
        ({"confidence": 0.5}, "it is the name of a key"),
        ({"labls": ["a"]}, "did you mean `labels`"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(CallError, match=said):
        make([{"type": "classification", **settings}])
