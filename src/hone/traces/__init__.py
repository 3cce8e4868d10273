"""See what happened: the one way in for spans, scores and events, and the questions asked of them."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.traces._matching import newest_of
    from hone.traces._normal import Record
    from hone.traces._recorder import Recorder
    from hone.traces._spooler import Place, Pricer, Redactor, Spooler
    from hone.traces._traces import TraceFilter, Traces
    from hone.traces._views import SpanNode, TraceDetail, TracePage, TraceRow, passages_in
    from hone.traces._wording import filter_from, wording

__getattr__ = lazily(
    __name__,
    {
        "Place": "_spooler",
        "Pricer": "_spooler",
        "Record": "_normal",
        "Recorder": "_recorder",
        "Redactor": "_spooler",
        "SpanNode": "_views",
        "Spooler": "_spooler",
        "TraceDetail": "_views",
        "TraceFilter": "_traces",
        "TracePage": "_views",
        "TraceRow": "_views",
        "Traces": "_traces",
        "filter_from": "_wording",
        "newest_of": "_matching",
        "passages_in": "_views",
        "wording": "_wording",
    },
)

__all__ = [
    "Place",
    "Pricer",
    "Record",
    "Recorder",
    "Redactor",
    "SpanNode",
    "Spooler",
    "TraceDetail",
    "TraceFilter",
    "TracePage",
    "TraceRow",
    "Traces",
    "filter_from",
    "newest_of",
    "passages_in",
    "wording",
]
