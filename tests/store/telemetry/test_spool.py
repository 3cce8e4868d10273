"""What the gateway writes down before it answers survives whatever happens to the process."""

import os
import shutil
from pathlib import Path

import pytest

from hone.errors import StoreBusy
from hone.store import SpanQuery


def files(folder: Path) -> list[Path]:
    return sorted((folder / "spool").glob("*.spool"))


def kill(store, tmp_path: Path) -> Path:
    """What a killed process leaves behind: its spool file, without the lock."""
    (left,) = files(tmp_path)
    copy = tmp_path / "left"
    shutil.copyfile(left, copy)
    store.close()
    assert files(tmp_path) == []
    copy.rename(tmp_path / "spool" / "1-left.spool")
    return tmp_path / "spool" / "1-left.spool"


def test_a_spooled_span_is_in_the_file_before_the_call_returns(open_store, span, block_writer, tmp_path):
    store = open_store()
    with block_writer(store):
        assert store.spool([span(0, name="needle")]) is None
        (file,) = files(tmp_path)
        assert b"needle" in file.read_bytes()
    store.flush()
    assert store.spans(SpanQuery()) == [span(0, name="needle")]


def test_spool_files_of_a_dead_process_are_replayed_and_go(open_store, span, engine, tmp_path):
    store = open_store()
    store.spool([span(0), span(1)])
    store.flush()
    left = kill(store, tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM journal")  # as if it was killed before the commit
    store = open_store()
    store.flush()
    assert store.spans(SpanQuery()) == [span(1), span(0)]
    assert not left.exists()


def test_a_replay_of_what_was_committed_changes_nothing(open_store, span, tmp_path):
    store = open_store()
    store.spool([span(0), span(1)])
    store.flush()
    store.seal()
    left = kill(store, tmp_path)
    store = open_store()
    store.flush()
    assert store.count(SpanQuery()) == 2
    assert not left.exists()


@pytest.mark.parametrize("cut", [1, 7, 8, 9, 50, 200])
def test_a_torn_tail_is_passed_over(open_store, span, tmp_path, cut, engine):
    store = open_store()
    store.spool([span(0), span(1)])
    store.flush()
    left = kill(store, tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM journal")
    os.truncate(left, left.stat().st_size - cut)
    store = open_store()
    store.flush()
    assert store.spans(SpanQuery()) == [span(0)]


def test_a_spool_file_whose_owner_lives_is_left_alone(open_store, span, block_writer, tmp_path):
    store = open_store()
    with block_writer(store):
        store.spool([span(0)])
        other = open_store()
        other.flush()
        assert len(files(tmp_path)) == 1
        assert other.count(SpanQuery()) == 0
    store.flush()
    assert other.count(SpanQuery()) == 1


def test_a_full_queue_delays_spooled_spans_and_drops_none(open_store, span, block_writer, tmp_path):
    store = open_store(queue_rows=10, group_rows=4, spool_bytes=4000)
    with block_writer(store):
        for n in range(100):
            store.spool([span(n)])
        assert store.waiting <= 10
    store.flush()
    assert store.spans(SpanQuery(limit=200)) == [span(n) for n in reversed(range(100))]
    assert len(files(tmp_path)) == 1  # those that were full are gone, the current one stays


def test_spooled_spans_wait_on_disk_while_too_much_is_unsealed(open_store, span):
    store = open_store(hot_bytes=20_000)
    for n in range(200):
        store.spool([span(n)])
    for _ in range(200):
        store.flush()
        store.seal()
        if store.count(SpanQuery()) == 200:
            break
    assert store.spans(SpanQuery(limit=300)) == [span(n) for n in reversed(range(200))]


def test_the_spool_is_empty_after_a_clean_end(open_store, span, tmp_path):
    store = open_store()
    store.spool([span(0)])
    store.close()
    assert files(tmp_path) == []
    assert open_store().count(SpanQuery()) == 1


def test_durable_means_that_there_is_a_ticket_to_wait_for(open_store, span, tmp_path):
    store = open_store(durable=True)
    assert store.spool([span(0)]).wait(10).written == 1
    assert files(tmp_path) == []


def test_durable_pushes_back_instead_of_filling_the_disk(open_store, span, block_writer):
    store = open_store(durable=True, queue_rows=2)
    with block_writer(store), pytest.raises(StoreBusy):
        for n in range(10):
            store.spool([span(n)])


def test_hostile_texts_survive_the_spool(open_store, span, tmp_path, engine):
    store = open_store()
    hostile = span(0, attributes={"big": 2**80, "half": "\ud800", "nul": "\0"}, input='"\\ud800\\u0000"')
    store.spool([hostile])
    store.flush()
    kill(store, tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM journal")
    store = open_store()
    store.flush()
    assert store.spans(SpanQuery()) == [hostile]


def test_one_spooled_record_that_cannot_be_stored_does_not_take_the_others(open_store, span, block_writer, caplog):
    store = open_store()
    with block_writer(store):
        store.spool([span(0), span(1, start=-(2**63)), span(2, end="late")])
        store.spool([span(3)])
    store.flush()
    assert {one.name for one in store.spans(SpanQuery())} == {"span 0", "span 1", "span 3"}
    assert "1 spooled records cannot be stored" in caplog.text
