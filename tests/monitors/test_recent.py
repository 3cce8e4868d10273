"""The last minutes in memory: what is forgotten, and what is too much to be remembered."""

from hone.core import Span
from hone.monitors import KEPT, Recent

SECOND = 1_000_000_000
MINUTE = 60 * SECOND


def an_attempt(start: int, duration: int = SECOND, **fields) -> Span:
    about = {"status": "ok", "duration": duration, "overhead": 5, "attempts": 1}
    return Span(
        **(
            {"project": "p", "trace_id": "a" * 32, "span_id": "b" * 16, "kind": "llm", "name": "fast", "model": "fast"}
            | {"provider": "openai", "start": start, "end": start + duration}
            | {"attributes": {"config": "c", "call": about}}
            | fields
        )
    )


def test_what_is_older_than_the_window_is_forgotten():
    now = [10 * MINUTE]
    recent = Recent(lambda: now[0], minutes=5)
    recent.see([an_attempt(4 * MINUTE), an_attempt(6 * MINUTE), an_attempt(9 * MINUTE)])
    assert recent.traffic().calls == recent.traffic().models[0].calls == 2
    now[0] = 13 * MINUTE
    assert recent.traffic().calls == 1
    now[0] = 60 * MINUTE
    assert (recent.traffic().calls, recent.traffic().models, recent.traffic().overhead) == (0, [], None)


def test_quantiles_are_values_that_occurred():
    recent = Recent(lambda: MINUTE, minutes=5)
    recent.see([an_attempt(0, duration=n) for n in range(1, 101)])
    latency = recent.traffic().models[0].latency
    assert (latency.p50, latency.p95, latency.p99) == (50, 95, 99)


def test_more_than_can_be_remembered_says_where_it_begins():
    recent = Recent(lambda: MINUTE, minutes=5)
    assert recent.traffic().since is None
    recent.see([an_attempt(n) for n in range(KEPT + 10)])
    found = recent.traffic()
    assert found.calls == KEPT
    assert found.since == 10 + SECOND


def test_spans_of_other_programs_are_not_the_gateways():
    recent = Recent(lambda: MINUTE, minutes=5)
    recent.see([an_attempt(0, attributes={}), an_attempt(0, attributes={"config": "c"}, provider=None)])
    found = recent.traffic()
    assert (found.calls, found.models) == (0, [])
