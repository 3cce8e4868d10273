"""What happens to rows after their commit: sealing, compaction, retention, sweeping; alone and with other processes."""

import multiprocessing
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hone.errors import StoreError
from hone.store import ScoreQuery, SpanQuery, Telemetry, open_database
from hone.store import _seal as sealing

MINUTE = 60 * 1_000_000_000
NOON = 1_790_000_000 * 1_000_000_000
DAY = 24 * 60 * MINUTE


def segments(folder: Path, kind: str = "span") -> list[Path]:
    return sorted((folder / "blobs" / "telemetry" / kind).glob("*.parquet"))


def eventually(condition) -> None:
    """Wait for the background; the test fails by its own assertion when it never comes."""
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_a_segment_is_plain_parquet_sorted_by_project_and_time(store, span, tmp_path):
    store.put([span(n, project="qp"[n % 2]) for n in reversed(range(10))]).wait(10)
    store.seal()
    (path,) = segments(tmp_path)
    table = pq.read_table(path)
    assert [(row["project"], row["name"]) for row in table.select(["project", "name"]).to_pylist()] == [
        *[("p", f"span {n}") for n in (1, 3, 5, 7, 9)],
        *[("q", f"span {n}") for n in (0, 2, 4, 6, 8)],
    ]


def test_a_large_segment_has_row_groups_of_4096_and_a_bloom_filter(store, span, tmp_path):
    store.put([span(n) for n in range(5000)]).wait(30)
    store.seal()
    (path,) = segments(tmp_path)
    with pq.ParquetFile(path) as file:
        meta = file.metadata
        assert [meta.row_group(n).num_rows for n in range(meta.num_row_groups)] == [4096, 904]
    assert store.trace("p", f"{1500:032x}") == [span(n) for n in (4497, 4498, 4499)]


def test_enough_rows_are_sealed_in_the_background(open_store, span, tmp_path):
    store = open_store(background=True, seal_rows=20, maintain_seconds=0.01)
    store.put([span(n) for n in range(25)]).wait(10)
    eventually(lambda: segments(tmp_path))
    assert store.count(SpanQuery()) == 25


def test_old_rows_are_sealed_in_the_background(open_store, span, tmp_path):
    store = open_store(background=True, seal_seconds=0.05, maintain_seconds=0.01)
    store.put([span(0)]).wait(10)
    eventually(lambda: segments(tmp_path))
    assert store.spans(SpanQuery()) == [span(0)]


def test_small_segments_are_compacted_in_the_background(open_store, span, tmp_path):
    store = open_store(background=True, seal_rows=1, fan_in=3, maintain_seconds=0.01)
    for n in range(9):
        store.put([span(n)]).wait(10)
        eventually(lambda: not store._mirror.hot_rows("span")[0])
    eventually(lambda: len(segments(tmp_path)) < 4)
    assert store.spans(SpanQuery()) == [span(n) for n in reversed(range(9))]


def test_compaction_does_not_mix_days(store, span, tmp_path):
    for n in (0, 1, 2000, 2001):
        store.put([span(n)]).wait(10)
        store.seal()
    assert store.compact() == 4
    store.sweep()
    assert len(segments(tmp_path)) == 2


def test_compaction_stops_at_the_largest_size(open_store, span, tmp_path):
    store = open_store(segment_rows=20)
    for first in range(0, 60, 6):
        store.put([span(n) for n in range(first, first + 6)]).wait(10)
        store.seal()
    store.compact()
    store.sweep()
    assert sorted(pq.read_metadata(path).num_rows for path in segments(tmp_path)) == [6, 18, 18, 18]
    assert store.count(SpanQuery()) == 60


def test_a_seal_that_fails_before_the_commit_loses_nothing_and_leaves_nothing(store, span, tmp_path, monkeypatch):
    store.put([span(0)]).wait(10)

    def broken(*_):
        raise StoreError("the disk is full")

    monkeypatch.setattr(sealing, "replace_journal", broken)
    with pytest.raises(StoreError):
        store.seal()
    monkeypatch.undo()
    assert store.spans(SpanQuery()) == [span(0)]
    store.seal()
    store.sweep()
    assert store.spans(SpanQuery()) == [span(0)]
    assert len(segments(tmp_path)) == 1


def test_a_failed_tick_of_the_background_is_tried_again(open_store, span, tmp_path, monkeypatch, caplog):
    real, failures = sealing.replace_journal, []

    def fails_once(*arguments):
        if not failures:
            failures.append(1)
            raise StoreError("the disk is full")
        real(*arguments)

    monkeypatch.setattr(sealing, "replace_journal", fails_once)
    store = open_store(background=True, seal_rows=1, maintain_seconds=0.01)
    store.put([span(0)]).wait(10)
    eventually(lambda: not store._mirror.hot_rows("span")[0])
    assert store.spans(SpanQuery()) == [span(0)]
    assert "maintenance failed" in caplog.text


def test_what_a_killed_seal_left_behind_is_swept(store, span, tmp_path):
    folder = tmp_path / "blobs" / "telemetry" / "span"
    for name in ("0123.parquet.tmp", "0123.words.tmp", "0123.words.tmp-journal", "4567.parquet", "4567.keys"):
        (folder / name).write_bytes(b"half")
    store.sweep()
    assert list(folder.iterdir()) == []


def test_replaced_files_stay_for_the_grace_time(open_store, span, tmp_path):
    store = open_store(grace_seconds=3600.0)
    for n in range(2):
        store.put([span(n)]).wait(10)
        store.seal()
    store.compact()
    store.sweep()
    assert len(segments(tmp_path)) == 3


def test_retention_drops_segments_whose_youngest_row_is_too_old(store, span, score, tmp_path):
    for n in (0, 10, 20):
        store.put([span(n), span(n + 1), score(n)]).wait(10)
        store.seal()
    store.retain(NOON + 11 * MINUTE)
    assert store.spans(SpanQuery()) == [span(n) for n in (21, 20, 11, 10)]
    assert store.scores(ScoreQuery()) == [score(20)]
    store.sweep()
    assert len(segments(tmp_path)) == 2
    assert len(segments(tmp_path, "score")) == 1


def test_a_span_sent_again_after_retention_is_new(store, span):
    store.put([span(0)]).wait(10)
    store.seal()
    store.retain(NOON + DAY)
    assert store.put([span(0)]).wait(10).written == 1


def test_old_bodies_go_and_everything_else_stays(store, span):
    store.put([span(n) for n in range(4)]).wait(10)
    store.seal()
    store.retain(0, bodies_before=NOON + 2 * MINUTE)
    found = store.spans(SpanQuery())[::-1]
    assert [(one.input is None, one.output is None) for one in found] == [(True, True)] * 2 + [(False, False)] * 2
    assert [one.attributes for one in found] == [{"n": n} for n in range(4)]
    assert [one.name for one in store.spans(SpanQuery(words="parcel"))] == ["span 3", "span 2"]


def test_bodies_that_are_gone_are_not_rewritten_again(store, span, tmp_path):
    store.put([span(n) for n in range(4)]).wait(10)
    store.seal()
    store.retain(0, bodies_before=NOON + DAY)
    store.sweep()
    once = segments(tmp_path)
    store.retain(0, bodies_before=NOON + 2 * DAY)
    store.sweep()
    assert segments(tmp_path) == once


def test_two_stores_on_one_folder_see_each_other_s_rows(open_store, span):
    one, other = open_store(), open_store()
    one.put([span(0)]).wait(10)
    assert other.spans(SpanQuery()) == [span(0)]
    assert other.put([span(0), span(1)]).wait(10).fresh == (False, True)
    one.seal()
    assert other.put([span(0), span(2)]).wait(10).fresh == (False, True)
    other.seal()
    assert one.compact() == 2
    assert one.put([span(2)]).wait(10).fresh == (False,)
    assert other.spans(SpanQuery()) == [span(2), span(1), span(0)]


def _write(url: str, folder: str, worker: int, spans: list, ready, results) -> None:
    engine = open_database(url)
    with Telemetry(engine, Path(folder) / "blobs", spool=Path(folder) / f"spool{worker}") as store:
        ready.wait()
        fresh = [store.put(spans[n : n + 10]).wait(60).fresh for n in range(0, len(spans), 10)]
        results.put([flag for flags in fresh for flag in flags])
    engine.dispose()


def test_processes_that_send_the_same_spans_store_each_once(database_url, engine, open_store, span, tmp_path):
    spans = [span(n) for n in range(200)]
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(3), context.Queue()
    arguments = (database_url, str(tmp_path))
    writers = [context.Process(target=_write, args=(*arguments, n, spans, ready, results)) for n in range(3)]
    for writer in writers:
        writer.start()
    fresh = [results.get(timeout=60) for _ in writers]
    for writer in writers:
        writer.join(60)
    assert [sum(flags) for flags in zip(*fresh, strict=True)] == [1] * 200
    assert open_store().spans(SpanQuery(limit=300)) == spans[::-1]


def test_the_journal_is_empty_after_sealing(store, span, score, event, engine):
    store.put([span(0), score(0), event(0)]).wait(10)
    store.seal()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM journal").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM segments").scalar() == 3


def test_the_word_index_does_not_repeat_the_text(store, span, tmp_path):
    store.put([span(0)]).wait(10)
    store.seal()
    (path,) = (tmp_path / "blobs" / "telemetry" / "span").glob("*.words")
    assert b"where is parcel" not in path.read_bytes()


def test_blobs_elsewhere_than_in_a_folder_are_refused_for_now(engine):
    with pytest.raises(StoreError, match="s3://"):
        Telemetry(engine, "s3://bucket/telemetry")


def test_blobs_may_be_a_file_url(engine, span, tmp_path):
    with Telemetry(engine, (tmp_path / "my blobs").as_uri()) as store:
        store.put([span(0)]).wait(10)
        store.seal()
    assert len(list((tmp_path / "my blobs" / "telemetry" / "span").glob("*.parquet"))) == 1
