"""Answers become durable in groups, and a database that is away is waited for."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hone.batches._keeper import Keeper
from hone.errors import StoreBusy
from hone.store import Answered, Batch, Batches, BatchWork, NotHeld, _database, open_database, writing


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(_database, "_BUSY_SECONDS", 0.05)
    return open_database(f"sqlite:///{tmp_path / 'hone.db'}")


@pytest.fixture
def work(engine: Engine) -> BatchWork:
    Batches(engine, "p").begin(Batch(id="b", owner=None, endpoint="/e", input_file="f", created=1, expires=2))
    work = BatchWork(engine, "p", "one")
    work.take(1, 1000)
    return work


def answer(line: int) -> Answered:
    return Answered(line=line, succeeded=True, answer=b"x")


def locked(engine: Engine, seconds: float) -> threading.Thread:
    """Another writer holds the database for so long."""
    held = threading.Event()

    def hold() -> None:
        with writing(engine):
            held.set()
            time.sleep(seconds)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    return thread


async def test_what_is_kept_is_there_when_it_returns(work):
    keeper = Keeper(work, "b", lambda: False)

    async def keep(line: int) -> None:
        await keeper.keep(answer(line))
        assert line in await asyncio.to_thread(work.answered, "b")

    await asyncio.gather(*(keep(line) for line in range(1, 101)))


async def test_a_database_that_is_away_is_waited_for(work, engine):
    thread = locked(engine, 0.5)
    keeper = Keeper(work, "b", lambda: False)
    await asyncio.gather(*(keeper.keep(answer(line)) for line in range(1, 9)))
    thread.join()
    assert work.answered("b") == set(range(1, 9))


async def test_a_process_that_stops_does_not_wait_for_it(work, engine):
    thread = locked(engine, 0.5)
    with pytest.raises(StoreBusy):
        await Keeper(work, "b", lambda: True).keep(answer(1))
    thread.join()


async def test_a_batch_that_is_lost_is_said_at_once(work):
    work.release("b")
    with pytest.raises(NotHeld):
        await Keeper(work, "b", lambda: False).keep(answer(1))
