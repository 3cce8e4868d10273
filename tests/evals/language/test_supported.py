"""`supported`: what a source supports, what it contradicts, and what it says nothing of."""

from typing import Any

from hone.datasets import Example
from hone.evals import Answer, make
from hone.evals.metrics.language._sentences import sentences, terms
from hone.store import Judgement

HANDBOOK = """Refunds are paid within 5 working days after the parcel has arrived. Parcels are sent back at our cost.
Anna Keller leads the returns team in Bern. Gift cards are not refunded."""


def judged(text: str, source: Any = HANDBOOK, *, answer: dict[str, Any] | None = None, **asked: Any) -> list[Judgement]:
    (evaluator,) = make([{"type": "supported"} | asked])
    return evaluator.judgements(Example(input="q", context=source), Answer(text=text, **(answer or {})))


def values(text: str, source: Any = HANDBOOK) -> dict[str, Any]:
    return {each.name: each.value for each in judged(text, source)}


def test_what_the_source_says_is_supported() -> None:
    assert values("Refunds are paid within 5 working days.") == {
        "supported": 1.0,
        "supported.contradicted": 0.0,
        "supported.unverifiable": 0.0,
    }


def test_another_number_is_a_contradiction_and_named() -> None:
    found = judged("Refunds are paid within 9 working days after the parcel has arrived.")
    assert found[1].value == 1.0
    assert "the number 9, where the source has 5" in (found[0].explanation or "")


def test_another_name_is_a_contradiction() -> None:
    found = judged("The returns team is in good hands. In Bern the team leader is not known. Our Anna Meier leads it.")
    assert "the name meier, where the source has keller" in (found[0].explanation or "")


def test_a_not_that_is_lost_is_a_contradiction() -> None:
    found = judged("Gift cards are refunded.")
    assert found[1].value == 1.0
    assert "`not`" in (found[0].explanation or "")


def test_what_the_source_says_nothing_of_cannot_be_verified() -> None:
    found = judged("Parcels are sent back at our cost. Drivers wear green uniforms on Sundays.")
    assert [each.value for each in found[1:]] == [0.0, 0.5]
    assert "1 of 2 sentences supported" in (found[0].explanation or "")
    assert "not there: driver, wear" in (found[0].explanation or "")


def test_known_words_in_an_order_that_the_source_has_not_are_less_supported() -> None:
    same, turned = "Anna Keller leads the returns team.", "Returns leads team Keller Anna."
    assert values(same)["supported"] > values(turned)["supported"]


def test_the_source_may_be_passages_of_the_example_or_those_retrieved() -> None:
    text = "Parcels are sent back at our cost."
    assert values(text, [{"text": HANDBOOK, "source": "a"}, "more"])["supported"] == 1.0
    assert judged(text, None, answer={"context": (HANDBOOK,)})[0].value == 1.0
    assert judged(text, None, value=HANDBOOK)[0].value == 1.0
    assert judged(text, None) == []
    assert judged("", HANDBOOK) == []


def test_a_threshold_makes_the_number_a_verdict_and_keeps_the_shares() -> None:
    found = judged("Drivers wear green uniforms.", threshold=0.7, metric="grounded")
    assert [(each.name, each.value) for each in found] == [
        ("grounded", False),
        ("grounded.contradicted", 0.0),
        ("grounded.unverifiable", 1.0),
    ]


def test_abbreviations_and_thousands_do_not_break_sentences_and_numbers() -> None:
    assert sentences("Dr. Who met J. Smith. He paid $1,200.50!\n- a list") == [
        "Dr. Who met J. Smith.",
        "He paid $1,200.50!",
        "- a list",
    ]
    assert terms("He paid $1,200.50 on 3.5, not 1,2") == ["paid", "1200.50", "3.5", "1,2"]


def test_a_long_source_and_a_long_answer_are_read_in_time() -> None:
    source = " ".join(f"Case {n} was closed on day {n % 31} by office {n % 7}." for n in range(2000))
    assert values(source[:20_000], source)["supported"] > 0.9
