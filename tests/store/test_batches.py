"""Batches in the store: who holds one, what is answered, and that nothing is answered twice, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hone.errors import CallError, NotFound
from hone.store import Answered, Batch, BatchCaller, Batches, BatchWork, LineError, NotHeld, StoredFiles

SECOND = 1_000_000_000
HOLD = 10.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000 * SECOND

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def batches(engine: Engine, clock: Clock) -> Batches:
    return Batches(engine, "p", clock)


@pytest.fixture
def one(engine: Engine, clock: Clock) -> BatchWork:
    return BatchWork(engine, "p", "one", clock)


@pytest.fixture
def two(engine: Engine, clock: Clock) -> BatchWork:
    return BatchWork(engine, "p", "two", clock)


@pytest.fixture
def files(engine: Engine, tmp_path: Path, clock: Clock) -> StoredFiles:
    return StoredFiles(engine, "p", tmp_path / "blobs", clock)


def begin(batches: Batches, id: str = "b", **more) -> Batch:
    batch = Batch(id=id, owner=None, endpoint="/e", input_file="f", created=batches._clock(), expires=2**60, **more)
    batches.begin(batch)
    return batch


def answer(line: int, good: bool = True) -> Answered:
    return Answered(line=line, succeeded=good, answer=b"%d \0\xff" % line)


def test_a_batch_comes_back_equal(batches):
    made = begin(
        batches, caller=BatchCaller(user="ann\0", session="s", tags=("a", "b")), metadata={"k\ud800": "v\0"},
        errors=[LineError(code="c", message="m\0", line=3)], models=["fast"], times={"failed": 7}, output_seconds=60,
    )  # fmt: skip
    assert batches.get("b") == made


def test_batches_of_others_and_of_other_projects_are_not_found(batches, engine):
    batches.begin(Batch(id="b", owner="ann", endpoint="/e", input_file="f", created=1, expires=2))
    assert batches.get("b", "ann") == batches.get("b")
    for ask in (lambda: batches.get("b", "bob"), lambda: batches.cancel("b", "bob"), lambda: batches.get("c"),
                lambda: Batches(engine, "q").get("b"), lambda: Batches(engine, "q").cancel("b"),
                lambda: batches.latest("bob", after="b")):  # fmt: skip
        with pytest.raises(NotFound):
            ask()
    assert batches.latest("bob") == ([], False)
    assert batches.get("b").status == "validating"


def test_one_process_alone_holds_a_batch(batches, one, two, clock):
    begin(batches)
    assert [batch.id for batch in one.take(5, HOLD)] == ["b"]
    assert two.take(5, HOLD) == [] == one.take(5, HOLD)
    clock.now += 9 * SECOND
    assert one.renew(["b"], HOLD) == {"b": "validating"}
    clock.now += 9 * SECOND
    assert two.take(5, HOLD) == []
    clock.now += 2 * SECOND
    assert [batch.id for batch in two.take(5, HOLD)] == ["b"]
    assert one.renew(["b"], HOLD) == {}, "and it is told so"
    two.release("b")
    assert [batch.id for batch in one.take(5, HOLD)] == ["b"]


def test_many_processes_that_take_at_once_share_what_there_is(batches, engine, clock):
    names = {f"b{n}" for n in range(12)}
    for name in names:
        begin(batches, name)
    barrier = threading.Barrier(4)

    def take(n: int) -> list[str]:
        work = BatchWork(engine, "p", f"process-{n}", clock)
        barrier.wait()
        return [batch.id for _ in range(4) for batch in work.take(3, 1000)]

    with ThreadPoolExecutor(4) as pool:
        taken = [name for each in pool.map(take, range(4)) for name in each]
    assert sorted(taken) == sorted(names)


def test_a_batch_of_another_project_is_left_alone(batches, engine):
    begin(batches)
    assert BatchWork(engine, "q", "one").take(5, HOLD) == []


def test_answers_are_counted_and_come_back_in_the_order_of_the_lines(batches, one):
    begin(batches)
    one.take(1, HOLD)
    one.keep("b", [answer(500), answer(2, good=False)])
    one.keep("b", [answer(n) for n in range(3, 450)])
    assert one.answered("b") == {2, 500, *range(3, 450)}
    found = list(one.answers("b"))
    assert [each.line for each in found] == sorted(one.answered("b"))
    assert found[0] == answer(2, good=False)
    batch = batches.get("b")
    assert (batch.completed, batch.failed) == (448, 1)


def test_a_line_that_has_an_answer_keeps_it(batches, one):
    begin(batches)
    one.take(1, HOLD)
    one.keep("b", [answer(1)])
    again = Answered(line=1, succeeded=False, answer=b"another")
    one.keep("b", [again, answer(2)])
    one.keep("b", [again])
    assert list(one.answers("b")) == [answer(1), answer(2)]
    assert (batches.get("b").completed, batches.get("b").failed) == (2, 0)


def test_a_process_that_was_away_for_too_long_cannot_write(batches, one, two, files, clock):
    begin(batches)
    one.take(1, HOLD)
    one.keep("b", [answer(1)])
    clock.now += 11 * SECOND
    two.take(1, HOLD)
    upload = files.new()
    upload.write(b"x")
    made = files.placed(upload, "out", "batch_output", None)
    for write in (
        lambda: one.keep("b", [answer(2)]),
        lambda: one.move("b", "validating", "in_progress"),
        lambda: one.finish("b", "completed", made, None),
    ):
        with pytest.raises(NotHeld):
            write()
    assert two.answered("b") == {1}
    assert batches.get("b").status == "validating" and files.latest(limit=5) == ([], False)
    one.release("b")
    assert one.take(1, HOLD) == [], "nor can it let go of what another holds"


def test_a_batch_ends_together_with_its_files(batches, one, files):
    begin(batches)
    one.take(1, HOLD)
    assert one.move("b", "validating", "in_progress", total=3, models=["m"])
    one.keep("b", [answer(1), answer(2, good=False)])
    good, bad = files.new(), files.new()
    good.write(b"good")
    bad.write(b"bad")
    output, error = files.placed(good, "o", "batch_output", None), files.placed(bad, "e", "batch_output", None, 60)
    one.finish("b", "expired", output, error, late=1)
    batch = batches.get("b")
    assert (batch.status, batch.output_file, batch.error_file) == ("expired", output.id, error.id)
    assert (batch.total, batch.completed, batch.failed, batch.models) == (3, 1, 2, ["m"])
    assert list(batch.times) == ["in_progress", "expired"]
    assert files.get(output.id) == output and files.get(error.id) == error
    assert one.answered("b") == set(), "the answers are in the files now"
    assert one.take(1, HOLD) == []


def test_a_cancelled_batch_does_not_go_on_to_the_next_status(batches, one):
    begin(batches)
    one.take(1, HOLD)
    assert batches.cancel("b").status == "cancelling"
    assert batches.cancel("b").status == "cancelling", "twice is once"
    assert one.renew(["b"], HOLD) == {"b": "cancelling"}
    assert not one.move("b", "validating", "in_progress")
    one.finish("b", "cancelled", None, None)
    with pytest.raises(CallError, match="is cancelled, and cannot be cancelled") as refused:
        batches.cancel("b")
    assert refused.value.status == 409
