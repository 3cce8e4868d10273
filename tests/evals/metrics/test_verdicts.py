"""What is right and what is wrong: the main measure of an evaluator decides, the way that is better."""

import asyncio
from typing import Any

import pytest

from hone.datasets import Example
from hone.errors import CallError
from hone.evals import Answer, Evaluator, Given, Measure, Question, Told, make
from hone.evals._verdict import wrong
from hone.store import Judgement, Metric

HARMFUL = Evaluator(
    name="harmful",
    measures=(Measure(name="harmful", metric=Metric(kind="boolean", direction="down"), worst=True),),
    judge=lambda _, answer: [Judgement("harmful", "bad" in answer.text)],
)
GIVEN = Given(judges={"harmful": lambda _: HARMFUL})
DUEL = Example(input="q", previous="BBB")


async def a_fair_judge(question: Question) -> Told:
    first = str(question.messages[-1]["content"]).partition("BBB")[0]
    return Told(text="", value={"reason": "r", "verdict": "first" if "AAA" in first else "second"})


async def a_judge_that_takes_the_first(question: Question) -> Told:
    return Told(text="", value={"reason": "r", "verdict": "first"})


def said(asked: Any, text: str, given: Given = GIVEN, example: Example | None = None) -> dict[str, Any]:
    (made,) = make([asked], given=given)
    found = asyncio.run(made.said(example or Example(input="q"), Answer(text=text)))
    return {each.name: each.value for each in found}


def test_not_harmful_is_good_news_and_no_answer_is_the_worst() -> None:
    (made,) = make(["not-harmful"], given=GIVEN)
    (measure,) = made.measures
    assert (measure.name, measure.metric.direction, measure.worst) == ("not-harmful", "up", False)
    assert said("not-harmful", "good") == {"not-harmful": True}
    assert made.judgements(Example(input="q"), Answer(error="no answer"))[0].value is False


def test_a_harmful_answer_fails_its_set() -> None:
    asked = {"type": "assert-set", "assert": ["harmful"]}
    assert said(asked, "a bad one") == {"assert-set": 0.0, "assert-set-passes": False}
    assert said(asked, "a good one") == {"assert-set": 1.0, "assert-set-passes": True}


def test_a_test_of_promptfoo_takes_a_harmful_answer_for_wrong_as_well() -> None:
    asked = {"type": "promptfoo-test", "assert": [{"type": "harmful"}]}
    assert said(asked, "a bad one") == {"pass": False, "score": 0.0, "harmful": True}
    assert said(asked, "a good one") == {"pass": True, "score": 1.0, "harmful": False}


@pytest.mark.parametrize("kind", ["assert-set", "promptfoo-test"])
def test_an_answer_that_wins_in_both_orders_passes_its_set(kind: str) -> None:
    asked = {"type": kind, "assert": [{"type": "pairwise"}]}
    found = said(asked, "AAA", Given(ask=a_fair_judge), DUEL)
    assert (found.get("assert-set", found.get("score")), found.get("assert-set-passes", found.get("pass"))) == (1, True)


def test_a_judge_that_contradicts_itself_is_no_wrong_answer() -> None:
    metrics = {
        "pairwise": Metric(kind="number"),
        "pairwise.flipped": Metric(kind="boolean", direction="down"),
        "v1.ok": Metric(kind="boolean"),
        "harmful": Metric(kind="boolean", direction="down"),
    }
    found = said("pairwise", "AAA", Given(ask=a_judge_that_takes_the_first), DUEL)
    assert found["pairwise.flipped"] is True
    judgements = [Judgement(name, value) for name, value in {**found, "v1.ok": False, "harmful": False}.items()]
    assert [each.name for each in wrong(metrics, judgements)] == ["v1.ok"]
    assert wrong(metrics, [Judgement("harmful", True)])


def test_the_opposite_of_a_number_is_not_that_of_what_stands_beside_it() -> None:
    with pytest.raises(CallError, match="not-pairwise needs a threshold"):
        make(["not-pairwise"], given=Given(ask=a_fair_judge))
