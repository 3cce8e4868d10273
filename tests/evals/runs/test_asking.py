"""How questions are asked: as many at once as the vendor bears, again where that may help, and within a ceiling."""

import asyncio
import time

import pytest

from hone.errors import BudgetSpent, CallError, HoneError, RateLimited, UpstreamRefused, UpstreamUnreachable
from hone.evals import Case, Progress, Stopping, plain
from hone.evals.runs import _asking
from hone.evals.runs._pace import Pace

from .conftest import World, data, plan

ONE = plain({"a": "sha-a"})


def refused(status: int, **details: str) -> UpstreamRefused:
    error = UpstreamRefused(f"answered {status}", status=status)
    error.details = dict(details)
    return error


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_asking, "_FIRST", 0.01)


def once(world: World, *errors: HoneError) -> None:
    """The first calls fail so, the later ones do not."""
    left = list(errors)

    def answers(case: Case) -> str:
        if left:
            raise left.pop(0)
        return f"{case.example.input}!"

    world.answers = answers


@pytest.mark.parametrize("error", [refused(503), refused(500), UpstreamUnreachable("gone"), refused(429)])
def test_a_failure_that_may_pass_is_tried_again(world: World, error: HoneError) -> None:
    once(world, error, error)
    found = world.run(plan(data(3), cells=ONE))
    assert (len(world.asked), found.errors, found.summary("a", "exact").mean) == (5, [], 1.0)


@pytest.mark.parametrize("error", [refused(400), refused(404), refused(422), CallError("no such input")])
def test_a_mistake_of_ours_is_not(world: World, error: HoneError) -> None:
    once(world, error)
    found = world.run(plan(data(3), cells=ONE))
    assert (len(world.asked), len(found.errors)) == (3, 1)


def test_a_failure_that_does_not_pass_counts_in_the_end(world: World) -> None:
    once(world, *[refused(500) for _ in range(100)])
    found = world.run(plan(data(1), cells=ONE), retries=2)
    assert (len(world.asked), len(found.errors)) == (3, 1)
    once(world, *[refused(429) for _ in range(7)])
    assert not world.run(plan(data(2), cells=ONE), fresh=True, retries=2).errors, "too much is no fault of the variant"


def test_without_money_nothing_more_is_asked(world: World) -> None:
    once(world, BudgetSpent("the budget is spent"))
    with pytest.raises(BudgetSpent):
        world.run(plan(data(50), cells=ONE), concurrency=2)
    assert len(world.asked) <= 3


def test_what_the_vendor_asks_for_is_waited_for_by_all(world: World) -> None:
    once(world, refused(429, **{"retry-after": "0.3"}))
    world.seconds, begun = 0.01, time.perf_counter()
    seen: list[Progress] = []
    world.run(plan(data(20), cells=ONE), concurrency=4, progress=seen.append)
    assert time.perf_counter() - begun >= 0.3
    assert min(each.at_once for each in seen) < 4


def test_our_own_limits_are_waited_for_too(world: World) -> None:
    error = RateLimited("too many")
    error.details = {"retry_after": 0.1}
    once(world, error)
    assert not world.run(plan(data(2), cells=ONE)).errors


async def test_many_refusals_at_once_halve_the_pace_once_and_answers_raise_it_again() -> None:
    pace = Pace(16)
    begun = [await pace.enter() for _ in range(16)]
    for each in begun:
        pace.refused(each, None)
        pace.leave()
    assert pace.at_once == 8
    entered = [await pace.enter() for _ in range(8)]
    more = asyncio.ensure_future(pace.enter())
    await asyncio.sleep(0)
    assert not more.done(), "a ninth would be too much"
    pace.refused(entered[0], None)
    pace.leave()
    assert pace.at_once == 4
    for _ in range(200):
        pace.answered()
    assert pace.at_once == 16
    await more


def test_no_more_are_under_way_than_allowed(world: World) -> None:
    world.seconds = 0.01
    world.run(plan(data(40), cells=ONE), concurrency=5)
    assert world.most_at_once == 5


def test_a_ceiling_is_not_passed_and_the_run_can_go_on(world: World) -> None:
    world.cost, world.seconds = 0.01, 0.001
    found = world.run(plan(data(30), cells=ONE), max_cost=0.105)
    assert (len(found.results), found.cost, found.experiment.state) == (10, pytest.approx(0.1), "interrupted")
    assert found.missing == 20
    assert found.experiment.note == "$0.1 are spent in this run, and the next call might pass $0.105"
    rest = world.run(plan(data(30), cells=ONE))
    assert (rest.experiment.id, rest.missing, len(world.asked)) == (found.experiment.id, 0, 30)
    assert (rest.experiment.state, rest.experiment.note) == ("done", None)


def test_no_ceiling_without_a_price(world: World) -> None:
    world.cost = None
    with pytest.raises(CallError, match="no ceiling can be kept"):
        world.run(plan(data(30), cells=ONE), max_cost=1.0)
    assert len(world.asked) == 1, "the first goes alone"


def test_a_run_can_be_stopped_from_outside(world: World) -> None:
    stopping = Stopping()
    world.seconds = 0.005

    def look(at: Progress) -> None:
        if at.done >= 10:
            stopping.ask("enough")

    found = world.run(plan(data(100), cells=ONE), stopping=stopping, progress=look, concurrency=4)
    assert 10 <= len(found.results) == len(world.asked) < 30
    assert (found.experiment.state, found.experiment.note) == ("interrupted", "enough")
