"""The nouns every room shares, as frozen structs; ids, clock, money, semantics. No I/O happens here."""

from hone.core._bounded import forget_oldest
from hone.core._changes import Change, Diff, diff
from hone.core._clock import Clock, now_ns, utc
from hone.core._event import Event
from hone.core._fields import TYPES, is_strict, object_schema, spelled_out
from hone.core._ids import new_id, new_span_id, new_trace_id, valid_span_id, valid_trace_id
from hone.core._intervals import Rate, wilson
from hone.core._jsontext import from_json, text_in, to_json
from hone.core._keywords import TooLong
from hone.core._lazy import lazily
from hone.core._money import Price, cost_of
from hone.core._passage import Passage
from hone.core._schema import Schema, SchemaProblem, Violation, compiled, known
from hone.core._score import Score, ScoreBy, ScoreKind, Target, TargetKind, kind_of
from hone.core._span import Span, SpanStatus
from hone.core._usage import Usage
from hone.core._words import words

__all__ = [
    "TYPES",
    "Change",
    "Clock",
    "Diff",
    "Event",
    "Passage",
    "Price",
    "Rate",
    "Schema",
    "SchemaProblem",
    "Score",
    "ScoreBy",
    "ScoreKind",
    "Span",
    "SpanStatus",
    "Target",
    "TargetKind",
    "TooLong",
    "Usage",
    "Violation",
    "compiled",
    "cost_of",
    "diff",
    "forget_oldest",
    "from_json",
    "is_strict",
    "kind_of",
    "known",
    "lazily",
    "new_id",
    "new_span_id",
    "new_trace_id",
    "now_ns",
    "object_schema",
    "spelled_out",
    "text_in",
    "to_json",
    "utc",
    "valid_span_id",
    "valid_trace_id",
    "wilson",
    "words",
]
