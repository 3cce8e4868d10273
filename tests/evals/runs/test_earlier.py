"""A few examples that stand for all, by what earlier runs know of them."""

import pytest

from hone.errors import CallError
from hone.evals import anchored, earlier, overall, plain

from .conftest import World, data, plan

SET = data(60)


def known(world: World, runs: int) -> list[dict[str, float]]:
    """Variants that miss every third, fourth, fifth ... example."""
    world.answers = lambda case: (
        "no" if int(case.example.id[1:]) % int(case.cell.name[1:]) == 0 else f"{case.example.input}!"
    )
    world.run(plan(SET, cells=plain({f"v{k}": f"sha-{k}" for k in range(3, 3 + runs)})))
    return earlier(world.store, "p", "t", SET, None, "exact")


def test_too_few_anchors_are_refused_before_anything_is_asked(world: World) -> None:
    before = known(world, 1)
    with pytest.raises(CallError, match="11 examples say nothing of the others"):
        anchored(before, 11, "exact")
    assert len(anchored(before, 12, "exact")) == 12


def test_so_many_earlier_runs_are_used_as_the_anchors_bear(world: World) -> None:
    before = known(world, 3)
    assert len(before) == 3
    for count, runs in ((12, 1), (22, 2), (31, 2), (40, 3)):
        chosen = anchored(before, count, "exact")
        found = world.run(plan(SET, cells=plain({"v7": "sha-7"}), only=frozenset(chosen)))
        (said,) = overall(found, "exact", before)
        assert (said.asked, said.runs, said.examples) == (count, runs, 60)
        assert 0 <= (said.low or 0) <= said.mean <= (said.high or 1) <= 1
