"""A spool file between its creation and its lock, when another process looks for files to adopt."""

import os
from pathlib import Path

import pytest

from hone.core import Span
from hone.store._rows import to_row
from hone.store._spool import Spool


def test_a_file_that_was_adopted_before_its_owner_could_lock_it_takes_no_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    writer, reader = Spool(tmp_path, 10**6), Spool(tmp_path, 10**6)
    really_open, interrupted = os.open, []

    def open_slowly(path, *args, **more):
        fd = really_open(path, *args, **more)
        if not interrupted:
            interrupted.append(path)
            assert reader.adopt() == 1
            assert taken(reader) == []
            assert not Path(path).exists()
        return fd

    monkeypatch.setattr(os, "open", open_slowly)
    span = Span(project="p", trace_id="a" * 32, span_id="b" * 16, name="step", start=1, end=2)
    writer.append([to_row(span)])
    writer.let_go()
    reader.adopt()
    assert [kind for kind, _ in taken(reader)] == ["span"]


def taken(spool: Spool) -> list:
    frames = []
    while (found := spool.next(100)) is not None:
        rows, _, region = found
        frames += rows
        spool.done(region)
    return frames
