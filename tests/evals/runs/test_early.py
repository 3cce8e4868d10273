"""Runs that end as soon as their verdict is settled: by which metrics they may, and what they say afterwards."""

from collections.abc import Mapping
from typing import Any

import pytest

from hone.datasets import Example, dataset_of
from hone.errors import CallError
from hone.evals import Answer, Early, Evaluator, Measure, Run, kept_pair, make, plain
from hone.evals.reports import story
from hone.store import Judgement, Metric

from .conftest import World, data, plan


def good(world: World, right: Mapping[str, float]) -> None:
    """Variants that are right in such shares, and in the same cases first."""
    world.answers = lambda case: (
        f"{case.example.input}!" if (int(case.example.id[1:]) * 37) % 100 < 100 * right[case.cell.name] else "no"
    )


def ended(world: World, n: int = 400, metric: str = "exact", margin: float = 0.0, **more: Any) -> Run:
    asked = plan(more.pop("dataset", None) or data(n), lot=True, **more)
    return world.run(asked, early=Early(asked, metric, margin), fresh=True)


def of(name: str, value: Any, **metric: Any) -> Evaluator:
    def judge(example: Example, answer: Answer) -> list[Judgement]:
        found = value(example, answer)
        return [] if found is None else [Judgement(name, found)]

    measure = Measure(name=name, metric=Metric(**{"kind": "number", **metric}))
    return Evaluator(name=name, measures=(measure,), judge=judge)


def test_a_metric_without_a_known_range_ends_no_run() -> None:
    with pytest.raises(CallError, match="latency may have any value"):
        Early(plan(evaluators=make(["latency"])), "latency", 0.0)
    with pytest.raises(CallError, match="points may have any value"):
        Early(plan(evaluators=[of("points", lambda *_: 1.0)]), "points", 0.0)
    Early(plan(evaluators=make(["f1"])), "f1", 0.0)
    (fast,) = make([{"type": "latency", "threshold": 1}])
    Early(plan(evaluators=[fast]), fast.measures[-1].name, 0.0)


def test_a_metric_that_is_known_at_the_end_alone_ends_no_run() -> None:
    async def choose(_: Example, answers: Mapping[str, Answer]) -> dict[str, list[Judgement]]:
        return {name: [] for name in answers}

    measure = Measure(name="best", metric=Metric(kind="number", within=(0.0, 1.0)))
    chooser = Evaluator(name="best", measures=(measure,), judge=lambda *_: [], choose=choose)
    with pytest.raises(CallError, match="best is known once all is asked"):
        Early(plan(evaluators=[chooser]), "best", 0.0)


def test_a_scale_of_1_to_5_may_end_a_run(world: World) -> None:
    stars = of("stars", lambda _, answer: 5.0 if "!" in answer.text else 1.0, within=(1.0, 5.0))
    good(world, {"a": 0.9, "b": 0.2})
    found = ended(world, metric="stars", evaluators=[stars])
    assert found.ended_early
    compared = found.compare("a", "b")
    assert compared.verdict == "pass"
    assert compared.low is not None
    assert 0 < compared.low < compared.difference < compared.high < 4  # type: ignore[operator]


def test_a_value_out_of_the_declared_range_lets_the_run_go_on_to_its_end(world: World) -> None:
    wild = of("wild", lambda _, answer: 9.0 if "!" in answer.text else 0.0, within=(0.0, 1.0))
    good(world, {"a": 0.9, "b": 0.2})
    found = ended(world, n=60, metric="wild", evaluators=[wild])
    assert (found.ended_early, len(found.results)) == (False, 120)


def test_a_run_that_ended_early_shows_no_ordinary_interval(world: World) -> None:
    good(world, {"a": 0.9, "b": 0.2})
    found = ended(world)
    for each in found.summaries():
        assert each.mean is not None
        assert (each.low, each.high, each.method) == (None, None, "none: the run ended early")
    assert found.slices("a", "b") == []


def test_a_run_that_ended_early_is_compared_with_no_other_run(world: World) -> None:
    good(world, {"a": 0.9, "b": 0.2})
    found, whole = ended(world), world.run(plan(data(400)), fresh=True)
    for one, other in ((found, whole), (whole, found)):
        compared = one.compare("a", "b", other=other)
        assert (compared.verdict, compared.low, compared.p) == ("cannot_tell", None, None)
        assert "ended early" in compared.reason
    assert whole.compare("a", "b", other=whole).verdict == "pass"


def test_what_an_early_end_was_settled_by_is_kept_and_used_again(world: World) -> None:
    good(world, {"a": 0.5, "b": 0.5})
    evaluators = [*make(["contains"]), *make(["exact"])]
    found = ended(world, metric="exact", margin=0.2, evaluators=evaluators)
    kept = world.store.get("p", found.experiment.id)
    assert kept is not None
    assert kept.early is not None
    assert (kept.early.metric, kept.early.not_worse_by) == ("exact", 0.2)
    assert 0 < kept.early.looked < 400
    compared = Run(experiment=kept, results=world.store.results(kept.id)).compare("a", "b")
    assert (compared.metric, compared.not_worse_by, compared.verdict) == ("exact", 0.2, "pass")
    whole = world.run(plan(data(400), lot=True, evaluators=evaluators))
    assert (whole.ended_early, whole.experiment.early) == (False, None), "asked to its end, it is a run as any other"


def test_a_case_without_a_value_is_left_out_and_holds_nobody_up(world: World) -> None:
    some = of("some", lambda one, answer: None if one.id.endswith("7") else "!" in answer.text, kind="boolean")
    good(world, {"a": 0.9, "b": 0.2})
    found = ended(world, metric="some", evaluators=[some])
    assert found.ended_early
    compared = found.compare("a", "b")
    assert compared.verdict == "pass"
    assert int(compared.reason.split()[-1]) < 400, "of those that have a value"


def test_what_was_never_answered_is_a_gap_and_not_left_out(world: World) -> None:
    good(world, {"a": 0.9, "b": 0.2})
    found = ended(world)
    early = found.experiment.early
    assert early is not None
    first = found.compare("a", "b").n
    assert first == early.looked, "every case of these has a value"
    # One answer of the first cases is lost: what lies behind the gap is no random sample any more.
    from hone.evals.runs._early import by_lot

    lost = by_lot(data(400), found.experiment.id)[3].id
    rest = [each for each in found.results if (each.example, each.variant) != (lost, "a")]
    assert Run(experiment=found.experiment, results=rest).compare("a", "b").n == 3


def test_every_experiment_draws_its_own_order(world: World) -> None:
    good(world, {"a": 0.9, "b": 0.2})
    orders = []
    for _ in range(2):
        world.asked.clear()
        ended(world, dataset=dataset_of("d", list(data(400))))
        orders.append([each.example.id for each in world.asked[:20]])
    assert orders[0] != orders[1]


def test_experiments_of_all_examples_are_found_before_those_of_a_part(world: World) -> None:
    whole = world.run(plan(data(40)))
    few = world.run(plan(data(40), limit=2))
    some = world.run(plan(data(40), only=frozenset(["e1", "e2", "e3"])))
    assert [each.experiment.of for each in (whole, few, some)] == [None, 40, 40]

    def found(**more: Any) -> str | None:
        pair = kept_pair(world.store, "p", "t", "a", "b", **more)
        return pair and pair[0].experiment.id

    assert found() == whole.experiment.id
    newest = world.run(plan(data(30)))
    assert found() == newest.experiment.id, "of whole ones the newest, though its dataset is smaller"
    assert found(whole=True) == newest.experiment.id


def test_of_parts_alone_the_largest_is_found_and_none_for_a_gate(world: World) -> None:
    some = world.run(plan(data(40), only=frozenset(["e1", "e2", "e3"])))
    world.run(plan(data(40), limit=2))
    pair = kept_pair(world.store, "p", "t", "a", "b")
    assert pair is not None
    assert pair[0].experiment.id == some.experiment.id
    assert kept_pair(world.store, "p", "t", "a", "b", whole=True) is None


def test_a_run_that_ended_early_is_a_pair_with_itself_alone(world: World) -> None:
    good(world, {"a": 0.9, "b": 0.2, "c": 0.1})
    found = ended(world)
    other = world.run(plan(data(400), cells=plain({"c": "sha-c"})))
    assert kept_pair(world.store, "p", "t", "a", "c") is None
    pair = kept_pair(world.store, "p", "t", "a", "b", whole=True)
    assert pair is not None
    assert (pair[0].experiment.id, pair[0].compare("a", "b").verdict) == (found.experiment.id, "pass")
    assert other.experiment.early is None


def test_a_report_tells_the_verdict_that_ended_the_run(world: World) -> None:
    good(world, {"a": 0.5, "b": 0.5})
    found = ended(world, metric="exact", margin=0.2, evaluators=[*make(["contains"]), *make(["exact"])])
    told = story(found)
    assert (told.metric, told.verdict) == ("exact", "pass")
    assert "is not worse by 0.2 than" in told.sentence
