"""The one way in: ids and times are completed, redactors and prices applied, then the store decides."""

import asyncio
import threading

import pytest
from msgspec import structs

from hone.core import Event, Score, Span, Target, valid_span_id, valid_trace_id
from hone.errors import StoreError
from hone.store import EventQuery, Limits, ScoreQuery, SpanQuery, Telemetry, open_database
from hone.traces import Recorder

NOW = 1_790_000_000 * 1_000_000_000


@pytest.fixture
def store(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'hone.db'}")
    limits = Limits(background=False)
    with Telemetry(engine, tmp_path / "blobs", spool=tmp_path / "spool", limits=limits) as store:
        yield store
    engine.dispose()


def call(**changes) -> Span:
    usual = {"project": "p", "trace_id": "a" * 32, "span_id": "b" * 16, "name": "chat", "kind": "llm",
             "start": NOW, "end": NOW + 5, "input": '"my name is Ann"', "output": '"hello Ann"'}  # fmt: skip
    return Span(**usual | changes)


def recorded(store) -> Span:
    (span,) = store.spans(SpanQuery())
    return span


def test_what_a_sender_says_is_kept(store):
    Recorder(store).record([call()]).wait(10)
    assert recorded(store) == call()


def test_what_a_sender_leaves_out_is_completed(store):
    recorder = Recorder(store, clock=lambda: NOW)
    target = Target("span", "b" * 16)
    recorder.record([
        call(trace_id="", span_id="", start=0, end=0),
        Score(project="p", id="", time=0, target=target, name="n", value=True, kind="boolean"),
        Event(project="p", id="", time=0, name="n"),
    ]).wait(10)  # fmt: skip
    span = recorded(store)
    assert valid_trace_id(span.trace_id)
    assert valid_span_id(span.span_id)
    assert (span.start, span.end) == (NOW, NOW)
    (score,), (event,) = store.scores(ScoreQuery()), store.events(EventQuery())
    assert len({score.id, event.id, ""}) == 3
    assert score.time == event.time == NOW


def test_a_span_never_ends_before_it_began(store):
    Recorder(store).record([call(end=NOW - 1)]).wait(10)
    assert recorded(store).end == NOW


def test_redactors_are_applied_in_order(store):
    def names(span: Span) -> Span:
        return structs.replace(span, input=span.input.replace("Ann", "NAME"), output=None)

    def shout(span: Span) -> Span:
        return structs.replace(span, input=span.input.upper())

    Recorder(store, redact=[names, shout]).record([call()]).wait(10)
    assert (recorded(store).input, recorded(store).output) == ('"MY NAME IS NAME"', None)


def test_when_a_redactor_fails_nothing_that_people_wrote_is_stored(store, caplog):
    def broken(span: Span) -> Span:
        raise RuntimeError("cannot tell")

    Recorder(store, redact=[broken]).record([call(error="Timeout: of Ann", attributes={"name": "Ann"})]).wait(10)
    span = recorded(store)
    assert (span.input, span.output, span.error) == (None, None, "Timeout:")
    assert span.attributes == {"hone.redaction": "failed: RuntimeError"}
    assert "a redactor failed" in caplog.text


def test_only_calls_without_a_cost_are_priced(store):
    spans = [call(span_id="1" * 16), call(span_id="2" * 16, cost=7.0), call(span_id="3" * 16, kind="step")]
    Recorder(store, price=lambda span: 0.5).record(spans).wait(10)
    assert {one.span_id[0]: one.cost for one in store.spans(SpanQuery())} == {"1": 0.5, "2": 7.0, "3": None}


def test_an_unknown_price_stays_unknown(store, caplog):
    def broken(span: Span) -> float:
        raise KeyError(span.model)

    Recorder(store, price=lambda span: None).record([call(span_id="1" * 16)]).wait(10)
    Recorder(store, price=broken).record([call(span_id="2" * 16)]).wait(10)
    assert [one.cost for one in store.spans(SpanQuery())] == [None, None]
    assert "is unknown" in caplog.text


def test_the_gateway_s_path_goes_through_the_same_steps(store):
    recorder = Recorder(store, redact=[lambda span: structs.replace(span, input=None)], price=lambda span: 0.5)
    assert recorder.spool([call()]) is None
    store.flush()
    assert (recorded(store).input, recorded(store).cost) == (None, 0.5)


def test_recording_can_be_awaited(store):
    receipt = asyncio.run(Recorder(store).arecord([call(), call()]))
    assert (receipt.written, receipt.repeated) == (1, 1)


def test_subscribers_see_records_as_they_were_stored(store):
    seen, arrived = [], threading.Event()
    recorder = Recorder(store, price=lambda span: 0.5)
    stop = recorder.subscribe(lambda records: (seen.extend(records), arrived.set()))
    recorder.record([call()]).wait(10)
    assert arrived.wait(10)
    stop()
    assert seen == [call(cost=0.5)]


def test_a_closed_store_is_said_so(store):
    store.close()
    with pytest.raises(StoreError, match="closed"):
        Recorder(store).record([call()])
