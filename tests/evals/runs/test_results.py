"""What is kept of a run, and what is said of it: repeats, groups, tags, choices and figures."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from threading import Barrier
from typing import Any

import pytest
from msgspec.structs import replace

from hone.datasets import Example, dataset_of
from hone.errors import BudgetSpent, CallError, StoreError
from hone.evals import (
    Answer,
    Case,
    Cell,
    Early,
    Evaluator,
    Figure,
    Given,
    Judged,
    Measure,
    Plan,
    Question,
    Told,
    cells_of,
    judges_in,
    make,
    matrix,
    plain,
    rescore,
    run,
)
from hone.store import Judgement, Metric, Result

from .conftest import World, data, plan

ONE = plain({"a": "sha-a"})


def words(name: str, judge: Any = None, **more: Any) -> Evaluator:
    measure = Measure(name=name, metric=Metric(kind="number"))
    return Evaluator(name=name, measures=(measure,), judge=judge or (lambda *_: []), **more)


def test_a_matrix_has_names_that_people_read() -> None:
    def configured(variant: str, model: str | None, parameters: Mapping[str, Any]) -> str:
        return f"{variant}/{model}/{sorted(parameters.items())}"

    cells = matrix(["a", "concise"], configured, models=["fast", "ours"], parameters={"temperature": [0, 1]})
    assert len(cells) == 8
    assert [each.name for each in cells[:2]] == ["a · model=fast · temperature=0", "a · model=fast · temperature=1"]
    assert len({each.sha256 for each in cells}) == 8
    assert [each.name for each in matrix(["a"], configured)] == ["a"]
    with pytest.raises(CallError, match="200 can be kept"):
        matrix(["a"], configured, models=["m" * 300])


def test_every_example_is_answered_as_often_as_asked_for(world: World) -> None:
    world.answers = lambda case: "q0!" if case.repeat else "no"
    found = world.run(plan(data(4), cells=ONE, repeats=3))
    assert [case.repeat for case in world.asked[:5]] == [0, 0, 0, 0, 1], "everything once before anything twice"
    summary = found.summary("a", "exact")
    assert (summary.n, summary.mean) == (4, pytest.approx(2 / 3 / 4)), "cases, not answers"
    assert found.values("a", "exact")["e0"] == pytest.approx(2 / 3)
    assert "3 answers a case" in summary.method
    more = world.run(plan(data(4), cells=ONE, repeats=4))
    assert (len(more.results), len(world.asked)) == (16, 16), "the first three are there"


def test_cases_of_one_group_count_as_what_they_are(world: World) -> None:
    world.answers = lambda case: f"{case.example.input}!" if case.example.group == "g0" else "no"
    examples = [Example(id=f"e{k}", input=f"q{k}", expected=f"q{k}!", group=f"g{k % 5}") for k in range(50)]
    grouped = world.run(plan(dataset_of("d", examples), cells=ONE)).summary("a", "exact")
    alone = world.run(plan(dataset_of("d", [each_alone(each) for each in examples]), cells=ONE)).summary("a", "exact")
    assert grouped.mean == alone.mean == pytest.approx(0.2)
    assert grouped.high is not None
    assert alone.high is not None
    assert grouped.high - (grouped.low or 0) > 1.5 * (alone.high - (alone.low or 0))
    assert len(world.asked) == 50, "a group is no part of the question"


def each_alone(example: Example) -> Example:
    return Example(id=example.id, input=example.input, expected=example.expected)


def test_variants_are_compared_within_each_tag(world: World) -> None:
    world.answers = lambda case: (
        "no" if case.cell.name == "b" and "hard" in case.example.tags else f"{case.example.input}!"
    )
    examples = [
        Example(id=f"e{k}", input=f"q{k}", expected=f"q{k}!", tags=("hard",) if k % 2 else ("easy",)) for k in range(60)
    ]
    first, second = world.run(plan(dataset_of("d", examples))).slices("a", "b")
    assert (first.tag, first.comparison.difference, first.comparison.n) == ("hard", 1.0, 30)
    assert (second.tag, second.comparison.difference) == ("easy", 0.0)
    assert first.adjusted is not None
    assert first.adjusted < 0.001


def test_several_metrics_make_one_gate(world: World) -> None:
    found = world.run(plan(data(40), evaluators=make(["exact", "f1"])))
    gate = found.gate("a", "b", {"exact": 0.1, "f1": 0.1})
    assert (gate.verdict, len(gate.comparisons)) == ("pass", 2)


def test_what_evaluators_need_is_kept_with_the_answer(world: World) -> None:
    world.more = {
        "finish_reason": "length",
        "tool_calls": ({"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}},),
        "usage": {"input": 3, "output": 5},
        "logprobs": (-0.1, -0.2),
        "context": ("a passage",),
        "messages": ({"role": "user", "content": "hi"},),
    }
    first = world.run(plan(data(2), cells=ONE))
    seen: list[Answer] = []

    def look(example: Example, answer: Answer) -> Iterable[Judgement]:
        seen.append(answer)
        return [Judgement("seen", 1.0)]

    again = asyncio.run(rescore(plan(data(2), cells=cells_of(first.experiment), evaluators=[words("seen", look)]),
                                world.rig(), first))  # fmt: skip
    assert (again.summary("a", "seen").mean, len(world.asked)) == (1.0, 2)
    assert again.cost == 0, "it has paid nothing"
    assert {
        name: getattr(each, name) for each in seen for name in (*world.more, "text")
    } == {**world.more, "text": seen[-1].text}  # fmt: skip
    assert again.experiment.id != first.experiment.id


def test_what_was_not_answered_cannot_be_judged_again(world: World) -> None:
    first = world.run(plan(data(2), cells=ONE))
    with pytest.raises(CallError, match="1 answers are not in the experiment"):
        asyncio.run(rescore(plan(data(3), cells=ONE), world.rig(), first))
    other = dataset_of("d", [Example(id="e0", input="q0"), Example(id="e1", input="another")])
    with pytest.raises(CallError, match="1 examples were changed since, the first is e1"):
        asyncio.run(rescore(plan(other, cells=ONE), world.rig(), first))


def test_an_evaluator_chooses_among_the_answers_of_all_variants(world: World) -> None:
    asked: list[str] = []

    async def choose(example: Example, answers: Mapping[str, Answer]) -> Mapping[str, Iterable[Judgement]]:
        asked.append(example.id)
        best = max(answers, key=lambda name: len(answers[name].text))
        return {name: [Judgement("best", float(name == best))] for name in answers}

    world.answers = lambda case: "long!" if case.cell.name == "a" else "short"[:3]
    found = world.run(plan(evaluators=[words("best", choose=choose)]))
    assert (found.summary("a", "best").mean, found.summary("b", "best").mean) == (1.0, 0.0)
    assert sorted(asked) == [f"e{k}" for k in range(6)]
    kept = world.store.results(found.experiment.id)
    assert {str(each.judgements) for each in kept} == {str(each.judgements) for each in found.results}
    world.run(plan(evaluators=[words("best", choose=choose)]))
    assert len(asked) == 6, "what was chosen is not chosen again"


def test_numbers_of_a_variant_as_a_whole_are_kept_with_the_experiment(world: World) -> None:
    def sum_up(judged: Sequence[Judged]) -> Iterable[Figure]:
        return [Figure(name="letters", value=float(sum(len(each.answer.text) for each in judged)), n=len(judged))]

    def fail(judged: Sequence[Judged]) -> Iterable[Figure]:
        raise ValueError("no")

    found = world.run(plan(evaluators=[words("x", sum_up=sum_up), words("y", sum_up=fail)]))
    assert found.figures["b"][0] == Figure(name="letters", value=18.0, n=6)
    assert found.figures["a"][1].method == "the evaluator failed: ValueError: no"
    again = world.run(plan(evaluators=[words("x", sum_up=sum_up), words("y", sum_up=fail)]))
    assert again.figures == found.figures


def test_an_example_may_bring_evaluators_of_its_own(world: World) -> None:
    def one(example: Example, answer: Answer) -> Iterable[Judgement]:
        return [Judgement("mine", float(answer.text == "q1!"))]

    own = [words("mine", one)]
    found = world.run(plan(data(3), cells=ONE, own={"e1": own, "e2": own}))
    assert found.answers("a", "mine") == {"e1": [1.0], "e2": [0.0]}
    assert found.summary("a", "exact").n == 3
    instead = [words("exact", lambda *_: [Judgement("exact", 0.25)])]
    found = world.run(plan(data(4), cells=ONE, own={"e1": instead}))
    assert found.answers("a", "exact") == {"e0": [True], "e1": [0.25], "e2": [True], "e3": [True]}


def test_judges_are_told_from_code(world: World) -> None:
    judge = words("nice", lambda *_: [Judgement("nice", 1.0)], by="judge")
    found = world.run(plan(evaluators=[judge, *make(["exact"])]))
    assert {name: each.by for name, each in found.experiment.metrics.items()} == {"nice": "judge", "exact": "code"}


def test_a_function_that_waits_holds_up_nobody(world: World) -> None:
    together = Barrier(3, timeout=20)

    def waits(example: Example, output: str) -> bool:
        together.wait()  # for two others that judge at the same time
        return True

    found = world.run(plan(data(3), cells=ONE, evaluators=make([waits])), concurrency=3)
    assert found.summary("a", "waits").mean == 1.0


def test_results_are_told_as_they_are_kept(world: World) -> None:
    told: list[Result] = []

    def on_result(result: Result) -> None:
        assert result.place in {each.place for each in world.store.results(result.experiment)}
        told.append(result)

    found = world.run(plan(), on_result=on_result)
    assert {each.place for each in told} == {each.place for each in found.results}


# -- ending early


def early(world: World, right: Mapping[str, float], n: int = 400, **more: Any) -> Any:
    """Variants that are right in such shares, the same cases first."""

    def answers(case: Case) -> str:
        good = (hash_of(case.example.id) % 1000) / 1000 < right[case.cell.name]
        return f"{case.example.input}!" if good else "no"

    world.answers = answers
    asked = plan(data(n), lot=True, **more)
    return world.run(asked, early=Early(asked, "exact", 0.0))


def hash_of(text: str) -> int:
    import hashlib

    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def test_a_run_ends_as_soon_as_its_verdict_is_settled(world: World) -> None:
    found = early(world, {"a": 0.9, "b": 0.2})
    assert (found.experiment.state, found.ended_early) == ("done", True)
    assert len(world.asked) < 400, "less than half of 800"
    assert "the verdict is settled: a against b, it will pass over all 400 cases" in str(found.experiment.note)
    compared = found.compare("a", "b")
    assert (compared.verdict, compared.p, compared.method) == ("pass", None, "confidence sequence over all cases")
    assert compared.n < 200
    assert found.compare("b", "a").verdict == "fail"
    before = len(world.asked)
    again = early(world, {"a": 0.9, "b": 0.2})
    assert (again.experiment.id, len(world.asked)) == (found.experiment.id, before)
    whole = world.run(plan(data(400), lot=True))
    assert (len(whole.results), whole.compare("a", "b").verdict) == (800, "pass"), "the rest can be asked all the same"


def test_an_open_verdict_is_asked_to_the_end(world: World) -> None:
    found = early(world, {"a": 0.52, "b": 0.5}, n=60)
    assert (len(found.results), found.ended_early) == (120, False)


def test_ending_early_is_for_independent_cases(world: World) -> None:
    grouped = plan(dataset_of("d", [Example(id=str(k), input=str(k), group="g") for k in range(4)]))
    with pytest.raises(CallError, match="of one group"):
        Early(grouped, "exact", 0.0)
    with pytest.raises(CallError, match="two variants"):
        Early(plan(cells=ONE), "exact", 0.0)
    with pytest.raises(CallError, match="no evaluator here measures 'f1'"):
        Early(plan(), "f1", 0.0)


def test_a_cell_comes_back_as_it_was(world: World) -> None:
    cells = (Cell(name="a · temperature=0", variant="a", sha256="x", parameters={"temperature": 0}), *plain({"b": "y"}))
    assert cells_of(world.run(plan(cells=cells)).experiment) == cells


def edited(line: str) -> list[Evaluator]:
    """A function as it stands in a file that is edited between two runs."""
    space: dict[str, Any] = {"__name__": "grade"}
    exec(f"def polite(example, output) -> bool:\n    return {line}\n", space)
    return make([space["polite"]])


def test_a_function_that_was_changed_judges_again(world: World) -> None:
    first = world.run(plan(cells=ONE, evaluators=edited("True")))
    same = world.run(plan(cells=ONE, evaluators=edited("True")))
    changed = world.run(plan(cells=ONE, evaluators=edited("False")))
    assert (first.experiment.id, first.summary("a", "polite").mean) == (same.experiment.id, 1.0)
    assert (changed.summary("a", "polite").mean, len(world.asked)) == (0.0, 6), "judged anew, asked nothing"


def test_judging_again_is_an_experiment_of_its_own_even_by_the_same(world: World) -> None:
    first = world.run(plan(cells=ONE))
    again = asyncio.run(rescore(plan(cells=cells_of(first.experiment)), world.rig(), first))
    assert again.experiment.id != first.experiment.id
    assert (again.summary("a", "exact").mean, len(world.asked)) == (1.0, 6)
    assert {each.source for each in again.results} == {first.experiment.id}


def test_what_an_example_brings_is_part_of_what_was_run(world: World) -> None:
    def run(key: str, value: float) -> float | None:
        own = {"e1": [words("mine", lambda *_: [Judgement("mine", value)], key=key)]}
        return world.run(plan(data(3), cells=ONE, own=own)).summary("a", "mine").mean

    assert (run("first", 0.0), run("second", 1.0)) == (0.0, 1.0)


def test_what_a_metric_means_is_part_of_what_was_run(world: World) -> None:
    def run(direction: Any) -> Any:
        (made,) = edited("True")
        measure = Measure(name="polite", metric=Metric(kind="boolean", direction=direction))
        return world.run(plan(cells=ONE, evaluators=[replace(made, measures=(measure,))])).summary("a", "polite")

    assert (run("up").direction, run("down").direction) == ("up", "down")


def test_another_threshold_of_a_set_is_another_question(world: World) -> None:
    def run(threshold: float) -> float | None:
        asked = {"type": "assert-set", "assert": ["exact", {"type": "contains", "value": "zz"}], "threshold": threshold}
        return world.run(plan(cells=ONE, evaluators=make([asked]))).summary("a", "assert-set-passes").mean

    assert (run(0.4), run(0.9)) == (1.0, 0.0)


def test_another_type_under_the_same_name_is_another_question(world: World) -> None:
    def run(kind: str) -> float | None:
        asked = {"type": kind, "value": "Q", "metric": "quality"}
        return world.run(plan(cells=ONE, evaluators=make([asked]))).summary("a", "quality").mean

    assert (run("contains"), run("not-contains")) == (1.0, 0.0)


def test_a_judge_turned_round_under_the_same_name_is_another_question_to_the_same_judge() -> None:
    async def ask(question: Question) -> Told:
        raise AssertionError("nobody is asked")

    def asked(kind: str) -> Plan:
        about = {"type": kind, "value": "It is polite.", "metric": "polite"}
        return plan(evaluators=make([about], given=Given(ask=ask)))

    straight, turned = asked("llm-rubric"), asked("not-llm-rubric")
    assert straight.key != turned.key
    assert judges_in(straight.metrics) == judges_in(turned.metrics)


def longest(name: str = "best", asked: list[str] | None = None, **more: Any) -> Evaluator:
    """Chooses the longest answer; the worst of it is 0."""

    async def choose(example: Example, answers: Mapping[str, Answer]) -> Mapping[str, Iterable[Judgement]]:
        if asked is not None:
            asked.append(example.id)
        best = max(answers, key=lambda each: len(answers[each].text))
        return {each: [Judgement(name, float(each == best))] for each in answers}

    measure = Measure(name=name, metric=Metric(kind="number"), worst=0.0)
    return Evaluator(name=name, measures=(measure,), judge=lambda *_: [], choose=choose, **more)


def test_one_failed_call_does_not_keep_the_others_from_being_chosen_from(world: World) -> None:
    def answers(case: Case) -> str:
        if case.cell.name == "c":
            raise CallError("no")
        return {"a": "long", "b": "no"}[case.cell.name]

    world.answers = answers
    three = plain({"a": "sha-a", "b": "sha-b", "c": "sha-c"})
    found = world.run(plan(cells=three, evaluators=[longest()]))
    assert [found.summary(each, "best").mean for each in "abc"] == [1.0, 0.0, 0.0]
    assert {len(each.judgements) for each in found.results} == {1}


def test_an_example_may_bring_an_evaluator_that_chooses_and_one_that_sums_up(world: World) -> None:
    def sum_up(judged: Sequence[Judged]) -> Iterable[Figure]:
        return [Figure(name="letters", value=float(len(judged)), n=len(judged))]

    world.answers = lambda case: {"a": "long", "b": "no"}[case.cell.name]
    own = {each: [longest("mine"), words("letters", sum_up=sum_up)] for each in ("e1", "e2")}
    found = world.run(plan(data(4), own=own))
    assert found.answers("a", "mine") == {"e1": [1.0], "e2": [1.0]}
    assert found.answers("b", "mine") == {"e1": [0.0], "e2": [0.0]}
    assert [each.value for each in found.figures["a"]] == [2.0]


def test_a_chooser_of_an_example_takes_the_place_of_the_one_that_all_share(world: World) -> None:
    shared: list[str] = []
    mine: list[str] = []
    own = {"e1": [longest("best", mine)]}
    world.run(plan(data(3), evaluators=[longest("best", shared)], own=own))
    assert (sorted(shared), mine) == (["e0", "e2"], ["e1"])


def test_a_run_that_was_left_while_choosing_chooses_the_rest_when_it_goes_on(world: World) -> None:
    calls: list[str] = []

    async def choose(example: Example, answers: Mapping[str, Answer]) -> Mapping[str, Iterable[Judgement]]:
        calls.append(example.id)
        if len(calls) == 3:
            raise asyncio.CancelledError
        return {each: [Judgement("best", 1.0)] for each in answers}

    chooser = replace(longest(), choose=choose)
    with pytest.raises(asyncio.CancelledError):
        world.run(plan(evaluators=[chooser]), concurrency=1)
    (left,) = world.store.latest("p")
    assert left.state == "interrupted"
    found = world.run(plan(evaluators=[chooser]), concurrency=1)
    assert (found.experiment.id, found.experiment.state) == (left.id, "done")
    assert found.summary("a", "best").n == found.summary("b", "best").n == 6
    assert len(calls) == 7, "the two that were chosen of are kept"


def test_a_chooser_that_cannot_judge_at_all_ends_the_run_and_blames_no_answer(world: World) -> None:
    async def refuse(example: Example, answers: Mapping[str, Answer]) -> Mapping[str, Iterable[Judgement]]:
        raise BudgetSpent("nothing is left")

    with pytest.raises(BudgetSpent):
        world.run(plan(evaluators=[replace(longest(), choose=refuse)]))
    (left,) = world.store.latest("p")
    assert left.state == "interrupted"
    assert not any(each.judgements for each in world.store.results(left.id))
    found = world.run(plan(evaluators=[longest()]))
    assert (found.experiment.id, found.summary("a", "best").n) == (left.id, 6), "with money it goes on"


def test_what_was_chosen_is_scored_too(world: World) -> None:
    world.run(plan(evaluators=[*make(["exact"]), longest()]))
    said = [one.name for each in world.scored for one in each.judgements]
    assert (said.count("exact"), said.count("best")) == (12, 12)


def test_scores_that_were_lost_between_two_commits_are_recorded_when_the_run_goes_on(world: World) -> None:
    rig, died = world.rig(concurrency=2), []

    def dies(experiment: Any, results: Sequence[Result]) -> None:
        died.append(results)
        raise StoreError("killed here")

    rig.score = dies
    with pytest.raises(StoreError):
        run(plan(cells=ONE), rig)
    assert world.store.results(world.store.latest("p")[0].id), "kept, and not scored"
    found = world.run(plan(cells=ONE))
    assert {each.span_id for each in world.scored} == {each.span_id for each in found.results}


def test_figures_count_examples_and_their_groups_and_not_answers(world: World) -> None:
    def examples(groups: int) -> Any:
        return dataset_of(
            "d",
            [
                Example(id=f"e{k}", input=f"q{k}", expected="spam" if k % 2 else "no spam", group=f"g{k % groups}")
                for k in range(24)
            ],
        )

    world.answers = lambda case: "spam" if int(case.example.id[1:]) % 5 < 3 else "no spam"
    asked = make([{"type": "classification", "labels": ["spam", "no spam"]}])

    def figure(groups: int, repeats: int, fresh: bool = True) -> Figure:
        found = world.run(plan(examples(groups), cells=ONE, repeats=repeats, evaluators=asked), fresh=fresh)
        return next(each for each in found.figures["a"] if each.name == "classification-precision")

    alone, often = figure(24, 1), figure(24, 5)
    assert (often.n, often.low, often.high) == (24, alone.low, alone.high), "the same answer five times is no news"
    grouped = figure(8, 5)
    assert (grouped.n, grouped.value) == (24, pytest.approx(alone.value))
    assert grouped.method == "macro precision, bootstrap of 8 groups"
    assert figure(3, 1).low is None, "three groups are too few"


def test_a_figure_that_knows_nothing_of_repeats_keeps_no_interval(world: World) -> None:
    def sum_up(judged: Sequence[Judged]) -> Iterable[Figure]:
        return [Figure(name="share", value=0.5, low=0.4, high=0.6, n=len(judged), method="t")]

    asked = [words("w", sum_up=sum_up)]
    once = world.run(plan(data(4), cells=ONE, evaluators=asked)).figures["a"][0]
    assert (once.low, once.n) == (0.4, 4)
    often = world.run(plan(data(4), cells=ONE, evaluators=asked, repeats=3)).figures["a"][0]
    assert (often.value, often.low, often.high, often.n) == (0.5, None, None, 4)
    assert "no interval" in often.method


def test_an_interval_ends_where_its_metric_does(world: World) -> None:
    def run(hits: int, within: tuple[float, float] | None) -> Any:
        def value(example: Example, _: Answer) -> list[Judgement]:
            return [Judgement("m", float(int(example.id[1:]) < hits))]

        measure = Measure(name="m", metric=Metric(kind="number", within=within), worst=0.0)
        made = Evaluator(name="m", measures=(measure,), judge=value, key=f"{hits}{within}")
        return world.run(plan(data(6), cells=ONE, evaluators=[made])).summary("a", "m")

    assert run(1, None).low < 0
    assert run(1, (0.0, 1.0)).low == 0
    assert run(5, None).high > 1
    assert run(5, (0.0, 1.0)).high == 1
