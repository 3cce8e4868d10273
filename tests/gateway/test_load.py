"""Which deployment is asked first: by weight, or by how quick and how busy each is."""

from collections import Counter

from hone.gateway._load import Load
from hone.project import Balanced

MS = 1_000_000


class Clock:
    now = 1_000_000 * MS

    def __call__(self) -> int:
        return self.now


def firsts(load: Load, balanced: Balanced, calls: int = 2000) -> Counter[str]:
    return Counter(load.order(balanced)[0] for _ in range(calls))


def learnt(load: Load, **milliseconds: int) -> None:
    for alias, took in milliseconds.items():
        load.begun(alias)
        load.answered(alias, took * MS)
        load.ended(alias)


def test_each_is_first_as_often_as_its_weight_says() -> None:
    seen = firsts(Load(Clock()), Balanced(alias="m", any={"eu": 3.0, "us": 1.0}), 4000)
    assert 0.70 < seen["eu"] / 4000 < 0.80
    assert seen.keys() == {"eu", "us"}


def test_without_weights_all_are_alike_and_all_are_there() -> None:
    balanced = Balanced(alias="m", any=("a", "b", "c"))
    load = Load(Clock())
    assert all(560 < count < 780 for count in firsts(load, balanced).values())
    assert all(sorted(load.order(balanced)) == ["a", "b", "c"] for _ in range(50))


LATENCY = Balanced(alias="m", any=("eu", "us"), balance="latency")


def test_the_quicker_of_two_is_first() -> None:
    load = Load(Clock())
    learnt(load, eu=300, us=100)
    assert firsts(load, LATENCY, 50) == {"us": 50}


def test_who_is_busy_gives_way() -> None:
    load = Load(Clock())
    learnt(load, eu=300, us=100)
    for _ in range(5):
        load.begun("us")
    assert firsts(load, LATENCY, 50) == {"eu": 50}
    for _ in range(5):
        load.ended("us")
    assert firsts(load, LATENCY, 50) == {"us": 50}


def test_who_is_not_known_is_tried() -> None:
    load = Load(Clock())
    learnt(load, eu=1)
    assert firsts(load, LATENCY, 50) == {"us": 50}


def test_who_was_slow_a_while_ago_is_tried_again() -> None:
    clock = Clock()
    load = Load(clock)
    learnt(load, eu=300)
    clock.now += 60_000 * MS
    learnt(load, us=100)
    assert firsts(load, LATENCY, 50) == {"eu": 50}


def test_of_many_two_are_drawn_and_the_worst_is_never_first() -> None:
    load = Load(Clock())
    learnt(load, a=10, b=20, c=30, d=40)
    seen = firsts(load, Balanced(alias="m", any=("a", "b", "c", "d"), balance="latency"))
    assert seen["a"] > seen["b"] > seen["c"] > 0
    assert "d" not in seen
