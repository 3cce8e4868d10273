"""What can be asked: the same answers from unsealed rows, from segments, and from both."""

import pytest
from msgspec import structs

from hone.core import Score, Span, Target, to_json
from hone.errors import StoreError
from hone.store import EventQuery, ScoreQuery, SpanQuery, Telemetry

MINUTE = 60 * 1_000_000_000
NOON = 1_790_000_000 * 1_000_000_000
HOUR = 60 * MINUTE
COUNT = 30


@pytest.fixture(params=["unsealed", "sealed", "half sealed", "compacted"])
def store(request, open_store, span, score, event) -> Telemetry:
    store = open_store()
    for first in range(0, COUNT, 10):
        numbers = range(first, first + 10)
        store.put([make(n) for n in numbers for make in (span, score, event)]).wait(10)
        if request.param == "compacted" or (request.param == "half sealed" and first < 20):
            store.seal()
    if request.param == "sealed":
        store.seal()
    if request.param == "compacted":
        assert store.compact() == 9
    return store


def numbers(found: list[Span]) -> list[int]:
    return [one.attributes["n"] for one in found]


def test_spans_come_newest_first(store, span):
    assert store.spans(SpanQuery(limit=100)) == [span(n) for n in reversed(range(COUNT))]


def test_a_page_goes_on_where_the_last_one_ended(store):
    seen, before = [], None
    while page := store.spans(SpanQuery(project="p", limit=7, before=before)):
        seen += numbers(page)
        before = (page[-1].start, page[-1].span_id)
    assert seen == list(reversed(range(COUNT)))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"model": "large"}, [n for n in range(COUNT) if n % 2]),
        ({"user": "u3", "model": "small"}, [8, 18, 28]),
        ({"tag": "blue"}, list(range(0, COUNT, 4))),
        ({"roots_only": True}, list(range(0, COUNT, 3))),
        ({"since": NOON + 5 * MINUTE, "until": NOON + 8 * MINUTE}, [5, 6, 7]),
        ({"trace_id": f"{3:032x}"}, [6, 7, 8]),
        ({"trace_ids": (f"{1:032x}", f"{10:032x}")}, [0, 1, 2, 27, 28, 29]),
        ({"span_ids": (f"{1:016x}", f"{30:016x}", f"{99:016x}")}, [0, 29]),
        ({"words": "PARCEL number7"}, [7]),
        ({"words": "way", "model": "large", "until": NOON + 4 * MINUTE}, [1, 3]),
        ({"words": "nowhere"}, []),
        ({"words": "?!"}, []),
        ({"project": "q"}, []),
        ({"status": "error"}, []),
        ({"kind": "llm", "name": "span 3"}, [3]),
    ],
)
def test_filters_restrict_the_answer(store, asked, expected):
    assert numbers(store.spans(SpanQuery(**{"project": "p", "limit": 100} | asked))) == expected[::-1]


def test_words_of_every_project_are_found_newest_first(store, span):
    store.put([span(n, project="a", span_id=f"{n:015x}f") for n in range(0, COUNT, 5)]).wait(10)
    found = store.spans(SpanQuery(words="parcel", limit=6))
    assert [(one.project, one.attributes["n"]) for one in found] == [
        ("p", 29), ("p", 28), ("p", 27), ("p", 26), ("a", 25), ("p", 25),
    ]  # fmt: skip


def test_a_page_of_words_goes_on_where_the_last_one_ended(store):
    seen, before = [], None
    while page := store.spans(SpanQuery(project="p", words="parcel", limit=7, before=before)):
        seen += numbers(page)
        before = (page[-1].start, page[-1].span_id)
    assert seen == list(reversed(range(COUNT)))


def test_a_trace_comes_whole_and_by_start(store, span):
    assert store.trace("p", f"{4:032x}") == [span(9), span(10), span(11)]
    assert store.trace("q", f"{4:032x}") == []
    assert store.trace("p", "no such trace") == []


def test_scores_are_found_by_name_author_and_target(store, score):
    assert store.scores(ScoreQuery(project="p", limit=100)) == [score(n) for n in reversed(range(COUNT))]
    assert store.scores(ScoreQuery(name="other")) == []
    assert store.scores(ScoreQuery(by="human")) == []
    assert store.scores(ScoreQuery(target_kind="span", ids=("score-3",))) == [score(3)]
    assert store.scores_of("p", [f"{5:016x}", f"{2:016x}", "unknown"]) == [score(4), score(1)]
    assert store.scores_of("p", []) == []


def test_events_are_found_by_name_and_subject(store, event):
    assert store.events(EventQuery(project="p", subject="task:answer", limit=2)) == [event(29), event(28)]
    assert store.events(EventQuery(name="alert")) == []


def test_records_are_counted_whatever_the_limit(store):
    assert store.count(SpanQuery(limit=1)) == COUNT
    assert store.count(SpanQuery(model="large", since=NOON + 10 * MINUTE)) == 10
    assert store.count(ScoreQuery(project="p")) == COUNT
    assert store.count(EventQuery(until=NOON + MINUTE)) == 1


def test_spans_are_not_counted_by_words(store):
    with pytest.raises(ValueError, match="words"):
        store.count(SpanQuery(words="parcel"))


def test_percentiles_by_model_and_hour(store):
    found = store.percentiles(SpanQuery(project="p"), by="model", bucket=HOUR)
    hours = [(start, model) for start in sorted({(NOON + n * MINUTE) // HOUR * HOUR for n in range(COUNT)})
             for model in ("large", "small")]  # fmt: skip
    assert [(one.bucket, one.by) for one in found] == hours
    for one in found:
        alike = [n for n in range(COUNT) if ("small", "large")[n % 2] == one.by]
        took = [1000 + n for n in alike if (NOON + n * MINUTE) // HOUR * HOUR == one.bucket]
        assert one.count == len(took)
        assert one.p50 == took[-(-len(took) // 2) - 1]
        assert (one.p95, one.p99) == (took[-1], took[-1])
        assert (one.cost, one.input_tokens, one.output_tokens) == (0.25 * len(took), 10 * len(took), 5 * len(took))


def test_figures_of_everything_are_one_row(store):
    (one,) = store.percentiles()
    assert (one.by, one.bucket, one.count, one.errors) == (None, None, COUNT, 0)


def test_top_users_by_count_and_by_latency(store, span):
    store.put([span(40, user="u9"), span(41, user=None), span(42, user="u1")]).wait(10)
    assert [(one.by, one.count) for one in store.top("user", SpanQuery(limit=2))] == [("u1", 7), ("u0", 6)]
    assert [one.by for one in store.top("user", SpanQuery(limit=1), order="p95")] == ["u1"]


def test_a_cost_nobody_knows_is_no_zero(store, span):
    store.put([span(50, model="new", cost=None)]).wait(10)
    (one,) = store.percentiles(SpanQuery(model="new"))
    assert one.cost is None


def test_a_dimension_that_spans_have_not_is_refused(store):
    with pytest.raises(ValueError, match="dimension"):
        store.top("input; DROP TABLE hot")


def test_values_of_scores_keep_their_type(store, score):
    values = [True, False, 0.0, -1.5, 1e300, "", "a word", "true"]
    given = [structs.replace(score(100 + n), value=value) for n, value in enumerate(values)]
    store.put(given).wait(10)
    found = store.scores(ScoreQuery(project="p", since=NOON + 100 * MINUTE))
    assert [(one.value, type(one.value)) for one in reversed(found)] == [(value, type(value)) for value in values]
    assert found[::-1] == given


def test_a_question_is_answered_from_a_newer_view_when_a_file_has_gone(open_store, store):
    """A reader took its view, then another process compacted and swept the files away."""
    store.seal()
    reader = open_store()
    mirror, first = reader._mirror, reader._mirror.view()
    store.put([Score(project="p", id="late", time=1, target=Target("span", "x"), name="n", value=1.0, kind="number")])
    store.flush()
    store.seal()
    store.compact()
    store.sweep()
    views = iter([first])
    now = mirror.view
    mirror.view = lambda: next(views, None) or now()
    assert store.count(SpanQuery()) == reader.count(SpanQuery()) == COUNT


def test_a_lost_file_is_named(store, tmp_path):
    store.seal()
    for path in (tmp_path / "blobs" / "telemetry" / "span").glob("*.parquet"):
        path.unlink()
    with pytest.raises(StoreError, match="missing"):
        store.spans(SpanQuery())


def test_the_newest_are_found_among_many_that_are_older(open_store, span):
    store = open_store()
    store.put([span(n) for n in range(5000)]).wait(30)
    store.put([span(9000, input=to_json("nothing to see"))]).wait(30)
    store.seal()
    assert numbers(store.spans(SpanQuery(limit=3))) == [9000, 4999, 4998]
    assert numbers(store.spans(SpanQuery(limit=3, user="u1", before=(NOON + 100 * MINUTE, "")))) == [96, 91, 86]
    assert numbers(store.spans(SpanQuery(limit=2, name="span 3"))) == [3]
