"""Juries, repeats, and judges of a project."""

from pathlib import Path
from typing import Any

import pytest

from hone.datasets import Example
from hone.errors import ProjectError
from hone.evals import Answer, Evaluator, Given, make
from hone.evals.judges._panel import UNDECIDED, Verdict, reduced
from hone.local import Bench, Hone, House, Options
from hone.project import load
from hone.testing import Step

from .conftest import Asked, RuleUpstream


def one(given: Given, asked: Any) -> Evaluator:
    (made,) = make([asked], given=given)
    return made


def verdicts(*values: Any) -> list[Verdict]:
    return [Verdict(values={"": value}, reason=str(value)) for value in values]


@pytest.mark.parametrize(
    ("values", "reducer", "result", "spread"),
    [
        ((1.0, 2.0, 6.0), None, 3.0, 2.6457513),
        ((1.0, 2.0, 6.0), "mean", 3.0, 2.6457513),
        ((1.0, 2.0, 6.0), "median", 2.0, 2.6457513),
        ((1.0, 2.0, 6.0), "min", 1.0, 2.6457513),
        ((True, True, False), None, True, 1 / 3),
        ((True, False), "majority", False, 1 / 2),
        ((True, True, False), "unanimous", False, 2 / 3),
        ((True, True, False), "min", False, 2 / 3),
        ((True, True), "unanimous", True, 0.0),
        (("b", "a", "b"), None, "b", 1 / 3),
        (("b", "a"), "majority", "b", 1 / 2),
        (("b", "a", "b"), "unanimous", UNDECIDED, 1 / 3),
    ],
)
def test_several_verdicts_become_one(values: Any, reducer: Any, result: Any, spread: float) -> None:
    verdict, found = reduced(verdicts(*values), reducer)
    assert verdict.values[""] == result
    assert found == pytest.approx(spread)
    assert verdict.reason.startswith(f"{len(values)} verdicts (")


def test_a_jury_votes_and_shows_how_far_it_is_apart(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": f"says {asked.model}", "passed": asked.model != "second", "score": 0.5}
    made = one(given, {"type": "llm-rubric", "value": "x", "models": ["judge", "second", "third"]})
    said = made.judgements(Example(input="q"), Answer(text="a"))
    assert [(each.name, each.value) for each in said] == [
        ("llm-rubric", True), ("llm-rubric.score", 0.5), ("llm-rubric.spread", pytest.approx(1 / 3))
    ]  # fmt: skip
    assert said[0].explanation == "3 verdicts (2 true, 1 false): says judge"
    strict = one(given, {"type": "llm-rubric", "value": "x", "models": ["judge", "second"], "reducer": "unanimous"})
    assert strict.judgements(Example(input="q"), Answer(text="a"))[0].value is False


def test_a_model_that_is_asked_several_times_is_sampled(given: Given, upstream: RuleUpstream) -> None:
    scores = {0: 3, 1: 4, 2: 5}
    upstream.rule = lambda asked: {"reason": "r", "score": scores[asked.body["seed"]]}
    made = one(given, {"type": "fluency", "votes": 3})
    said = made.judgements(Example(input="q"), Answer(text="a"))
    assert [each.value for each in said] == [4.0, 1.0]
    assert said[0].explanation == "3 verdicts (from 3 to 5, sd 1): r"
    assert {each.body["temperature"] for each in upstream.asked} == {1.0}
    made.judgements(Example(input="q"), Answer(text="a"))
    assert len(upstream.received) == 3, "each repeat is kept for itself"


def test_a_jury_stands_as_long_as_most_of_it_answers(given: Given, upstream: RuleUpstream) -> None:
    upstream.script(Step(status=500))
    upstream.rule = lambda asked: {"reason": "r", "passed": True, "score": 1}
    jury = {"type": "llm-rubric", "value": "x", "models": ["judge", "second", "third"]}
    assert one(given, jury).judgements(Example(input="q"), Answer(text="a"))[0].value is True
    upstream.script(Step(status=500), Step(status=500))
    said = one(given, jury).judgements(Example(input="other"), Answer(text="a"))
    assert said[0].value is False
    assert "the evaluator failed" in (said[0].explanation or "")


OWN = """
[judges.stars]
prompt = "stars"
model = "judge"
jury = ["second"]
kind = "number"
scale = [1, 10]
reducer = "min"
parameters = { temperature = 0.3 }
[judges.tone]
prompt = "helpful"
model = "judge"
kind = "category"
categories = ["kind", "cold"]
[judges.better]
prompt = "better"
model = "judge"
kind = "pairwise"
[metrics.stars]
kind = "number"
direction = "down"
"""
STARS = """\
---
description: how many stars
---
# system

Rate.

# user

{{ input.question }} / {{ output }}{% if expected %} / {{ expected }}{% endif %}
{% for each in context %}{{ each }}{% endfor %}
{% if raw.answer == "secret" %}(secret){% endif %}
"""
BETTER = "# user\n\n{{ question }}: {{ first }} or {{ second }}?\n"


@pytest.fixture
def folder(folder: Path) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(OWN)
    (folder / "prompts" / "stars.prompt.md").write_text(STARS)
    (folder / "prompts" / "better.prompt.md").write_text(BETTER)
    return folder


def test_a_judge_of_the_project_has_its_prompt_kind_and_jury(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "r", "verdict": 7 if asked.model == "judge" else 4}
    made = one(given, "stars")
    assert (made.by, [each.name for each in made.measures]) == ("judge", ["stars", "stars.spread"])
    assert (made.measures[0].metric.direction, made.measures[0].worst) == ("down", 10.0)
    example = Example(input={"question": "How?"}, expected="So.", context=["one", {"text": "two", "source": "s"}])
    said = made.judgements(example, Answer(text="secret"))
    assert said[0].value == 4.0
    asked = upstream.asked[0]
    assert asked.texts == {"question": "How?", "output": "secret", "expected": "So.", "context": "two"}
    assert [asked.all.count(each) for each in ("one", "two")] == [1, 1]
    assert "(secret)" in asked.user
    assert asked.body["temperature"] == 0.3
    assert asked.fields["verdict"] == {"type": "integer", "enum": list(range(1, 11))}


def test_categories_and_pairs_of_the_projects_own(given: Given, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "r", "verdict": "cold"}
    assert one(given, "tone").judgements(Example(input="q"), Answer(text="a"))[0].value == "cold"

    def longer(asked: Asked) -> dict[str, Any]:
        return {
            "reason": "r",
            "verdict": "first" if len(asked.texts["first"]) > len(asked.texts["second"]) else "second",
        }

    upstream.rule = longer
    said = one(given, "better").judgements(Example(input="q", previous="x"), Answer(text="longer"))
    assert [(each.name, each.value) for each in said] == [("better", 1.0), ("better.flipped", False)]
    assert one(given, "better").judgements(Example(input="q"), Answer(text="a")) == []


def test_the_prompt_is_part_of_what_a_judge_is(given: Given, folder: Path, house: House) -> None:
    first = one(given, "helpful").key
    assert one(given, "helpful").key == first
    assert one(given, {"type": "helpful", "votes": 3}).key != first
    assert one(given, {"type": "helpful", "model": "second"}).key != first


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('model = "judge"\nkind = "category"', "needs categories, two at least"),
        ('model = "judge"\nkind = "number"\nscale = [5, 1]', "low number to a higher one"),
        ('model = "judge"\njury = ["nobody"]', r"no model named `nobody`.*judges.x.jury.0"),
        ('model = "judge"\nkind = "category"\ncategories = ["a", "b"]\nreducer = "mean"', "'mean' makes no category"),
        ('model = "judge"\nvote = 3', "unknown key `vote`"),
        ('model = "judge"\nvotes = 0', "judges.x.votes"),
    ],
)
def test_a_wrong_judge_is_told_with_its_line(folder: Path, config: str, said: str) -> None:
    with (folder / "hone.toml").open("a") as file:
        file.write(f'\n[judges.x]\nprompt = "helpful"\n{config}\n')
    with pytest.raises(ProjectError, match=said):
        load(folder)


def test_an_experiment_judges_by_the_projects_judge(house: House, upstream: RuleUpstream) -> None:
    upstream.rule = lambda asked: {"reason": "r", "verdict": "3" in asked.texts["answer"]}
    near = Hone(house)
    bench = Bench(house, near)
    data = [Example(input=f"question {n}") for n in range(6)]
    found = bench.evaluate(["answer"], data, Options(evaluators=["helpful"]))
    assert found.summary("baseline", "helpful").mean == pytest.approx(1 / 6)
    assert all(each.judgements[0].explanation == "r" for each in found.results)
    asked = len(upstream.received)
    bench.evaluate(["answer"], data, Options(evaluators=["helpful"], fresh=True))
    assert len(upstream.received) == asked, "the same answers need no second judgement"
    near.stop()
