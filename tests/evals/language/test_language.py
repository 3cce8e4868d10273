"""Perplexity, repetition, variety: what they count, and what they leave out."""

from math import exp, log

import pytest

from hone.datasets import Example
from hone.errors import CallError
from hone.evals import Answer, Judged, make
from hone.store import Judgement

ASKED = Example(input="q")


def said(asked: object, **answer: object) -> list[Judgement]:
    (evaluator,) = make([asked])  # type: ignore[list-item]
    return evaluator.judgements(ASKED, Answer(**answer))  # type: ignore[arg-type]


def test_perplexity_is_that_of_a_fair_die_when_every_token_was_one_of_six() -> None:
    (found,) = said("perplexity", text="x", logprobs=(log(1 / 6),) * 9)
    assert found.value == pytest.approx(6)
    (score,) = said("perplexity-score", text="x", logprobs=(log(1 / 6),) * 9)
    assert score.value == pytest.approx(1 / 7)
    assert score.explanation == "perplexity 6"


def test_an_answer_without_log_probabilities_has_no_perplexity() -> None:
    assert said("perplexity", text="x") == []
    assert said("perplexity-score", text="x") == []


def test_an_impossible_token_gives_a_large_number_and_no_failure() -> None:
    (found,) = said("perplexity", text="x", logprobs=(-1e9,))
    assert found.value == exp(700)


def test_a_threshold_makes_it_a_verdict_that_says_the_number() -> None:
    (found,) = said({"type": "perplexity", "threshold": 5}, text="x", logprobs=(log(1 / 6),))
    assert found.value is False
    assert found.explanation == "6, at most 5 is asked for"


def test_the_perplexity_of_all_weighs_tokens_and_not_answers() -> None:
    (evaluator,) = make(["perplexity"])
    answers = [Answer(text="a", logprobs=(log(0.5),)), Answer(text="b", logprobs=(log(0.25),) * 3), Answer(text="c")]
    judged = [Judged(ASKED, each, tuple(evaluator.judgements(ASKED, each))) for each in answers]
    assert evaluator.sum_up is not None
    (figure,) = evaluator.sum_up(judged)
    assert figure.value == pytest.approx((2 * 4**3) ** (1 / 4))
    assert (figure.direction, figure.method) == ("down", "over 4 tokens")
    assert list(evaluator.sum_up([Judged(ASKED, Answer(text="c"), ())])) == []


def test_repetition_counts_runs_that_were_said_before() -> None:
    (found,) = said("repetition", text="I do not know that. I do not know that.")
    assert found.value == pytest.approx(2 / 7)  # seven runs of four words, two of them said before
    assert found.explanation == "'i do not know' 2 times"
    (fresh,) = said("repetition:1", text="every word is new")
    assert (fresh.value, fresh.explanation) == (0.0, None)
    assert said("repetition", text="too short") == []


def test_distinct_is_counted_over_all_answers_too() -> None:
    (evaluator,) = make(["distinct:1"])
    answers = [Answer(text="yes yes"), Answer(text="yes no")]
    judged = [Judged(ASKED, each, tuple(evaluator.judgements(ASKED, each))) for each in answers]
    assert [each.judgements[0].value for each in judged] == [0.5, 1.0]
    assert evaluator.sum_up is not None
    (figure,) = evaluator.sum_up(judged)
    assert (figure.name, figure.value) == ("distinct:1 of all", 0.5)


@pytest.mark.parametrize("asked", ["repetition:few", "distinct:0", "perplexity:2", {"type": "distinct", "size": 2}])
def test_an_option_that_means_nothing_is_refused(asked: object) -> None:
    with pytest.raises(CallError, match=r"has no (option|setting)"):
        make([asked])  # type: ignore[list-item]
