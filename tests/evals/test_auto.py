"""Evaluators chosen by what is at hand, with the reasons in sentences."""

from typing import Any

import pytest

from hone.datasets import Example
from hone.evals import Given, make
from hone.evals._auto import Choice, choose


def some(n: int = 10, **fields: Any) -> list[Example]:
    return [
        Example(id=str(k), input=f"q{k}", **{name: v(k) if callable(v) else v for name, v in fields.items()})
        for k in range(n)
    ]


def names(found: Choice) -> list[str]:
    return [each if isinstance(each, str) else each["type"] for each in found.evaluators]


CASES: dict[str, tuple[list[Example], dict[str, Any], list[str], str]] = {
    "numbers": (some(expected=lambda k: str(k * 1.5)), {}, ["numeric", "exact"], "mostly numbers"),
    "worked solutions": (some(expected=lambda k: f"so\n#### {k}"), {}, ["gsm8k"], "end in `####`"),
    "labels": (some(30, expected=lambda k: ["spam", "ham"][k % 2]), {}, ["exact", "classification"], "one of 2 labels"),
    "letters": (some(4, expected=lambda k: "ABCD"[k]), {}, ["exact", "classification"], "one of 4 labels"),
    "objects": (some(expected=lambda k: {"n": k}), {}, ["exact"], "compared as JSON"),
    "alternatives": (some(expected=lambda k: [f"name {k}", "or so"]), {}, ["contains", "f1"], "short texts"),
    "long answers": (
        some(expected=lambda k: f"{k} is kept for ten days at the post office"), {"has_judge": True},
        ["contains", "f1", "factuality"], "held against the answer by a judge",
    ),
    "references": (
        some(reference=lambda k: f"text {k}"), {"has_embed": True}, ["rouge", "chrf", "similar"], "by meaning"
    ),
    "previous": (some(previous="before"), {"has_judge": True}, ["pairwise"], "in both orders, ties allowed"),
    "feedback": (
        some(previous="before", metadata={"feedback": "too long"}), {"has_judge": True},
        ["pairwise", "incorporates-feedback"], "a person's comment",
    ),
    "context": (
        some(1, expected="x", context="y"), {"has_judge": True}, ["contains", "f1", "groundedness", "supported"],
        "support",
    ),
    "nothing with a judge": (some(), {"has_judge": True}, ["llm-rubric", "answer-relevance"], "goes by a rubric"),
    "nothing at all": (some(), {}, ["repetition"], "No example has a right answer"),
    "a schema": (some(), {"schema": {"type": "object"}}, ["json-schema", "repetition"], "output schema"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_metric_is_chosen_by_what_is_at_hand(name: str) -> None:
    examples, at_hand, wanted, reason = CASES[name]
    found = choose(examples, **at_hand)
    assert names(found) == [*wanted, "latency", "cost"]
    assert any(reason in each for each in found.reasons), found.reasons
    assert all(each.endswith(".") for each in (*found.reasons, *found.missing)), "each is a sentence"


def test_some_are_not_all_and_the_sentence_says_how_many() -> None:
    mixed = [*some(3, expected="Paris is the capital"), *[Example(id=f"x{k}", input="y") for k in range(7)]]
    assert choose(mixed).reasons[0].startswith("3 of 10 examples have a right answer")
    assert choose(some(5, expected=lambda k: f"a{k}")).reasons[0].startswith("All 5 examples have a right answer")


def test_without_a_judge_it_says_what_one_would_allow() -> None:
    found = choose(some(previous="before"))
    assert "pairwise" not in names(found)
    assert "a judge could compare the new one with it" in str(found)


def test_what_is_chosen_can_be_made() -> None:
    for examples, at_hand, *_ in CASES.values():
        found = choose(examples, **at_hand)

        async def ask(question: Any) -> Any:
            raise AssertionError

        def embed(texts: Any) -> Any:
            raise AssertionError

        assert make(found.evaluators, given=Given(ask=ask, embed=embed, schema={"type": "object"}))


def test_examples_with_evaluators_of_their_own_need_no_rubric() -> None:
    found = choose(some(evaluators=({"type": "contains", "value": "x"},)), has_judge=True)
    assert names(found) == ["latency", "cost"]
    assert "bring evaluators of their own" in found.reasons[0]


def test_a_name_that_is_not_installed_is_not_chosen() -> None:
    known = frozenset({"contains", "latency"})
    assert names(choose(some(expected=lambda k: f"a{k}"), known=known)) == ["contains", "latency"]
