"""The outbox: what is written is left for the process that keeps the store, however much it is."""

import time
from pathlib import Path

from sqlalchemy import Engine

from hone.core import Span
from hone.store import Outbox, SpanQuery, Telemetry


def span(number: int, body: str) -> Span:
    return Span(project="p", trace_id=f"{number:032x}", span_id=f"{number:016x}", name="x", start=1, end=2, input=body)


def test_large_spans_are_taken_in_while_their_writer_lives(engine: Engine, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "spool")
    telemetry = Telemetry(engine, tmp_path / "blobs", spool=tmp_path / "spool")
    for number in range(1, 6):
        outbox.spool([span(number, "x" * 5_000_000)])
    end, found = time.monotonic() + 20, 0
    while found < 5 and time.monotonic() < end:
        time.sleep(0.1)
        telemetry.take_in()
        telemetry.flush()
        found = len(telemetry.spans(SpanQuery(project="p")))
    assert found == 5
    outbox.close()
    telemetry.take_in()
    telemetry.flush()
    assert list((tmp_path / "spool").iterdir()) == []
    telemetry.close()
