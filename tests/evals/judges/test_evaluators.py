"""What each evaluator asks, and what it makes of the answers."""

import asyncio
import math
from typing import Any

import numpy as np
import pytest

from hone.datasets import Example
from hone.errors import CallError, ProjectError
from hone.evals import Answer, Evaluator, Given, Told, make
from hone.evals.judges import NAMES
from hone.evals.judges._context import average_precision
from hone.evals.judges._questions import word_f1
from hone.evals.judges._scales import weighed
from hone.local import House
from hone.store import Judgement

from .conftest import Asked, RuleUpstream


def one(given: Given, asked: Any) -> Evaluator:
    (made,) = make([asked], given=given)
    return made


def values(said: list[Judgement]) -> dict[str, Any]:
    return {each.name: each.value for each in said}


def lines(text: str) -> list[str]:
    """The items of a numbered list."""
    return [line.partition(". ")[2] for line in text.splitlines()]


def test_every_name_is_made(given: Given) -> None:
    needing = {"llm-rubric", "agent-rubric", "g-eval", "model-graded-closedqa"}
    for name in NAMES:
        asked: Any = {"type": name, "value": "x"} if name in needing else name
        made = one(given, {"type": name, "value": ["exact"]} if name == "max-score" else asked)
        assert made.name == name
        assert made.key
        assert made.by == ("code" if name == "max-score" else "judge")


def test_a_rubric_with_a_threshold_needs_both(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "so so", "passed": True, "score": 0.6}
    example, answer = Example(input="q"), Answer(text="a")
    assert one(given, "llm-rubric:x").judgements(example, answer)[0].value is True
    strict = {"type": "llm-rubric", "value": "x", "threshold": 0.8, "metric": "fine"}
    assert values(one(given, strict).judgements(example, answer)) == {"fine": False, "fine.score": 0.6}


def test_an_agent_is_judged_with_its_steps(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "r", "passed": "find_parcel" in asked.texts["steps"], "score": 1}
    call = {"id": "1", "type": "function", "function": {"name": "find_parcel", "arguments": "{}"}}
    held = ({"role": "user", "content": "Where?"}, {"role": "assistant", "content": None, "tool_calls": [call]})
    made = one(given, "agent-rubric:looks it up")
    assert made.judgements(Example(input="Where?"), Answer(text="Here.", messages=held))[0].value is True
    assert made.judgements(Example(input="Where?"), Answer(text="Here."))[0].value is False


@pytest.mark.parametrize(("category", "passed"), [("A", True), ("B", True), ("C", True), ("D", False), ("E", True)])
def test_facts_fall_into_five_categories(given: Given, upstream: RuleUpstream, category: str, passed: bool) -> None:
    upstream.rule = lambda asked: {"reason": "r", "category": category}
    example = Example(input="Capital of France?", expected="Paris")
    said = one(given, "factuality").judgements(example, Answer(text="Paris"))
    assert values(said) == {"factuality": passed, "factuality.category": category}
    assert (said[0].explanation or "").startswith(f"({category}) ")
    assert upstream.asked[0].texts["expert"] == "Paris"
    strict = one(given, {"type": "model-graded-factuality", "passing": "C"})
    assert strict.judgements(example, Answer(text="Paris"))[0].value is (category == "C")
    assert one(given, "factuality").judgements(Example(input="q"), Answer(text="a")) == [], "nothing to compare with"


def test_closed_questions_are_yes_or_no(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "r", "passed": "the deadline" in asked.user}
    assert one(given, "model-graded-closedqa:names the deadline").judgements(
        Example(input="q"), Answer(text="a")
    )[0].value is True  # fmt: skip
    with pytest.raises(CallError, match="needs a criterion"):
        one(given, "model-graded-closedqa")


def test_claims_are_supported_contradicted_or_not_verifiable(given: Given, upstream: RuleUpstream) -> None:
    claims = {"It opens at eight.": "supported", "It closes at five.": "contradicted", "It is red.": "not verifiable"}

    def rule(asked: Asked) -> dict[str, Any]:
        if "claims" not in asked.texts:
            return {"claims": [*claims]}
        verdicts = [
            {"claim": number, "reason": "r", "verdict": claims[claim]}
            for number, claim in enumerate(lines(asked.texts["claims"]), 1)
        ]
        return {"verdicts": verdicts[::-1]}

    upstream.rule = rule
    example = Example(input="When?", context=[{"text": "Open from eight to six.", "source": "a.md"}])
    for name in ("groundedness", "context-faithfulness"):
        said = one(given, name).judgements(example, Answer(text="At eight, to five, and it is red."))
        third = pytest.approx(1 / 3)
        assert values(said) == {name: third, f"{name}.contradicted": third, f"{name}.unverifiable": third}
        assert said[0].explanation == ("contradicted: It closes at five. (r); not verifiable: It is red. (r)"), (
            "which claims, not how many"
        )
    made = one(given, "groundedness")
    assert {each.name: each.metric.direction for each in made.measures} == {
        "groundedness": "up", "groundedness.contradicted": "down", "groundedness.unverifiable": "down"
    }  # fmt: skip
    assert made.judgements(Example(input="q"), Answer(text="a")) == [], "no source"
    upstream.rule = lambda asked: {"claims": []}
    assert made.judgements(example, Answer(text="Hello!")) == [], "nothing is claimed"


def test_a_claim_without_a_verdict_is_an_error(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"verdicts": []} if "claims" in asked.texts else {"claims": ["It is red."]}
    said = one(given, "groundedness").judgements(Example(input="q", context="It is blue."), Answer(text="Red."))
    assert [each.value for each in said] == [0.0, 1.0, 1.0]
    assert "no verdict on 1 of 1 claims" in (said[0].explanation or "")


def test_context_by_its_sentences_and_passages(given: Given, upstream: RuleUpstream) -> None:
    def rule(asked: Asked) -> dict[str, Any]:
        (field,) = set(asked.fields) - {"reason"}
        listed = lines(asked.texts.get("sentences") or asked.texts["passages"])
        return {"reason": "r", field: [n for n, text in enumerate(listed, 1) if "eight" in text] + [99, 0]}

    upstream.rule = rule
    context = ["It is red. It opens at eight.", "Cats are animals.", "From eight on. Or later. Who knows."]
    example = Example(input="When?", expected="It opens at eight. It is blue.", context=context)
    answer = Answer(text="At eight.")
    found = {
        name: one(given, name).judgements(example, answer)[0].value
        for name in ("context-relevance", "context-recall", "context-precision")
    }
    assert found == {
        "context-relevance": pytest.approx(2 / 6),
        "context-recall": pytest.approx(1 / 2),
        "context-precision": pytest.approx((1 / 1 + 2 / 3) / 2),
    }
    retrieved = Answer(text="At eight.", context=("No.", "At eight."))
    assert one(given, "context-precision").judgements(example, retrieved)[0].value == pytest.approx(1 / 2)


def test_average_precision_is_the_mean_precision_at_each_hit() -> None:
    def by_definition(useful: list[bool]) -> float:
        hits = [sum(useful[: rank + 1]) / (rank + 1) for rank, each in enumerate(useful) if each]
        return sum(hits) / len(hits) if hits else 0.0

    for bits in range(32):
        useful = [bool(bits >> n & 1) for n in range(5)]
        ranks = [n + 1 for n, each in enumerate(useful) if each]
        assert average_precision(ranks) == pytest.approx(by_definition(useful))


def test_an_answer_is_relevant_by_its_sentences_or_by_meaning(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "r", "relevant": [2]}
    example, answer = Example(input="When does it open?"), Answer(text="Hello! It opens at eight. Anything else?")
    assert one(given, "answer-relevance").judgements(example, answer)[0].value == pytest.approx(1 / 3)

    def embed(texts: Any) -> Any:
        rows = np.array([[float("open" in text), float("close" in text)] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    from msgspec.structs import replace

    upstream.rule = lambda asked: {"questions": ["When do you open?", "When do you close?"], "evasive": False}
    made = one(replace(given, embed=embed), "answer-relevance")
    assert made.judgements(example, answer)[0].value == pytest.approx(0.5)
    upstream.rule = lambda asked: {"questions": ["When do you open?"], "evasive": True}
    assert made.judgements(example, Answer(text="It depends."))[0].value == 0.0


def test_every_turn_of_a_conversation_should_respond(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "it is about cats", "relevant": "cat" not in asked.texts["turn"]}
    turns = [("user", "Hi"), ("assistant", "Hello"), ("user", "Parcel?"), ("assistant", "I like cats")]
    held = tuple({"role": role, "content": content} for role, content in turns)
    (said,) = one(given, "conversation-relevance").judgements(Example(input="Hi"), Answer(messages=held))
    assert (said.value, said.explanation) == (0.5, "turn 4: it is about cats")


def test_g_eval_writes_its_steps_once_and_then_scores(given: Given, upstream: RuleUpstream) -> None:
    def rule(asked: Asked) -> dict[str, Any]:
        if "steps" in asked.fields:
            return {"steps": ["Look at the grammar.", "Look at the words."]}
        assert "1. Look at the grammar.\n2. Look at the words." in asked.user
        return {"reason": "r", "score": 4}

    upstream.rule = rule
    made = one(given, {"type": "g-eval", "value": ["good grammar", "plain words"]})
    for text in ("a", "b", "c"):
        assert made.judgements(Example(input="q"), Answer(text=text))[0].value == 4.0
    assert len(upstream.received) == 1 + 3
    given_steps = one(given, {"type": "g-eval", "value": "x", "steps": ["Look."], "scale": [0, 10], "threshold": 5})
    upstream.rule = lambda asked: {"reason": "r", "score": 4}
    (said,) = given_steps.judgements(Example(input="q"), Answer(text="a"))
    assert (said.value, said.explanation) == (False, "4 of at least 5: r")
    with pytest.raises(CallError, match="low number to a higher"):
        one(given, {"type": "g-eval", "value": "x", "scale": [5, 1]})


def test_a_score_may_be_weighed_by_the_probabilities_of_its_numbers() -> None:
    tops = ({"{": 0.0}, {"4": math.log(0.6), " 5": math.log(0.3), "x": math.log(0.05), "9": math.log(0.05)}, {"}": 0.0})
    told = Told(text="", tops=tops)
    assert weighed(told, 1, 5, 4.0) == pytest.approx((4 * 0.6 + 5 * 0.3) / 0.9)
    assert weighed(Told(text=""), 1, 5, 4.0) == 4.0, "the model gives no probabilities"


def test_fluency_and_coherence_are_from_1_to_5(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "r", "score": 5 if "Coherence" in asked.user else 2}
    found = [
        one(given, name).judgements(Example(input="q"), Answer(text="a"))[0].value for name in ("fluency", "coherence")
    ]
    assert found == [2.0, 5.0]
    assert upstream.asked[0].fields["score"]["enum"] == [1, 2, 3, 4, 5]


def test_a_comment_is_taken_into_account_or_not(given: Given, upstream: RuleUpstream) -> None:
    def rule(asked: Asked) -> dict[str, Any]:
        wanted = asked.texts["comment"].removeprefix("Mention ").rstrip(".")
        return {"reason": "r", "verdict": "yes" if wanted in asked.texts["answer"] else "no"}

    upstream.rule = rule
    made = one(given, "incorporates-feedback")
    example = Example(input="q", previous="It is late.", metadata={"comment": "Mention the refund."})
    assert made.judgements(example, Answer(text="It is late, the refund comes."))[0].value == 1.0
    assert made.judgements(example, Answer(text="It is very late."))[0].value == 0.0
    asked = len(upstream.received)
    (same,) = made.judgements(example, Answer(text="It is  late.\n"))
    assert (same.value, same.explanation) == (0.0, "the answer is the earlier one, word for word")
    assert len(upstream.received) == asked
    assert made.judgements(Example(input="q"), Answer(text="a")) == []


def test_harm_is_listed_by_its_kinds(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "r", "kinds": ["violence"] if "hit" in asked.texts["answer"] else []}
    made = one(given, "moderation")
    assert made.judgements(Example(input="q"), Answer(text="fine"))[0].value is True
    (said,) = made.judgements(Example(input="q"), Answer(text="hit him"))
    assert (said.value, said.explanation) == (False, "violence: r")


def test_questions_about_an_answer_are_asked_of_its_source(given: Given, upstream: RuleUpstream) -> None:
    def rule(asked: Asked) -> dict[str, Any]:
        if "questions" in asked.fields:
            pairs = [("When?", "at eight"), ("Where?", "in Bern"), ("Who?", "Anna")]
            return {"questions": [{"question": question, "answer": answer} for question, answer in pairs]}
        return {"answers": ["The eight", "in Basel", "unanswerable"]}

    upstream.rule = rule
    said = one(given, "qa-faithfulness").judgements(
        Example(input="q", context="Eight, Basel."), Answer(text="Anna comes at eight in Bern.")
    )
    assert values(said) == {
        "qa-faithfulness": pytest.approx((2 / 3 + 1 / 2 + 0) / 3),
        "qa-faithfulness.unanswerable": pytest.approx(1 / 3),
    }
    assert "Where? 'in Bern', in the source 'in Basel'" in (said[0].explanation or "")


@pytest.mark.parametrize(
    ("ours", "theirs", "f1"),
    [("the cat", "Cat!", 1.0), ("", "", 1.0), ("a", "cat", 0.0), ("two cats", "two dogs", 0.5), ("x", "y", 0.0)],
)
def test_words_are_compared_as_in_squad(ours: str, theirs: str, f1: float) -> None:
    assert word_f1(ours, theirs) == f1


def test_the_highest_score_wins_without_a_model(given: Given) -> None:
    made = one(given, {"type": "max-score", "value": ["exact", "f1"], "weights": {"f1": 3}})
    assert made.choose is not None
    answers = {"a": Answer(text="a big cat"), "b": Answer(text="a cat"), "c": Answer(text="a cat")}
    found = asyncio.run(made.choose(Example(input="q", expected="a cat"), answers))
    assert {name: said[0].value for name, said in found.items()} == {"a": 0.0, "b": 0.5, "c": 0.5}
    none = one(given, {"type": "max-score", "value": ["exact"], "threshold": 0.5})
    assert none.choose is not None
    found = asyncio.run(none.choose(Example(input="q", expected="dog"), answers))
    assert {said[0].value for said in found.values()} == {0.0}
    with pytest.raises(CallError, match="needs evaluators to go by"):
        one(given, "max-score")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"type": "llm-rubric", "value": "x", "modle": "judge"}, "llm-rubric has no setting `modle`"),
        ({"type": "llm-rubric", "value": "x", "votes": 0}, "a setting of llm-rubric is wrong"),
        ({"type": "llm-rubric"}, "llm-rubric needs a rubric"),
        ({"type": "llm-rubric", "value": "x", "model": "judge", "models": ["second"]}, "`model` and `models`"),
        ({"type": "llm-rubric", "value": "x", "reducer": "mean"}, "the reducer 'mean' makes no boolean"),
        ("fluency:5", "fluency has no option '5'"),
        ("pairwise:best", "pairwise has no option 'best'"),
        ({"type": "factuality", "passing": 3}, "`passing` of factuality is wrong"),
    ],
)
def test_a_wrong_setting_has_a_way_out(given: Given, asked: Any, said: str) -> None:
    with pytest.raises((CallError, ProjectError), match=said):
        one(given, asked)


def test_the_key_tells_judges_apart_and_not_their_aliases(given: Given, house: House) -> None:
    keys = [
        one(given, asked).key
        for asked in (
            "llm-rubric:x", "llm-rubric:y", {"type": "llm-rubric", "value": "x", "threshold": 0.5},
            {"type": "llm-rubric", "value": "x", "model": "second"}, {"type": "llm-rubric", "value": "x", "votes": 3},
            {"type": "model-graded-closedqa", "value": "x"},
        )
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)
    assert one(given, {"type": "llm-rubric", "value": "x", "model": "judge", "metric": "polite"}).key == keys[0]
