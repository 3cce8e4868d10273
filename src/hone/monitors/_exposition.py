"""What Prometheus reads: the meter's counters, and gauges of this very moment, in its text format or OpenMetrics."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from hone.monitors._histogram import Histogram
from hone.monitors._labels import OTHER
from hone.monitors._meter import Meter, Series

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_OPEN = "application/openmetrics-text"


class Live(Struct, frozen=True, kw_only=True):
    """What is true when it is asked for.

    `budgets` says of each budget and measure how full its fullest account is; None where that is unknown.
    """

    version: str
    config: str
    environment: str
    files_in_order: bool
    in_flight: int
    open_breakers: Mapping[str, int]
    queue_rows: int
    budgets: Mapping[Series, float] | None


def exposition(meter: Meter, live: Live, accept: str) -> tuple[bytes, str]:
    """All of it, and its content type, as the header `Accept` asks for it."""
    # Fifty milliseconds that only a server needs, and it only when somebody scrapes it.
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry()
    registry.register(_Collector(meter, live))
    ProcessCollector(registry=registry)
    # The library reads versions out of the header and stumbles over what is none.
    encode, content_type = choose_encoder(_OPEN if _OPEN in accept else "")
    return encode(registry), content_type


class _Collector:
    def __init__(self, meter: Meter, live: Live) -> None:
        self._meter = meter
        self._live = live

    def collect(self) -> "Iterable[Metric]":
        with self._meter.lock:
            counted = [*_counters(self._meter), *_histograms(self._meter)]
        return [*counted, *_gauges(self._live, self._meter.labels.models)]


def _counters(meter: Meter) -> "Iterable[Metric]":
    yield _counter("hone_calls", "Calls, by how they ended.", ["task", "variant", "status"], meter.calls)
    yield _counter(
        "hone_model_calls", "Attempts at models: retries and fallbacks count each.",
        ["model", "provider", "status", "error"], meter.model_calls,
    )  # fmt: skip
    yield _counter(
        "hone_tokens", "Tokens as the models' servers counted them; cache and reasoning are parts of the others.",
        ["model", "kind"], meter.tokens,
    )  # fmt: skip
    yield _counter("hone_cost_dollars", "What model calls with a known price cost.", ["model"], meter.dollars)
    yield _counter("hone_cache", "Calls that the cache was asked about.", ["result"], meter.cache)


def _histograms(meter: Meter) -> "Iterable[Metric]":
    yield _histogram("hone_call_seconds", "Calls from the door to their end.", ["task"], meter.seconds)
    yield _histogram(
        "hone_time_to_first_token_seconds", "Streams: from the attempt at a model to its first token.", ["model"],
        meter.first_token,
    )  # fmt: skip
    yield _histogram(
        "hone_gateway_overhead_seconds", "The part of a call in which no attempt at a model was going on.", [],
        {(): meter.overhead},
    )  # fmt: skip


def _gauges(live: Live, models: Iterable[str]) -> "Iterable[Metric]":
    about = (live.version, live.config, live.environment)
    yield _gauge("hone_build_info", "Version and configuration.", ["version", "config", "environment"], {about: 1.0})
    yield _gauge(
        "hone_config_last_reload_successful", "0 while the project's files are not in order.", [],
        {(): float(live.files_in_order)},
    )  # fmt: skip
    yield _gauge("hone_in_flight", "Calls that are going on.", [], {(): float(live.in_flight)})
    closed: dict[Series, float] = {(name,): 0.0 for name in sorted(models)}
    opened: dict[Series, float] = {(name if (name,) in closed else OTHER,): 1.0 for name in live.open_breakers}
    yield _gauge("hone_breaker_open", "1 while a model is left alone.", ["model"], closed | opened)
    yield _gauge("hone_telemetry_queue_rows", "Rows that wait to be written.", [], {(): float(live.queue_rows)})
    if live.budgets is not None:
        yield _gauge(
            "hone_budget_used_ratio", "Used and held of the limit; of the fullest account, where there are several.",
            ["budget", "measure"], live.budgets,
        )  # fmt: skip


def _counter(name: str, what: str, labels: list[str], values: Mapping[Series, float]) -> "Metric":
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, what, labels=labels)
    for series, value in values.items():
        family.add_metric(series, value)
    return family


def _histogram(name: str, what: str, labels: list[str], values: Mapping[Series, Histogram]) -> "Metric":
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(name, what, labels=labels)
    for series, histogram in values.items():
        family.add_metric(series, histogram.buckets(), sum_value=histogram.sum)
    return family


def _gauge(name: str, what: str, labels: list[str], values: Mapping[Series, float]) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, what, labels=labels)
    for series, value in values.items():
        family.add_metric(series, value)
    return family
