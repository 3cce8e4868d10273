"""What the registry makes of every evaluator: a threshold, its opposite, another name, a set."""

from collections.abc import Callable
from typing import Any

import pytest

from hone.datasets import Example
from hone.errors import CallError, HoneError
from hone.evals import PROMPTFOO, Answer, Judged, evaluators, make
from hone.evals._reach import reaches
from hone.store import Judgement

Said = Callable[..., list[Judgement]]


def test_a_number_with_a_threshold_has_a_verdict_beside_it(judged: Said) -> None:
    said = judged({"type": "rouge", "value": "the cat sat", "threshold": 0.75}, "the cat ran")
    assert [(each.name, each.value) for each in said] == [
        ("rouge:l", pytest.approx(2 / 3)),
        ("rouge:l-passes", False),
    ]
    assert said[1].explanation == "0.6667, at least 0.75 is asked for"


def test_three_quarters_reach_three_quarters_whatever_their_last_digit() -> None:
    almost = 0.7499999999999999
    assert almost < 0.75
    for asked in (
        {"type": "rouge", "threshold": almost + 1e-16},
        {"type": "assert-set", "assert": ["exact"], "threshold": 1 + 1e-15},
    ):
        (made,) = make([asked])
        assert made.judgements(Example(input="q", expected="a b c"), Answer(text="a b c"))[-1].value is True
    assert reaches(almost, 0.75)
    assert reaches(0.75, almost, down=True)
    assert not reaches(0.7499, 0.75)
    assert not reaches(0.7501, 0.75, down=True)


def test_seconds_and_milliseconds_are_two_metrics(judged: Said) -> None:
    answer = Answer(text="a", seconds=1.5)
    assert [(each.name, each.value) for each in judged({"type": "latency", "unit": "ms"}, answer)] == [
        ("latency-ms", 1500.0)
    ]
    made = make(["latency", {"type": "latency", "unit": "ms", "threshold": 2000}])
    names = [measure.name for each in made for measure in each.measures]
    assert names == ["latency", "latency-ms", "latency-ms-passes"]


def test_a_failed_call_passes_no_threshold_and_no_opposite() -> None:
    for asked in ({"type": "rouge", "threshold": 0.1}, {"type": "levenshtein", "threshold": 9}, "not-contains"):
        (made,) = make([asked])
        said = made.judgements(Example(input="q", expected="x"), Answer(error="no answer"))
        assert said[-1].value is False


def test_not_turns_right_and_wrong_round(judged: Said) -> None:
    assert judged("not-contains", "In Bern.", "Basel") == [Judgement("not-contains", True, 'no ["Basel"]')]
    assert judged("not-contains:whole", "In Bern.", "Bern")[0].value is False
    assert judged({"type": "not-rouge:2", "threshold": 0.5}, "a b c", "a b c") == [
        Judgement("not-rouge:2", False, "1, at least 0.5 is asked for")
    ]
    assert judged("not-levenshtein", "sitting", "kitten")[0].value is False, "5 is what promptfoo takes by default"


def test_the_opposite_of_a_number_needs_a_threshold() -> None:
    with pytest.raises(CallError, match="not-latency needs a threshold"):
        make(["not-latency"])


def test_a_metric_has_the_name_that_is_asked_for() -> None:
    made = make(
        [
            {"type": "contains", "value": "a", "metric": "first"},
            {"type": "not-contains", "value": "b", "metric": "second"},
            {"type": "bleu", "value": "a b c", "threshold": 0.5, "metric": "third"},
        ]
    )
    names = [[measure.name for measure in each.measures] for each in made]
    assert names == [["first"], ["second"], ["third", "third-passes"]]
    example, answer = Example(input="q"), Answer(text="a b c")
    assert [said.name for said in made[2].judgements(example, answer)] == names[2]
    assert made[2].sum_up is not None
    assert [each.name for each in made[2].sum_up([Judged(example, answer, ())])] == ["third-corpus"]


def test_results_of_one_value_are_not_taken_for_those_of_another() -> None:
    keys = {make([{"type": "contains", "value": each}])[0].key for each in ("a", "b")}
    assert len(keys) == 2
    assert make([{"type": "contains", "value": "a", "metric": "other"}])[0].key in keys


def test_a_set_is_the_weighted_mean_of_its_members(judged: Said) -> None:
    asked = {
        "type": "assert-set",
        "metric": "quality",
        "assert": [
            {"type": "contains", "value": "cat"},
            {"type": "contains", "value": "dog", "weight": 2},
            {"type": "rouge-n", "value": "the cat"},
        ],
    }
    score, passes = judged(asked, "the cat")
    assert (score.name, score.value) == ("quality", pytest.approx((1 + 0 + 1) / 4))
    assert (passes.name, passes.value) == ("quality-passes", False)
    assert passes.explanation == 'contains: no ["dog"]'


def test_a_set_with_a_threshold_passes_by_its_mean(judged: Said) -> None:
    members = [{"type": "contains", "value": "cat", "weight": 3}, {"type": "contains", "value": "dog"}]
    assert judged({"type": "assert-set", "threshold": 0.75, "assert": members}, "the cat")[1].value is True
    assert judged({"type": "assert-set", "threshold": 0.8, "assert": members}, "the cat")[1].value is False
    assert judged({"type": "not-assert-set", "assert": members}, "the cat") == [
        Judgement("not-assert-set", True, 'contains: no ["dog"]')
    ]


def test_a_member_of_weight_0_counts_for_nothing(judged: Said) -> None:
    members = [{"type": "contains", "value": "cat"}, {"type": "contains", "value": "dog", "weight": 0}]
    assert [each.value for each in judged({"type": "assert-set", "assert": members}, "the cat")] == [1.0, True]


def test_a_set_says_nothing_where_no_member_does(judged: Said) -> None:
    assert judged({"type": "assert-set", "assert": ["contains", "rouge"]}, "the cat") == []


def test_what_promptfoo_takes_by_default_can_be_asked_for(judged: Said) -> None:
    for kind, extra in PROMPTFOO.items():
        assert kind in evaluators.names()
        if kind != "similar":
            (made,) = make([{"type": kind, **extra}])
            passes = [each.metric.kind for each in made.measures] == ["number", "boolean"]
            assert passes is ("threshold" in extra)


BROKEN: list[tuple[Any, str]] = [
    ({"value": "x"}, 'an evaluator has a type: {"value":"x"}'),
    ({"type": "containz", "value": "x"}, "did you mean `contains`"),
    ({"type": "contains", "valeu": "x"}, "contains has no setting 'valeu'\nhint: did you mean `value`"),
    ({"type": "rouge-n", "treshold": 1}, "rouge-n has no setting 'treshold'\nhint: did you mean `threshold`"),
    ({"type": "contains", "value": []}, "contains has nothing to look for"),
    ({"type": "contains", "value": "x", "threshold": 0.5}, "contains says right or wrong by itself"),
    ({"type": "contains", "value": "x", "weight": 2}, "a weight, which counts within an assert-set only"),
    ({"type": "rouge", "threshold": "high"}, 'the threshold of rouge is no number: "high"'),
    ({"type": "rouge", "over": "median"}, 'the over of rouge is "median"\nhint: it is one of best, mean'),
    ({"type": "regex", "value": "(unclosed"}, "is no pattern"),
    ({"type": "word-count", "value": 3, "threshold": 2}, "word-count says right or wrong by itself"),
    ({"type": "word-count", "value": {"min": 9, "max": 3}}, "word-count cannot use the value"),
    ({"type": "numeric", "tolerance": -1}, "the tolerance of numeric is -1\nhint: it is a number of 0 or more"),
    ({"type": "is-json", "value": {"type": "objekt"}}, "the JSON Schema is wrong"),
    ({"type": "is-sql", "value": {"databaseType": "dbase"}}, "is-sql knows no SQL of 'dbase'"),
    ({"type": "is-xml", "value": 7}, "is-xml cannot use the value 7"),
    ({"type": "latency", "value": 2}, "latency compares with nothing"),
    ({"type": "recall@0"}, "recall cannot look at the first '0' passages\nhint: recall@5"),
    ({"type": "finish-reason"}, "finish-reason needs a reason\nhint: finish-reason:stop"),
    ({"type": "assert-set", "assert": []}, "an assert-set has a list `assert`"),
    ({"type": "assert-set", "assert": ["contains"], "value": "x", "order": 1}, "an assert-set has a list `assert`"),
    ({"type": "assert-set", "assert": [{"type": "contains", "weight": -1}]}, "the weight of an evaluator is -1"),
]


@pytest.mark.parametrize(("asked", "said"), BROKEN)
def test_a_broken_configuration_says_what_to_do(asked: Any, said: str) -> None:
    with pytest.raises(HoneError) as found:
        make([asked])
    assert said in str(found.value)
    assert found.value.hint or "no pattern" in said or "no number" in said or "Schema" in said
