"""Files of callers in the store: rows and blobs that go together, on both databases."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hone.errors import CallError, NotFound
from hone.store import Batch, Batches, File, StoredFiles

DAY = 86_400 * 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1_000 * DAY

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(engine: Engine, tmp_path: Path, clock: Clock) -> StoredFiles:
    return StoredFiles(engine, "p", tmp_path / "blobs", clock)


def add(files: StoredFiles, data: bytes = b"x", owner: str | None = None, seconds: int | None = None) -> File:
    upload = files.new()
    upload.write(data)
    return files.add(upload, "a\0b\ud800.txt", "batch", owner, seconds)


def test_a_file_comes_back_with_its_name_and_bytes(files):
    made = add(files, b"hello", owner="app\0")
    assert files.get(made.id, "app\0") == made and made.name == "a\0b\ud800.txt" and made.bytes == 5
    assert files.path(made.id).read_bytes() == b"hello"


def test_an_upload_that_was_dropped_leaves_nothing(files, tmp_path):
    upload = files.new()
    upload.write(b"half")
    assert files.latest(limit=10) == ([], False)
    upload.drop()
    assert list((tmp_path / "blobs" / "files").iterdir()) == []


def test_files_of_others_and_of_other_projects_are_not_found(files, engine, tmp_path):
    mine, ours = add(files, owner="ann"), add(files)
    assert {file.id for file in files.latest(limit=10)[0]} == {mine.id, ours.id}
    assert [file.id for file in files.latest("ann", limit=10)[0]] == [mine.id]
    other = StoredFiles(engine, "q", tmp_path / "blobs")
    for ask in (lambda: files.get(ours.id, "ann"), lambda: files.remove(ours.id, "ann"), lambda: other.get(mine.id),
                lambda: other.remove(mine.id), lambda: files.latest("ann", after=ours.id, limit=1)):  # fmt: skip
        with pytest.raises(NotFound):
            ask()
    assert files.path(ours.id).exists()


def test_pages_go_on_where_they_stopped_though_files_were_added(files):
    made = [add(files).id for _ in range(5)]
    first, more = files.latest(limit=2)
    assert [file.id for file in first] == made[:2:-1] and more
    add(files)
    second, more = files.latest(after=first[-1].id, limit=3)
    assert [file.id for file in second] == made[2::-1] and not more


def test_files_made_in_the_same_instant_are_all_on_some_page(engine, tmp_path):
    files = StoredFiles(engine, "p", tmp_path / "blobs", lambda: DAY)
    made = {add(files).id for _ in range(5)}
    seen, after, more = [], None, True
    while more:
        page, more = files.latest(after=after, limit=2)
        seen += [file.id for file in page]
        after = seen[-1]
    assert sorted(seen) == sorted(made)


def test_an_expired_file_is_not_found_and_then_swept(files, clock):
    made, kept = add(files, seconds=3600), add(files)
    clock.now += DAY
    with pytest.raises(NotFound):
        files.get(made.id)
    assert [file.id for file in files.latest(limit=10)[0]] == [kept.id]
    assert files.path(made.id).exists()
    files.sweep()
    assert not files.path(made.id).exists() and files.path(kept.id).exists()


def test_what_a_killed_process_left_is_swept_after_a_day(files, tmp_path):
    kept = add(files)
    orphan, half = files.path("file-orphan"), files.path("file-half.tmp")
    for path in (orphan, half):
        path.write_bytes(b"x")
    files.sweep()
    assert orphan.exists() and half.exists(), "somebody may be writing it"
    yesterday = time.time() - 90_000
    for path in (orphan, half, files.path(kept.id)):
        os.utime(path, (yesterday, yesterday))
    files.sweep()
    assert not orphan.exists() and not half.exists() and files.path(kept.id).exists()


def test_the_input_of_a_live_batch_is_neither_removed_nor_swept(files, engine, clock):
    made = add(files, seconds=3600)
    batches = Batches(engine, "p", clock)
    batch = Batch(id="b", owner=None, endpoint="/e", input_file=made.id, created=clock(), expires=clock() + 2 * DAY)
    batches.begin(batch)
    with pytest.raises(CallError, match="the batch b still reads") as refused:
        files.remove(made.id)
    assert refused.value.status == 409
    clock.now += DAY
    files.sweep()
    assert files.path(made.id).exists()
