"""The exporter: batches, a dead server, a full queue, spans that are odd."""

import json
import threading

import pytest

from hone.client import _exporter
from hone.client._exporter import Exporter
from hone.core import Span
from hone.errors import CallError, NotAllowed, TooLarge, UpstreamRefused, UpstreamUnreachable


def spans(count: int, **fields) -> list[Span]:
    return [
        Span(project="p", trace_id="a" * 32, span_id=f"{number + 1:016x}", name="s", start=1, end=2, **fields)
        for number in range(count)
    ]


def ids(batch) -> list[str]:
    return [json.loads(piece)["span_id"] for piece in batch]


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
        sent.extend(ids(batch))

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
    assert not exporter.flush(10)  # all is sent that was kept, but not all was kept
    assert exporter.flush(10)
    exporter.close()


def test_a_full_queue_does_not_write_a_line_for_every_span(caplog, monkeypatch):
    monkeypatch.setattr(_exporter, "MOST_WAITING", 0)
    exporter = Exporter(lambda batch: None)
    for span in spans(100):
        exporter.add([span])
    assert exporter.dropped == 100
    assert len(caplog.records) == 1
    exporter.close()


def test_a_span_that_the_server_calls_wrong_does_not_take_its_neighbours_along(caplog):
    sent: list[str] = []

    def send(batch) -> None:
        if f"{300:016x}" in ids(batch):
            raise CallError("no valid trace id")
        sent.extend(ids(batch))

    exporter = Exporter(send)
    exporter.add(spans(500))
    assert not exporter.flush(10)
    assert sorted(sent) == [span.span_id for number, span in enumerate(spans(500)) if number != 299]
    assert exporter.dropped == 1
    assert "no valid trace id" in caplog.text
    assert exporter.flush(10)  # the loss has been said
    exporter.close()


def test_a_batch_of_a_wrong_key_is_sent_once(caplog):
    tries: list[int] = []

    def send(batch) -> None:
        tries.append(len(batch))
        raise NotAllowed("the API key is not right")

    exporter = Exporter(send)
    exporter.add(spans(3))
    assert not exporter.flush(10)
    assert (tries, exporter.dropped) == ([3], 3)
    exporter.close()


def test_large_spans_go_in_small_batches():
    sizes: list[int] = []
    exporter = Exporter(lambda batch: sizes.append(sum(map(len, batch))))
    exporter.add(spans(500, input="x" * 20_000))
    assert exporter.flush(10)
    assert sum(sizes) > 10_000_000
    assert max(sizes) <= _exporter.BATCH_BYTES
    exporter.close()


def test_a_batch_that_is_too_large_for_the_server_goes_in_parts():
    sent: list[str] = []

    def send(batch) -> None:
        if len(batch) > 7:
            raise TooLarge("the request is over 700 bytes")
        sent.extend(ids(batch))

    exporter = Exporter(send)
    exporter.add(spans(100))
    assert exporter.flush(10)
    assert sent == [span.span_id for span in spans(100)]
    exporter.close()


def test_what_waits_is_bounded_in_bytes(caplog, monkeypatch):
    monkeypatch.setattr(_exporter, "MOST_WAITING_BYTES", 100_000)
    monkeypatch.setattr(_exporter, "EVERY_SECONDS", 60)
    exporter = Exporter(lambda batch: None)
    exporter.add(spans(20, input="x" * 10_000))
    assert exporter.dropped == 11
    exporter.close()


def test_a_span_that_no_server_takes_is_not_sent(monkeypatch):
    monkeypatch.setattr(_exporter, "MOST_SPAN_BYTES", 1_000)
    sent: list[str] = []
    exporter = Exporter(lambda batch: sent.extend(ids(batch)))
    exporter.add([*spans(1, input="x" * 2_000), *spans(2)[1:]])
    assert not exporter.flush(10)
    assert sent == [f"{2:016x}"]
    exporter.close()


def test_a_span_that_cannot_be_written_is_dropped_alone(caplog):
    sent: list[str] = []
    exporter = Exporter(lambda batch: sent.extend(ids(batch)))
    exporter.add([*spans(1, attributes={"o": object()}), *spans(2, error="a lone \ud800")[1:]])
    assert not exporter.flush(10)
    assert sent == [f"{2:016x}"]
    assert "cannot be written" in caplog.text
    exporter.close()


@pytest.mark.parametrize("trouble", [RuntimeError("unforeseen"), UpstreamRefused("slow down", status=429)])
def test_the_thread_survives_any_failure_and_keeps_the_spans(monkeypatch, trouble):
    monkeypatch.setattr(_exporter, "EVERY_SECONDS", 0.01)
    sent: list[str] = []
    failures = iter([trouble, trouble])

    def send(batch) -> None:
        for failure in failures:
            raise failure
        sent.extend(ids(batch))

    exporter = Exporter(send)
    exporter.add(spans(3))
    assert exporter.flush(10)
    assert len(sent) == 3
    exporter.close()


def test_the_half_that_trouble_interrupts_is_kept(monkeypatch):
    monkeypatch.setattr(_exporter, "EVERY_SECONDS", 0.01)
    sent: list[str] = []
    answers = iter([TooLarge("too large"), None, UpstreamUnreachable("gone")])

    def send(batch) -> None:
        if (answer := next(answers, None)) is not None:
            raise answer
        sent.extend(ids(batch))

    exporter = Exporter(send)
    exporter.add(spans(10))
    assert exporter.flush(10)
    assert sent == [span.span_id for span in spans(10)]
    exporter.close()


def test_a_flush_that_cannot_be_done_in_time_says_so():
    release = threading.Event()
    exporter = Exporter(lambda batch: release.wait(10) and None)
    exporter.add(spans(1))
    assert not exporter.flush(0.2)
    release.set()
    exporter.close()
