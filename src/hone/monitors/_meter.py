"""The meter: counts what committed spans tell, off the way of the calls themselves.

A process that writes the telemetry of several workers counts for all of them. Counters begin at 0 with the process.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence

from hone.core import Event, Score, Span
from hone.monitors._histogram import CALL, FIRST_TOKEN, OVERHEAD, Histogram
from hone.monitors._labels import OTHER, Labels
from hone.monitors._seen import Whole, amount, asked_a_model, whole_call
from hone.project import Project

Series = tuple[str, ...]
"""The values of the labels, in the order that the exposition names them."""

_KINDS = {
    "input": "input_tokens", "output": "output_tokens", "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens", "reasoning": "reasoning_tokens",
}  # fmt: skip
_NS = 1_000_000_000
_RESULTS = ("hit", "miss")


class Meter:
    """Fed by one thread; `lock` is held by whoever reads."""

    def __init__(self, project: Callable[[], Project]) -> None:
        self.lock = threading.Lock()
        self.calls: dict[Series, float] = defaultdict(float)  # task, variant, status
        self.model_calls: dict[Series, float] = defaultdict(float)  # model, provider, status, error
        self.tokens: dict[Series, float] = defaultdict(float)  # model, kind
        self.dollars: dict[Series, float] = defaultdict(float)  # model
        self.cache: dict[Series, float] = defaultdict(float)  # result
        self.seconds: dict[Series, Histogram] = defaultdict(lambda: Histogram(CALL))  # task
        self.first_token: dict[Series, Histogram] = defaultdict(lambda: Histogram(FIRST_TOKEN))  # model
        self.overhead = Histogram(OVERHEAD)
        self._project = project
        self._labels = Labels(project())

    @property
    def labels(self) -> Labels:
        """Of the edition of the project that is in force."""
        if (project := self._project()) is not self._labels.project:
            self._labels = Labels(project)
        return self._labels

    def see(self, records: Sequence[Span | Score | Event]) -> None:
        """Count a group of newly committed records."""
        labels = self.labels
        with self.lock:
            for record in records:
                if isinstance(record, Span) and "config" in record.attributes:
                    self._see(record, labels)

    def _see(self, span: Span, labels: Labels) -> None:
        if (whole := whole_call(span)) is not None:
            self._call(span, whole, labels)
        if asked_a_model(span):
            self._model_call(span, labels)
        result = span.attributes.get("cache")
        if span.kind == "llm" and span.status == "ok" and result is not None:
            self.cache[(result if result in _RESULTS else OTHER,)] += 1

    def _call(self, span: Span, whole: Whole, labels: Labels) -> None:
        task, variant = labels.task(span)
        self.calls[task, variant, whole.status] += 1
        self.seconds[(task,)].observe(whole.duration / _NS)
        if whole.attempts:
            self.overhead.observe(whole.overhead / _NS)

    def _model_call(self, span: Span, labels: Labels) -> None:
        model = labels.model(span.model)
        self.model_calls[model, labels.provider(span.provider), span.status, labels.error(span)] += 1
        for kind, field in _KINDS.items():
            if tokens := amount(getattr(span, field)):
                self.tokens[model, kind] += tokens
        if dollars := amount(span.cost):
            self.dollars[(model,)] += dollars
        if span.first_token is not None and span.first_token >= 0:
            self.first_token[(model,)].observe(span.first_token / _NS)
