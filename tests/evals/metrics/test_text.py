"""Evaluators of text: what each one calls right."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from hone.errors import CallError
from hone.evals import Given
from hone.evals.metrics.text._parent import parent_of
from hone.store import Judgement

Judged = Callable[..., list[Judgement]]
Value = Callable[..., Any]


@pytest.mark.parametrize(
    ("asked", "answer", "right"),
    [
        ({"type": "equals", "value": "Bern"}, " Bern\n", True),
        ({"type": "equals", "value": {"a": [1, True]}}, '{"a": [1, true]}', True),
        ({"type": "equals", "value": {"a": [1, True]}}, '{"a": [1, 1]}', False),
        ({"type": "contains", "value": "bern"}, "In BERN.", True),
        ({"type": "contains", "value": "bern", "case": True}, "In BERN.", False),
        ({"type": "icontains", "value": "bern"}, "In BERN.", True),
        ({"type": "contains-any", "value": ["Bern", "Basel"]}, "In Basel.", True),
        ({"type": "contains-any", "value": "Bern, Basel"}, "In Basel.", True),
        ({"type": "contains-any", "value": '"Bern, Basel", Chur'}, "In Basel.", False),
        ({"type": "icontains-any", "value": "bern, basel"}, "In Basel.", True),
        ({"type": "contains-all", "value": ["Bern", "Basel"]}, "From Bern to Basel.", True),
        ({"type": "contains-all", "value": ["Bern", "basel"]}, "From Bern to Basel.", False),
        ({"type": "icontains-all", "value": ["bern", "basel"]}, "From Bern to Basel.", True),
        ({"type": "starts-with", "value": "Yes"}, "Yes, it is.", True),
        ({"type": "starts-with", "value": "yes"}, "Yes, it is.", False),
        ({"type": "ends-with", "value": "7 days."}, "It takes 7 days.\n", True),
        ({"type": "ends-with", "value": "7 days"}, "It takes 7 days.", False),
        ({"type": "word-count", "value": 3}, "one two\nthree", True),
        ({"type": "word-count", "value": {"min": 4}}, "one two three", False),
        ({"type": "word-count", "value": {"max": 4}}, "one two three", True),
        ({"type": "squad-em", "value": "The Bern!"}, "bern", True),
        ({"type": "numeric", "value": 1234.5}, "The sum is $1,234.50.", True),
        ({"type": "numeric", "value": "-3"}, "It is −3 degrees", True),
        ({"type": "numeric", "value": 13, "tolerance": 0.5}, "about 12.5 km", True),
        ({"type": "numeric", "value": 13, "tolerance": 0.4}, "about 12.5 km", False),
        ({"type": "numeric", "value": 1000, "relative": 0.01}, "990", True),
        ({"type": "numeric", "value": 7}, "in room 7b", False),
        ({"type": "numeric", "value": 1500}, "1.5e3", True),
        ({"type": "gsm8k", "value": "so\n#### 1,000"}, "A: 12 is wrong\nA: 1000", True),
        ({"type": "gsm8k", "value": "42"}, "It is 42", False),
    ],
)
def test_right_and_wrong(value: Value, asked: dict[str, Any], answer: str, right: bool) -> None:
    assert value(asked, answer) is right


def test_what_an_example_expects_counts_where_no_value_is_given(value: Value) -> None:
    assert value("contains-all", "a b", ["a", "b"]) is True
    assert value("regex", "in 2024", r"\d{4}") is True
    assert value({"type": "contains", "value": "z"}, "a b", ["a"]) is False
    assert value("numeric", "7 of 9", 9) is True


def test_nothing_is_said_where_there_is_nothing_to_compare_with(judged: Judged) -> None:
    for name in ("exact", "contains-all", "regex", "numeric", "gsm8k", "squad-em", "levenshtein", "bleu", "meteor"):
        assert judged(name, "an answer") == [], name
    assert judged("parent", "an answer", "expected") == [], "there is no table"
    assert judged("numeric", "7", "no number here") == []


def test_patterns_are_those_of_re2_and_look_around_works_too(value: Value) -> None:
    assert value({"type": "regex", "value": r"(?i)^in \d+$"}, "In 2024") is True
    assert value({"type": "regex", "value": r"\bBern(?!ese)"}, "the Bernese Alps") is False
    assert value({"type": "regex", "value": r"(\w)\1"}, "hello") is True


def test_a_pattern_that_would_never_end_is_stopped_and_says_so(judged: Judged) -> None:
    start = time.monotonic()
    (said,) = judged({"type": "regex", "value": r"(?=.)(a|aa)+$"}, "a" * 60 + "b")
    assert said.value is False
    assert "takes longer than 1 s" in (said.explanation or "")
    assert time.monotonic() - start < 10


def test_levenshtein_is_a_distance_or_a_ratio(judged: Judged, value: Value) -> None:
    assert value("levenshtein", "sitting", "kitten") == 3
    assert value("levenshtein", "sitting", ["kitten", "sittin"]) == 1
    assert value("levenshtein:ratio", "sitting", "kitten") == pytest.approx(1 - 3 / 7)
    said = judged({"type": "levenshtein", "value": "kitten", "threshold": 2}, "sitting")
    assert [(each.name, each.value) for each in said] == [("levenshtein", 3.0), ("levenshtein-passes", False)]


def test_rouge_takes_the_best_or_the_mean_over_the_expected_texts(value: Value) -> None:
    expected = ["the cat sat", "no words shared"]
    assert value("rouge:1", "the cat sat", expected) == 1.0
    assert value({"type": "rouge-n", "over": "mean"}, "the cat sat", expected) == 0.5


def test_meteor_is_as_in_the_paper(judged: Judged) -> None:
    """Two of three words match, next to each other: P = R = 2/3, one chunk of two, so a penalty of .5 (1/2)^3."""
    (said,) = judged("meteor", "the cat ran", "the cat slept")
    assert said.value == pytest.approx(2 / 3 * (1 - 0.5 * (1 / 2) ** 3))
    assert (said.explanation or "").startswith("modules: exact, stem")


def test_parent_takes_the_tables_side_where_the_reference_says_more() -> None:
    """B. Dhingra et al., figure 1: what the table entails is no error, what neither says is."""
    table = [words("michael dahlquist"), words("22 december 1965"), words("drums")]
    reference = words("michael dahlquist was a drummer in seattle")
    entailed = parent_of(words("michael dahlquist 22 december 1965 drums"), reference, table)
    invented = parent_of(words("michael dahlquist 9 january 1980 flute"), reference, table)
    assert entailed > 1.5 * invented
    all_of_it = words("michael dahlquist 22 december 1965 drums")
    assert parent_of(all_of_it, all_of_it, table) == pytest.approx(1.0)


def words(text: str) -> list[str]:
    return text.split()


def test_parent_by_hand() -> None:
    """One word each: precision is w + (1 - w) P(in reference), recall the root of both recalls."""
    assert parent_of(["a"], ["b"], [["a"]], share=1.0) == pytest.approx(_by_hand(precision=1.0, mentioned=1.0))
    assert parent_of(["c"], ["b"], [["a"]]) == 0.0


def _by_hand(precision: float, mentioned: float) -> float:
    """Runs of two to four words do not exist: their precision counts as 1e-5."""
    p, r = (precision * 1e-15) ** (1 / 4), mentioned
    return 2 * p * r / (p + r)


def _letters(texts: Sequence[str]) -> Any:
    """An embedder that needs no model: how often each letter occurs."""
    rows = np.array([[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def test_similar_compares_vectors(judged: Judged, value: Value) -> None:
    given = Given(embed=_letters)
    assert value("similar", "listen", ["xyz", "silent"], given=given) == pytest.approx(1.0)
    assert value("similar:dot", "abc", "xyz", given=given) == pytest.approx(0.0)
    assert value("similar:euclidean", "abc", "xyz", given=given) == pytest.approx(2**0.5)
    said = judged({"type": "similar:euclidean", "threshold": 0.1}, "listen", "silent", given=given)
    assert said[1] == Judgement("similar:euclidean-passes", True, "0, at most 0.1 is asked for")


def test_sentences_are_matched_with_their_nearest(value: Value) -> None:
    given = Given(embed=_letters)
    assert value("sentence-match", "Abc. Xyz.", "Zyx! Cab.", given=given) == pytest.approx(1.0)
    assert value("sentence-match", "Abc. Mno.", "Abc.", given=given) == pytest.approx(2 * 0.5 / 1.5)
    assert value("sentence-match", "", "Abc.", given=given) == 0.0


def test_without_an_embedder_there_is_no_similarity() -> None:
    from hone.evals import make

    with pytest.raises(CallError, match=r"similar needs vectors of texts.*\n.*hone\[embed\]"):
        make(["similar"])
