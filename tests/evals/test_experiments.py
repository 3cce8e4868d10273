"""Experiments: kept as they come, gone on with after a stop, and compared with doubt."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine

from hone.datasets import Dataset, Example, dataset_of
from hone.errors import CallError, ProjectError, UpstreamTimeout
from hone.evals import (
    TAG,
    Answer,
    Case,
    Comparison,
    Plan,
    Progress,
    Rig,
    Run,
    Stopping,
    compare_paired,
    judged,
    load,
    make,
    mean,
    plain,
    run,
)
from hone.store import Experiment, Experiments, Result


class World:
    """A task whose variants answer as told, and everything that was asked and scored."""

    def __init__(self, engine: Engine) -> None:
        self.store = Experiments(engine, clock=lambda: 5)
        self.asked: list[tuple[str, Any, tuple[str, ...]]] = []
        self.scored: list[Result] = []
        self.answers: Callable[[str, Any], str] = lambda _, question: f"{question}!"

    async def call(self, case: Case, tags: tuple[str, ...]) -> Answer:
        model, asked = f"t@{case.cell.name}", case.example.input
        self.asked.append((model, asked, tags))
        return Answer(text=self.answers(model, asked), seconds=0.1, trace_id="t", span_id=f"s-{model}-{asked}")

    def score(self, experiment: Experiment, results: Sequence[Result]) -> None:
        self.scored += results

    def run(self, plan: Plan, **options: Any) -> Run:
        given = {key: options.pop(key) for key in ("fresh", "experiment") if key in options}
        rig: dict[str, Any] = {"retries": 0, "clock": lambda: 5, "stopping": Stopping(), **options}
        return run(plan, Rig(call=self.call, store=self.store, score=self.score, **rig), **given)


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


def data(n: int = 6) -> Dataset:
    return dataset_of("d", [Example(id=f"e{k}", input=f"q{k}", expected=f"q{k}!") for k in range(n)])


def plan(variants: dict[str, str] | None = None, **more: Any) -> Plan:
    fields: dict[str, Any] = {"dataset": data(), "evaluators": make(["exact", "latency"]), **more}
    return Plan(project="p", task="t", cells=plain(variants or {"a": "sha-a", "b": "sha-b"}), **fields)


def test_every_variant_answers_every_example_once(world: World) -> None:
    seen: list[tuple[int, int]] = []
    found = world.run(plan(), progress=lambda at: seen.append((at.done, at.total)))
    assert sorted((model, question) for model, question, _ in world.asked) == sorted(
        (f"t@{v}", f"q{k}") for v in "ab" for k in range(6)
    )
    assert {tags for *_, tags in world.asked} == {(TAG, found.experiment.id)}
    assert (seen[0], seen[-1]) == ((0, 12), (12, 12))
    assert found.experiment.state == "done"
    assert len(found.results) == 12
    assert len(world.scored) == 12, "every result is a score of its span"
    summary = found.summary("a", "exact")
    assert (summary.n, summary.mean, summary.kind, summary.direction) == (6, 1.0, "boolean", "up")
    assert 0.5 < (summary.low or 0) < 1, "six of six is not certainty"


def test_results_come_back_as_they_were_kept(world: World) -> None:
    odd = "nul \0, half a pair \ud800, 😀"
    world.answers = lambda *_: odd
    found = world.run(plan())
    assert {each.output for each in found.results} == {odd}
    assert load(world.store, "p", found.experiment.id) == found
    assert [each.id for each in world.store.latest("p", task="t")] == [found.experiment.id]
    assert world.store.latest("q") == []
    (version,) = world.store.dataset_versions("p", "d")
    assert (version.version, version.examples, version.sha256) == (1, 6, data().sha256)


def test_what_was_run_is_not_run_again_unless_something_changed(world: World) -> None:
    first = world.run(plan())
    assert world.run(plan()).experiment.id == first.experiment.id
    assert len(world.asked) == 12
    changed = world.run(plan({"a": "sha-a", "b": "another"}))
    assert changed.experiment.id != first.experiment.id
    assert len(world.asked) == 12 + 6, "only the variant that was changed"
    words = world.run(plan(evaluators=make(["f1"])))
    assert (words.summary("a", "f1").mean, len(world.asked)) == (1.0, 18), "other evaluators, the same answers"
    assert {each.source for each in words.results} == {first.experiment.id}
    world.run(plan(dataset=data(7)))
    assert len(world.asked) == 18 + 2, "only the example that is new"
    assert world.run(plan(), fresh=True).experiment.id != first.experiment.id
    assert len(world.asked) == 20 + 12


class Stop(BaseException):
    """A person's ctrl-c."""


def test_an_interrupted_run_keeps_what_came_and_goes_on_from_there(world: World) -> None:
    def stop(at: Progress) -> None:
        if at.done >= 4:
            raise Stop

    with pytest.raises(Stop):
        world.run(plan(), progress=stop, concurrency=2)
    (begun,) = world.store.latest("p")
    assert begun.state == "interrupted"
    kept = len(world.store.results(begun.id))
    assert kept == len(world.asked), "what was asked is paid for, so it is kept"
    assert 4 <= kept < 12
    found = world.run(plan())
    assert found.experiment.id == begun.id
    assert len(found.results) == len(world.asked) == 12


def test_an_experiment_can_be_named_and_must_be_of_the_same_things(world: World) -> None:
    first = world.run(plan())
    world.run(plan(), fresh=True)
    assert world.run(plan(), experiment=first.experiment.id).experiment.id == first.experiment.id
    with pytest.raises(CallError, match="other examples, variants or evaluators"):
        world.run(plan(dataset=data(3)), experiment=first.experiment.id)
    with pytest.raises(CallError, match="no experiment 'nowhere'"):
        world.run(plan(), experiment="nowhere")


def test_a_call_that_fails_is_a_failure_and_is_shown(world: World) -> None:
    def answers(model: str, input: Any) -> str:
        if (model, input) == ("t@a", "q3"):
            raise UpstreamTimeout("no answer\nin time")
        return f"{input}!"

    world.answers = answers
    found = world.run(plan())
    (failed,) = found.errors
    assert (failed.example, failed.error) == ("e3", "UpstreamTimeout: no answer in time")
    assert found.summary("a", "exact").mean == pytest.approx(5 / 6)
    assert found.summary("a", "latency").n == 5
    world.run(plan())
    assert len(world.asked) == 12, "a failure is a result: trying until it works would flatter"


def test_a_project_that_is_not_set_up_stops_the_run_at_once(world: World) -> None:
    def answers(model: str, input: Any) -> str:
        raise ProjectError("no key")

    world.answers = answers
    with pytest.raises(ProjectError, match="no key"):
        world.run(plan(dataset=data(100)), concurrency=2)
    assert len(world.asked) < 20
    assert world.store.latest("p")[0].state == "interrupted"


def test_a_split_without_examples_says_so(world: World) -> None:
    with pytest.raises(CallError, match="no examples in the split 'dev'"):
        world.run(plan(dataset=dataset_of("d", [Example(input="x", split="held-out")]), split="dev"))


# -- comparisons


def compared(world: World, **more: Any) -> Comparison:
    def answers(model: str, input: Any) -> str:
        return f"{input}!" if model == "t@a" or int(input[1:]) % 3 else "no"

    world.answers = answers
    return world.run(plan(dataset=data(60))).compare("a", "b", **more)


def test_a_better_variant_passes_with_its_numbers(world: World) -> None:
    found = compared(world)
    assert (found.a, found.b, found.metric, found.n) == ("t@a", "t@b", "exact", 60)
    assert found.difference == pytest.approx(1 / 3)
    assert found.low is not None
    assert 0 < found.low < 1 / 3 < (found.high or 0)
    assert found.p == pytest.approx(2 / 2**20), "twenty pairs differ, all one way"
    assert found.verdict == "pass"
    assert "t@a 1 against t@b 0.6667, exact: +0.3333 (95 % interval" in str(found)


def test_the_same_numbers_turned_round_fail(world: World) -> None:
    compared(world)
    found = world.run(plan(dataset=data(60))).compare("b", "a", not_worse_by=0.05)
    assert found.verdict == "fail"
    assert "worse by more than 0.05" in found.reason


def test_runs_over_other_examples_are_not_compared(world: World) -> None:
    other = world.run(plan(dataset=data(3)))
    with pytest.raises(CallError, match="different datasets"):
        world.run(plan()).compare("a", "b", other=other)
    with pytest.raises(CallError, match="no variant 'c'"):
        world.run(plan()).compare("a", "c")
    with pytest.raises(CallError, match="no metric 'f1'"):
        world.run(plan()).compare("a", "b", "f1")


ABOUT = {"a": "a", "b": "b", "metric": "m"}


def test_a_gate_that_cannot_tell_says_what_it_would_take() -> None:
    first = {str(n): n % 2 == 0 for n in range(40)}
    second = {str(n): n % 2 == 0 or n == 1 for n in range(40)}
    found = compare_paired(first, second, boolean=True, not_worse_by=0.05, **ABOUT)
    assert found.verdict == "cannot_tell"
    assert found.smallest is not None
    assert found.more is not None
    # With about that many more of the same cases it can.
    times = -(-(40 + found.more) // 40)
    many = [{f"{k}-{n}": v for k in range(times) for n, v in side.items()} for side in (first, second)]
    assert compare_paired(*many, boolean=True, not_worse_by=0.05, **ABOUT).verdict == "pass"


def test_a_metric_that_should_fall_is_turned_round() -> None:
    slow = {str(n): 2.0 + n / 10 for n in range(10)}
    fast = {str(n): 1.0 + n / 11 for n in range(10)}
    assert compare_paired(fast, slow, boolean=False, direction="down", **ABOUT).verdict == "pass"
    assert compare_paired(slow, fast, boolean=False, direction="down", **ABOUT).verdict == "fail"
    assert compare_paired(slow, fast, boolean=False, direction="up", **ABOUT).verdict == "pass"


def test_only_shared_cases_count() -> None:
    found = compare_paired(
        {"1": True, "2": True, "9": False}, {"1": True, "2": False, "8": True}, boolean=True, **ABOUT
    )
    assert (found.n, found.mean_a, found.mean_b) == (2, 1.0, 0.5)
    nothing = compare_paired({"1": True}, {"2": True}, boolean=True, **ABOUT)
    assert (nothing.n, nothing.verdict, nothing.reason) == (0, "cannot_tell", "no case has a value for both")


def test_a_few_equal_differences_are_no_proof() -> None:
    """Two cases without a difference once passed any gate: their spread was 0."""
    same = {"1": 0.5, "2": 0.5}
    assert compare_paired(same, same, boolean=False, not_worse_by=0.1, **ABOUT).verdict == "cannot_tell"
    many = {str(n): 0.5 for n in range(40)}
    assert compare_paired(many, many, boolean=False, not_worse_by=0.1, **ABOUT).verdict == "pass"
    assert judged(mean([1.0]), None, **ABOUT).verdict == "cannot_tell"
