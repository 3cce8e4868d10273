"""Evaluators by name: what the plain ones call right, and what they say when it is not."""

import sys
from typing import Any

import pytest

from hone.core import spelled_out
from hone.datasets import Example
from hone.errors import CallError, MissingExtra, ProjectError
from hone.evals import Answer, Given, evaluators, make
from hone.evals.metrics.text._contains import whole_name
from hone.evals.metrics.text._squad import shared_words as squad_f1
from hone.store import Judgement, Metric


def judge(name: str, text: str, expected: Any = None, *, given: Given | None = None, **more: Any) -> list[Judgement]:
    (evaluator,) = make([name], given=given)
    return evaluator.judgements(Example(input="q", expected=expected, **more), Answer(text=text))


def value(name: str, text: str, expected: Any = None, **more: Any) -> Any:
    (found,) = judge(name, text, expected, **more)
    return found.value


def test_exact_minds_everything_but_the_space_around() -> None:
    assert value("exact", " Bern\n", "Bern") is True
    assert value("exact", "bern", "Bern") is False
    assert value("exact", "Basel", ["Bern", "Basel"]) is True
    assert value("exact", '{"b": [1, 2], "a": null}', {"a": None, "b": [1, 2]}) is True
    assert value("exact", "true", 1) is False
    assert value("exact", "[1, 2]", [1, 2]) is True
    assert judge("exact", "x", "Bern")[0].explanation == "expected Bern"


def test_contains_looks_for_one_of_the_alternatives() -> None:
    assert value("contains", "It takes Seven Working Days.", ["7 days", "seven working days"]) is True
    assert value("contains", "It takes long.", ["7 days", "seven working days"]) is False
    assert value("contains", "call dict.setdefault", "set") is True


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("set", "dict.setdefault", False),
        ("set", "use a set, always", True),
        ("set", "builtins.set", False),
        ("os.path.join", "os.path.join(a)", True),
        ("os.path", "os.path.join", False),
        ("os.path", "import os.path.", True),
        ("a+b", "a+b", True),
    ],
)
def test_a_whole_name_is_not_a_part_of_a_longer_one(name: str, text: str, found: bool) -> None:
    assert whole_name(name, text) is found
    assert value("contains:whole", text, name) is found


@pytest.mark.parametrize(
    ("answer", "expected", "f1"),
    [
        ("The cat sat.", "a cat sat", 1.0),
        ("the cat", "the dog", 0.0),
        ("cat sat mat", "cat sat", 0.8),
        ("cat cat", "cat", 2 / 3),
        ("", "cat", 0.0),
        ("the", "a", 1.0),
    ],
)
def test_f1_is_that_of_squad(answer: str, expected: str, f1: float) -> None:
    assert squad_f1(answer, expected) == pytest.approx(f1)
    assert value("f1", answer, ["something else entirely", expected]) >= f1 - 1e-12


def test_rouge_is_the_librarys_and_takes_the_reference_where_nothing_is_expected() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    text, wanted = "the parcels were lost in Bern", "a parcel was lost near Bern"
    known = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True).score(wanted, text)
    assert value("rouge", text, wanted) == known["rougeL"].fmeasure
    assert value("rouge:1", text, reference=wanted) == known["rouge1"].fmeasure
    assert value("rouge:2", text, ["nothing", wanted]) == known["rouge2"].fmeasure


def test_a_missing_extra_names_its_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rouge_score_rs", None)
    monkeypatch.setitem(sys.modules, "rouge_score.rouge_scorer", None)
    with pytest.raises(MissingExtra, match=r"hone\[evals\]"):
        make(["rouge"])


SCHEMA = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}


def test_json_schema_says_what_does_not_fit() -> None:
    given = Given(schema=SCHEMA)
    assert value("json-schema", '{"days": 7}', given=given) is True
    assert "$.days" in (judge("json-schema", '{"days": "7"}', given=given)[0].explanation or "")
    assert "not JSON" in (judge("json-schema", "seven", given=given)[0].explanation or "")


def test_json_schema_reads_the_short_form_and_files() -> None:
    given = Given(schema=spelled_out({"days": "integer"}))
    assert value("json-schema", '{"days": 7}', given=given) is True
    assert value("json-schema", '{"weeks": 1}', given=given) is False
    from_file = Given(read_schema=lambda path: {"type": "array"} if path == "a.json" else {})
    assert value("json-schema:a.json", "[]", given=from_file) is True


def test_a_schema_that_is_none_is_refused() -> None:
    with pytest.raises(CallError, match="needs a schema"):
        make(["json-schema"])
    with pytest.raises(ProjectError, match="the JSON Schema is wrong"):
        make(["json-schema"], given=Given(schema={"type": 3}))


def test_latency_and_cost_are_measured_and_unknown_is_not_nothing() -> None:
    known = Answer(text="x", seconds=0.5, cost=0.002)
    for name, number in (("latency", 0.5), ("cost", 0.002)):
        (evaluator,) = make([name])
        assert [each.value for each in evaluator.judgements(Example(input="q"), known)] == [number]
        assert evaluator.judgements(Example(input="q"), Answer(text="x")) == []
        assert evaluator.measures[0].metric == Metric(kind="number", direction="down")


def test_without_an_expected_answer_nothing_is_said() -> None:
    for name in ("exact", "contains", "f1", "rouge"):
        assert judge(name, "anything") == []


def test_a_failed_call_counts_as_the_worst_and_has_no_latency() -> None:
    failed = Answer(error="UpstreamTimeout: too slow")
    made = make(["exact", "f1", "latency"])
    said = [each for evaluator in made for each in evaluator.judgements(Example(input="q", expected="x"), failed)]
    assert [(each.name, each.value) for each in said] == [("exact", False), ("f1", 0.0)]
    assert all("too slow" in (each.explanation or "") for each in said)


def test_a_function_is_an_evaluator() -> None:
    def polite(example: Example, output: str) -> bool:
        return "please" in output

    def length(example: Example, output: str) -> float:
        return len(output) / 0

    made = make([polite, length], metrics={"length": Metric(kind="number", direction="down")})
    assert [each.measures[0].metric.kind for each in made] == ["boolean", "number"]
    assert made[0].judgements(Example(input="q"), Answer(text="please")) == [Judgement("polite", True)]
    assert made[0].judgements(Example(input="q"), Answer(error="x"))[0].value is False
    assert made[1].judgements(Example(input="q"), Answer(text="x")) == [], "there is no worst length"


def test_an_evaluator_that_breaks_counts_as_the_worst_and_says_why() -> None:
    def broken(example: Example, output: str) -> bool:
        raise KeyError("colour")

    (made,) = make([broken])
    (said,) = made.judgements(Example(input="q"), Answer(text="x"))
    assert said.value is False
    assert "KeyError: 'colour'" in (said.explanation or "")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([], "no evaluators"),
        (["exact", "exact"], "two evaluators have one name"),
        (["exct"], "did you mean `exact`"),
        (["exact:x"], "exact has no option 'x'"),
        (["contains:half"], "contains has no option"),
        (["rouge:x"], "rouge has no option"),
    ],
)
def test_a_wrong_name_has_a_way_out(asked: list[str], said: str) -> None:
    with pytest.raises((CallError, ProjectError), match=said):
        make(asked)


def test_every_name_is_listed() -> None:
    assert {"exact", "contains", "f1", "rouge", "json-schema", "latency", "cost"} <= set(evaluators.names())
