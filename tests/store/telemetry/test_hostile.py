"""Texts that break parsers, encodings and terminals come back equal, from the journal and from a segment."""

import pytest

from hone.core import from_json, to_json
from hone.store import EventQuery, ScoreQuery, SpanQuery

TEXTS = [
    "a\0b",
    "\0" * 100,
    "",
    "'; DROP TABLE journal; -- \" ` \\",
    "%_*?[]{}$1 $files :name",
    "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f",
    "\x1b[2J\x1b]0;title\x07",
    "\u202eevil\u202c שלום مرحبا",
    "Z" + "\u0301" * 500,
    "👩‍👩‍👧‍👦🏴‍☠️",
    "\U0010ffff\ufeff\ufffe\uffff",
    "<script>alert(1)</script>&amp;",
    '{"a": [1, "\\u0000"]}',
    "x" * 3_000_000,
    "long" * 20_000,
    "\r\n\n\r\u2028\u2029\x85",
    "İıŞş ß ﬁ",
]


@pytest.fixture(params=["unsealed", "sealed", "compacted"])
def settle(request, store, span):
    def settle_it() -> None:
        if request.param != "unsealed":
            store.seal()
        if request.param == "compacted":
            store.put([span(40)]).wait(10)
            store.seal()
            assert store.compact() >= 2

    return settle_it


def test_any_text_comes_back_equal_from_every_field(store, settle, span, score, event):
    spans = [
        span(n, trace_id=f"t{n}", name=text, error=text, user=text, session=text, tags=(text, ""), task=text,
             model=text, input=to_json(text), output=text, attributes={"text": text, text: [text, {"deep": text}]})
        for n, text in enumerate(TEXTS)
    ]  # fmt: skip
    scores = [
        score(n, name=text, value=text, kind="text", comment=text, attributes={text: 1}) for n, text in enumerate(TEXTS)
    ]
    events = [event(n, name=text, subject=text, attributes={text: text}) for n, text in enumerate(TEXTS)]
    store.put([*spans, *scores, *events]).wait(30)
    settle()
    for n, text in enumerate(TEXTS):
        assert store.trace("p", f"t{n}") == [spans[n]]
        assert store.spans(SpanQuery(user=text, task=text, tag=text, name=text, model=text)) == [spans[n]]
        assert store.scores(ScoreQuery(name=text)) == [scores[n]]
        assert store.events(EventQuery(name=text, subject=text)) == [events[n]]


def test_any_text_can_be_the_id_and_the_project(store, settle, span, score):
    spans = [span(0, project=text, trace_id=text, span_id=text) for text in TEXTS]
    scores = [score(0, project=text, id=text) for text in TEXTS]
    store.put([*spans, *scores]).wait(30)
    settle()
    assert not any(store.put([*spans, *scores]).wait(30).fresh)
    for n, text in enumerate(TEXTS):
        assert store.trace(text, text) == [spans[n]]
        assert store.scores(ScoreQuery(project=text)) == [scores[n]]


def test_any_text_can_be_searched_for(store, settle, span):
    given = [span(n, input=to_json(f"{text} parcel"), output=to_json(text)) for n, text in enumerate(TEXTS)]
    store.put(given).wait(30)
    settle()
    for n, text in enumerate(TEXTS):
        assert given[n] in store.spans(SpanQuery(words=f"{text} parcel"))


def test_a_lone_surrogate_in_a_json_text_survives_and_elsewhere_becomes_the_replacement_character(store, settle, span):
    given = span(0, name="half \ud83d", input='["half \ud83d"]', output=to_json("half \udc00"),
                 tags=("\udc00",), attributes={"half": "\ud83d"})  # fmt: skip
    store.put([given]).wait(10)
    settle()
    (found,) = store.trace("p", given.trace_id)
    assert found.name == "half \ufffd"
    assert found.tags == ("\ufffd",)
    assert from_json(found.input) == ["half \ud83d"]
    assert found.output == given.output
    assert found.attributes == given.attributes


def test_a_lone_surrogate_in_a_question_finds_nothing_and_breaks_nothing(store, span):
    store.put([span(0)]).wait(10)
    assert store.spans(SpanQuery(user="\ud800")) == []
    assert store.spans(SpanQuery(words="\ud800")) == []
    assert store.trace("p", "\ud800") == []


def test_times_are_exact_to_the_nanosecond(store, settle, span):
    edges = [span(n, start=start, end=start) for n, start in enumerate([1, 2**53 + 1, 1_790_000_000_123_456_789])]
    store.put(edges).wait(10)
    settle()
    found = store.spans(SpanQuery(until=1_790_000_000_123_456_790))
    assert sorted(found, key=lambda one: one.start) == edges
    assert store.spans(SpanQuery(since=2**53 + 1, until=2**53 + 2)) == [edges[1]]


def test_attributes_keep_what_json_can_say(store, settle, span):
    attributes = {"int": 2**80, "float": 0.1, "none": None, "list": [1, [2.5, {"x": True}]], "": "", "é": "é"}
    store.put([span(0, attributes=attributes)]).wait(10)
    settle()
    (found,) = store.trace("p", span(0).trace_id)
    assert found.attributes == attributes


def test_a_folder_with_a_pattern_in_its_name_is_a_folder(engine, tmp_path, span):
    from hone.store import Limits, Telemetry

    odd = tmp_path / "we[ir]d *?' dir"
    with Telemetry(engine, odd, limits=Limits(background=False)) as store:
        store.put([span(0)]).wait(10)
        store.seal()
        assert store.spans(SpanQuery(words="parcel")) == store.spans(SpanQuery()) == [span(0)]
