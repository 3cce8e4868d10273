"""Retries, and breakers that leave a failing model alone."""

import pytest

from hone.errors import UpstreamCut, UpstreamError, UpstreamGarbage, UpstreamRefused, UpstreamUnreachable
from hone.gateway._breaker import TRIPS_AFTER, Breakers
from hone.gateway._retry import passing, pause_before, retry_after

SECOND = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1000 * SECOND

    def __call__(self) -> int:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


def refused(status: int, **headers: str) -> UpstreamRefused:
    error = UpstreamRefused("no", status=status, body=b"")
    error.details = {name.replace("_", "-"): value for name, value in headers.items()}
    return error


# -- retries


@pytest.mark.parametrize("error", [refused(status) for status in (408, 429, 500, 502, 503, 504, 529)])
def test_what_may_pass_is_tried_again(error: UpstreamError) -> None:
    assert passing(error)


@pytest.mark.parametrize("error", [UpstreamUnreachable("x"), UpstreamCut("x"), UpstreamGarbage("x")])
def test_a_connection_that_failed_is_tried_again(error: UpstreamError) -> None:
    assert passing(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_will_be_refused_again_is_not(status: int) -> None:
    assert pause_before(1, refused(status), retries=5, left=60) is None


def test_there_are_as_many_retries_as_asked_for() -> None:
    error = refused(500)
    assert pause_before(1, error, retries=0, left=60) is None
    assert pause_before(2, error, retries=2, left=60) is not None
    assert pause_before(3, error, retries=2, left=60) is None


def test_pauses_are_spread_out_and_grow() -> None:
    error = refused(500)
    first = [pause_before(1, error, retries=9, left=60) or 0.0 for _ in range(300)]
    fourth = [pause_before(4, error, retries=9, left=60) or 0.0 for _ in range(300)]
    assert max(first) <= 0.5
    assert len(set(first)) > 250
    assert 1.0 < max(fourth) <= 4.0
    assert max(pause_before(9, error, retries=9, left=60) or 0.0 for _ in range(300)) <= 8.0


def test_what_the_upstream_asks_for_is_honoured() -> None:
    for _ in range(50):
        assert 3.0 <= (pause_before(1, refused(429, retry_after="3"), retries=1, left=60) or 0.0) <= 3.3
    assert retry_after(refused(429, retry_after_ms="1500", retry_after="2")) == 1.5
    assert retry_after(refused(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")) is None
    assert retry_after(refused(429, retry_after="-1")) is None
    assert retry_after(refused(429, retry_after="nan")) is None


def test_a_pause_that_does_not_fit_is_no_retry() -> None:
    assert pause_before(1, refused(429, retry_after="30"), retries=5, left=10) is None


# -- leaving a model alone


def test_a_model_that_keeps_failing_is_left_alone_and_then_probed_once() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    for _ in range(TRIPS_AFTER):
        assert breakers.allows("a")
        breakers.failed("a")
    assert not breakers.allows("a")
    assert list(breakers.open()) == ["a"]
    assert breakers.allows("b"), "each model has its own"
    clock.wait(5.1)
    assert breakers.allows("a")
    assert not breakers.allows("a"), "one probe at a time"
    breakers.succeeded("a")
    assert breakers.allows("a")
    assert breakers.open() == {}


def test_probes_that_fail_double_the_time_up_to_a_minute() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    for _ in range(TRIPS_AFTER):
        breakers.failed("a")
    for seconds in (5, 10, 20, 40, 60, 60):
        clock.wait(seconds - 0.1)
        assert not breakers.allows("a")
        clock.wait(0.2)
        assert breakers.allows("a")
        breakers.failed("a")


def test_a_success_in_between_starts_the_count_again() -> None:
    breakers = Breakers(Clock())
    for _ in range(3):
        for _ in range(TRIPS_AFTER - 1):
            breakers.failed("a")
        breakers.succeeded("a")
    assert breakers.allows("a")


def test_a_probe_that_says_nothing_lets_the_next_one_probe() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    for _ in range(TRIPS_AFTER):
        breakers.failed("a")
    clock.wait(6)
    assert breakers.allows("a")
    breakers.undecided("a")
    assert breakers.allows("a")


def test_who_asks_to_be_left_alone_is_left_alone_at_once() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    breakers.failed("a", 3.0)
    assert not breakers.allows("a")
    clock.wait(3.1)
    assert breakers.allows("a")
    breakers.failed("a", 86_400.0)
    clock.wait(61)
    assert breakers.allows("a"), "a minute at most: a wrong header costs no day"
