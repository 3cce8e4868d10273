"""Evaluators of what was retrieved, and the measures behind them."""

from collections.abc import Callable
from math import log2
from typing import Any

import pytest

from hone.evals import Answer
from hone.evals.metrics.retrieval._ranking import by_score
from hone.store import Judgement

Judged = Callable[..., list[Judgement]]
Value = Callable[..., Any]

FOUND = Answer(text="x", context=("Parcels\nkept  ten days", "Letters", "Claims\nwithin a year", "Offices"))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("recall", 2 / 3),
        ("recall@2", 1 / 3),
        ("recall:3", 2 / 3),
        ("precision", 2 / 4),
        ("precision@1", 1.0),
        ("precision@10", 2 / 10),
        ("hit@1", 1.0),
        ("mrr", 1.0),
        ("map", (1 + 2 / 3) / 3),
        ("map@2", 1 / 3),
        ("ndcg", (1 + 1 / log2(4)) / (1 + 1 / log2(3) + 1 / log2(4))),
        ("ndcg@1", 1.0),
    ],
)
def test_the_context_of_an_example_is_what_should_be_found(value: Value, name: str, number: float) -> None:
    assert value(name, FOUND, context=["kept ten days", "Claims", "Stamps"]) == pytest.approx(number)


def test_grades_weigh_what_is_found(value: Value) -> None:
    grades = {"relevant": {"Letters": 1, "Claims": 3, "Offices": 0}}
    best = 3 + 1 / log2(3)
    assert value("ndcg", FOUND, metadata=grades) == pytest.approx((1 / log2(3) + 3 / log2(4)) / best)
    assert value("mrr", FOUND, metadata=grades) == 0.5
    assert value("recall", FOUND, metadata=grades) == 1.0


def test_a_value_is_what_should_be_found_in_every_example(judged: Judged) -> None:
    (said,) = judged({"type": "hit@2", "value": ["Offices"]}, FOUND, context=["Parcels"])
    assert said == Judgement("hit@2", 0.0, "1 wanted, found at 4 of 4")


def test_the_same_passage_twice_counts_once(value: Value) -> None:
    twice = Answer(text="x", context=("Claims", "Claims", "Letters"))
    assert value("recall", twice, context=["Claims", "Letters"]) == 1.0
    assert value("precision", twice, context=["Claims", "Letters"]) == pytest.approx(2 / 3)
    assert value("ndcg", twice, context=["Claims", "Letters"]) < 1.0


def test_two_wanted_texts_in_one_passage_count_as_one(value: Value) -> None:
    both = Answer(text="x", context=("Claims and Letters", "Offices"))
    assert value("recall", both, context=["Claims", "Letters", "Stamps"]) == 0.5
    assert value("ndcg", both, context=["Claims", "Letters"]) == 1.0


def test_nothing_retrieved_is_0_and_nothing_wanted_says_nothing(judged: Judged, value: Value) -> None:
    assert value("recall@5", "x", context=["Claims"]) == 0.0
    assert value("precision", "x", context=["Claims"]) == 0.0
    assert judged("recall@5", FOUND) == []


def test_scores_are_compared_as_32_bits_and_ties_go_by_name_descending() -> None:
    assert by_score({"a": 1.0, "c": 1.0, "b": 1.0 + 1e-9, "d": 0.5}) == ["c", "b", "a", "d"]
