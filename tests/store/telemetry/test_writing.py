"""What put() and its ticket promise."""

import asyncio
import threading
from typing import Any

import pyarrow as pa
import pytest

from hone.errors import StoreBusy, StoreError
from hone.store import EventQuery, ScoreQuery, SpanQuery
from hone.store._codec import from_bytes, to_batch
from hone.store._rows import SPAN, to_row


def test_what_was_put_comes_back_equal(store, span, score, event):
    records = [span(0), span(1), score(0), event(0)]
    assert store.put(records).wait(10).written == 4
    assert store.spans(SpanQuery()) == [span(1), span(0)]
    assert store.scores(ScoreQuery()) == [score(0)]
    assert store.events(EventQuery()) == [event(0)]


def test_a_span_sent_twice_is_stored_once(store, span):
    store.put([span(0)]).wait(10)
    receipt = store.put([span(0), span(1)]).wait(10)
    assert receipt.fresh == (False, True)
    assert (receipt.written, receipt.repeated) == (1, 1)
    assert store.count(SpanQuery()) == 2


def test_a_span_sent_twice_in_one_call_is_stored_once(store, span):
    assert store.put([span(0), span(0)]).wait(10).fresh == (True, False)


def test_the_first_write_wins(store, span):
    store.put([span(0, name="first")]).wait(10)
    store.put([span(0, name="second")]).wait(10)
    assert [one.name for one in store.spans(SpanQuery())] == ["first"]


@pytest.mark.parametrize("sealed", [False, True])
def test_ids_are_the_project_s_own(store, span, score, sealed):
    store.put([span(0), score(0)]).wait(10)
    if sealed:
        store.seal()
    other = store.put([span(0, project="q"), score(0, project="q")]).wait(10)
    assert other.fresh == (True, True)


def test_a_span_is_recognised_after_it_was_sealed_and_compacted(store, span):
    for n in range(3):
        store.put([span(n)]).wait(10)
        store.seal()
    assert store.put([span(1), span(9)]).wait(10).fresh == (False, True)
    assert store.compact() == 3
    assert store.put([span(n) for n in range(4)]).wait(10).fresh == (False, False, False, True)


def test_a_collision_of_hashes_loses_no_span(store, span, monkeypatch):
    monkeypatch.setattr("hone.store._keys._hash32", lambda text: 7)
    store.put([span(0)]).wait(10)
    store.seal()
    assert store.put([span(0), span(1)]).wait(10).fresh == (False, True)
    store.seal()
    assert store.trace("p", span(0).trace_id) == [span(0), span(1)]


def test_a_ticket_can_be_awaited_from_any_loop(store, span):
    async def put() -> Any:
        return await store.put([span(0)])

    assert asyncio.run(put()).written == 1


async def test_a_caller_that_stops_waiting_does_not_undo_the_write(store, span):
    ticket = store.put([span(0)])

    async def wait() -> Any:
        return await ticket

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await asyncio.to_thread(ticket.wait, 10)).written == 1


def test_nothing_to_put_is_done_at_once(store):
    assert store.put([]).wait(0).fresh == ()


def test_a_full_queue_says_busy_and_takes_nothing(open_store, span, block_writer):
    store = open_store(queue_rows=10, group_rows=1)
    with block_writer(store):
        tickets: list[Any] = []
        with pytest.raises(StoreBusy):
            while len(tickets) < 20:
                tickets.append(store.put([span(len(tickets))]))
    assert len(tickets) in (10, 11)  # the writer may have had one in its hands
    assert sum(ticket.wait(10).written for ticket in tickets) == len(tickets)
    assert store.count(SpanQuery()) == len(tickets)


def test_too_much_unsealed_memory_says_busy_until_it_is_sealed(open_store, span):
    store = open_store(hot_bytes=20_000)
    with pytest.raises(StoreBusy):
        for n in range(1000):
            store.put([span(n)]).wait(10)
    store.seal()
    assert store.put([span(2000)]).wait(10).written == 1


def test_many_threads_may_put_the_same_spans(store, span):
    written = []

    def put_all() -> None:
        written.append(sum(store.put([span(n), span(n + 1)]).wait(10).written for n in range(0, 60, 2)))

    threads = [threading.Thread(target=put_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(written) == store.count(SpanQuery()) == 60


def test_one_record_that_cannot_be_stored_does_not_take_its_neighbours_down(open_store, span, block_writer):
    store = open_store()
    with block_writer(store):
        good, bad, other = store.put([span(0)]), store.put([span(1, start="noon")]), store.put([span(2)])
    assert good.wait(10).written == other.wait(10).written == 1
    with pytest.raises(StoreError, match="cannot be stored"):
        bad.wait(10)


def test_only_telemetry_is_taken(store):
    with pytest.raises(TypeError, match="not of dict"):
        store.put([{"project": "p"}])


def test_a_closed_store_takes_nothing_and_says_so(open_store, span):
    store = open_store()
    store.put([span(0)])
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.put([span(1)])
    assert open_store().count(SpanQuery()) == 1


def test_a_failed_commit_is_told_to_whoever_waits(open_store, span, engine):
    store = open_store()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE journal RENAME TO journal_lost")
    with pytest.raises(StoreError):
        store.put([span(0)]).wait(10)


def test_listeners_see_what_was_committed_and_nothing_twice(store, span):
    seen: list[Any] = []
    enough = threading.Event()

    def broken(records: list[Any]) -> None:
        raise RuntimeError("a listener's own fault")

    def listener(records: list[Any]) -> None:
        seen.extend(records)
        if len(seen) == 3:
            enough.set()

    store.subscribe(broken)
    stop = store.subscribe(listener)
    store.put([span(0), span(1)]).wait(10)
    store.put([span(1), span(2)]).wait(10)
    assert enough.wait(10)
    stop()
    store.put([span(3)]).wait(10)
    store.close()
    assert seen == [span(0), span(1), span(2)]


def test_a_journal_row_that_was_written_with_zstd_is_still_read(span):
    batch = to_batch(SPAN, [to_row(span(n))[1] for n in range(3)])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_batch(batch)
    assert from_bytes(sink.getvalue().to_pybytes()).equals(batch)
