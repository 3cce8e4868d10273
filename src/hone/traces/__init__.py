"""See what happened: the one way in for spans, scores and events, and the questions asked of them."""

from hone.traces._matching import newest_of
from hone.traces._normal import Record
from hone.traces._recorder import Pricer, Recorder, Redactor
from hone.traces._traces import TraceFilter, Traces
from hone.traces._views import SpanNode, TraceDetail, TracePage, TraceRow, passages_in
from hone.traces._wording import filter_from, wording

__all__ = [
    "Pricer",
    "Record",
    "Recorder",
    "Redactor",
    "SpanNode",
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
