"""The exporter: batches, a dead server, a full queue."""

import threading

from hone.client import _exporter
from hone.client._exporter import Exporter
from hone.core import Span
from hone.errors import CallError, UpstreamUnreachable


def spans(count: int) -> list[Span]:
    return [
        Span(project="p", trace_id="a" * 32, span_id=f"{number + 1:016x}", name="s", start=1, end=2)
        for number in range(count)
    ]


def test_everything_is_sent_in_batches():
    sent: list[int] = []
    exporter = Exporter(lambda batch: sent.append(len(batch)))
    exporter.add(spans(1200))
    assert exporter.flush(10)
    assert sum(sent) == 1200
    assert max(sent) <= _exporter.BATCH
    exporter.close()


def test_a_dead_server_is_tried_again_and_nothing_is_lost(monkeypatch):
    monkeypatch.setattr(_exporter, "EVERY_SECONDS", 0.01)
    sent: list[str] = []
    failures = iter([True, True, False])

    def send(batch) -> None:
        if next(failures, False):
            raise UpstreamUnreachable("nobody there")
        sent.extend(span.span_id for span in batch)

    exporter = Exporter(send)
    exporter.add(spans(700))
    assert exporter.flush(10)
    assert sent == [span.span_id for span in spans(700)]
    assert exporter.dropped == 0
    exporter.close()


def test_spans_beyond_the_bound_are_dropped_and_counted(caplog):
    release = threading.Event()
    exporter = Exporter(lambda batch: release.wait(10) and None)
    exporter.add(spans(_exporter.MOST_WAITING + 700))
    assert exporter.dropped > 0
    assert f"{exporter.dropped} spans dropped" in caplog.text
    release.set()
    assert exporter.flush(10)
    exporter.close()


def test_spans_that_the_server_calls_wrong_are_not_sent_again(caplog):
    tries: list[int] = []

    def send(batch) -> None:
        tries.append(len(batch))
        raise CallError("no valid trace id")

    exporter = Exporter(send)
    exporter.add(spans(3))
    assert exporter.flush(10)
    assert tries == [3]
    assert exporter.dropped == 3
    assert "no valid trace id" in caplog.text
    exporter.close()


def test_a_flush_that_cannot_be_done_in_time_says_so():
    release = threading.Event()
    exporter = Exporter(lambda batch: release.wait(10) and None)
    exporter.add(spans(1))
    assert not exporter.flush(0.2)
    release.set()
    exporter.close()
