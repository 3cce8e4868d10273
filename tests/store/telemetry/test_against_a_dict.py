"""Any sequence of operations leaves the store with what a plain dict would hold."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import structs

from hone.core import Score, Span, Target, text_in, to_json
from hone.store import Limits, ScoreQuery, SpanQuery, Telemetry, open_database

HOUR = 3600 * 1_000_000_000
EARLY = 1_790_000_000 * 1_000_000_000
ALL = 10_000
WORDS = ("alpha", "beta", "gamma", "délta")

_texts = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=8)
spans = st.builds(
    lambda number, hours, words, project, text, model: Span(
        project=project,
        trace_id=f"{number // 3 + 1:032x}",
        span_id=f"{number + 1:016x}",
        parent_id=None if number % 3 == 0 else "1" * 16,
        name=text,
        start=EARLY + hours * HOUR,
        end=EARLY + hours * HOUR + number,
        model=model,
        input=to_json(words),
        output=to_json(text),
        attributes={"text": text},
    ),
    number=st.integers(0, 40),
    hours=st.integers(0, 60),
    words=st.lists(st.sampled_from(WORDS), max_size=3),
    project=st.sampled_from("pq"),
    text=_texts,
    model=st.sampled_from(["small", "large", None]),
)
scores = st.builds(
    lambda number, hours, value: Score(
        project="p",
        id=str(number),
        time=EARLY + hours * HOUR,
        target=Target("span", "x"),
        name="n",
        value=value,
        kind="number",
    ),
    number=st.integers(0, 20),
    hours=st.integers(0, 60),
    value=st.one_of(st.floats(allow_nan=False), st.booleans(), _texts),
)
either = st.integers(0, 1)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database: copying it is faster than making it."""
    path = tmp_path_factory.mktemp("template") / "hone.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


def _key(span: Span) -> tuple[str, str, str]:
    return span.project, span.trace_id, span.span_id


def _newest(found: list[Span]) -> list[Span]:
    return sorted(found, key=lambda one: (one.start, one.span_id), reverse=True)


class Store(RuleBasedStateMachine):
    """Two processes' worth of stores over one folder, and dicts that know better."""

    template: Path

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hone-model-"))
        shutil.copyfile(self.template, self.folder / "hone.db")
        self.engine = open_database(f"sqlite:///{self.folder / 'hone.db'}")
        self.stores = [self._open(), self._open()]
        self.spans: dict[tuple[str, str, str], Span] = {}
        self.scores: dict[str, Score] = {}

    def _open(self) -> Telemetry:
        limits = Limits(background=False, grace_seconds=0.0, group_rows=7, group_seconds=0.0, segment_rows=60)
        return Telemetry(self.engine, self.folder / "blobs", spool=self.folder / "spool", limits=limits)

    @rule(which=either, given=st.lists(spans, max_size=20))
    def put_spans(self, which: int, given: list[Span]) -> None:
        fresh = []
        for span in given:
            fresh.append(_key(span) not in self.spans)
            self.spans.setdefault(_key(span), span)
        assert self.stores[which].put(given).wait(10).fresh == tuple(fresh)

    @rule(which=either, given=st.lists(scores, max_size=8))
    def put_scores(self, which: int, given: list[Score]) -> None:
        fresh = []
        for score in given:
            fresh.append(score.id not in self.scores)
            self.scores.setdefault(score.id, score)
        assert self.stores[which].put(given).wait(10).fresh == tuple(fresh)

    @rule(which=either, given=st.lists(spans, min_size=1, max_size=12))
    def spool(self, which: int, given: list[Span]) -> None:
        self.stores[which].spool(given)
        self.stores[which].flush()
        for span in given:
            self.spans.setdefault(_key(span), span)

    @rule(which=either)
    def seal(self, which: int) -> None:
        self.stores[which].seal()

    @rule(which=either)
    def compact(self, which: int) -> None:
        self.stores[which].compact()

    @rule(which=either)
    def sweep(self, which: int) -> None:
        self.stores[which].sweep()

    @rule(which=either)
    def reopen(self, which: int) -> None:
        self.stores[which].close()
        self.stores[which] = self._open()

    @rule(which=either, hours=st.integers(-5, 70), bodies=st.one_of(st.none(), st.integers(-5, 70)))
    def retain(self, which: int, hours: int, bodies: int | None) -> None:
        before, bodies_before = EARLY + hours * HOUR, None if bodies is None else EARLY + bodies * HOUR
        self.stores[which].retain(before, bodies_before)
        self._accept_what_was_forgotten(before, bodies_before or 0)

    def _accept_what_was_forgotten(self, before: int, bodies_before: int) -> None:
        """Retention works on whole segments, so it may leave more than it must, never less."""
        found = {_key(one): one for one in self.stores[0].spans(SpanQuery(limit=ALL))}
        for key, span in list(self.spans.items()):
            if key not in found:
                assert span.start < before
                del self.spans[key]
            elif span.start < bodies_before and found[key].input is None:
                self.spans[key] = structs.replace(span, input=None, output=None)
        left = {one.id for one in self.stores[0].scores(ScoreQuery(limit=ALL))}
        for name, score in list(self.scores.items()):
            if name not in left:
                assert score.time < before
                del self.scores[name]

    @rule(which=either)
    def forget_everything(self, which: int) -> None:
        store = self.stores[which]
        store.seal()
        store.retain(EARLY + 100 * HOUR)
        assert store.spans(SpanQuery()) == []
        self.spans.clear()
        self.scores.clear()

    @rule(which=either, bodies=st.integers(0, 70))
    def forget_bodies(self, which: int, bodies: int) -> None:
        store, before = self.stores[which], EARLY + bodies * HOUR
        store.seal()
        store.retain(0, before)
        for key, span in self.spans.items():
            if span.start < before:
                self.spans[key] = structs.replace(span, input=None, output=None)

    @rule(
        which=either,
        project=st.sampled_from([None, "p", "q"]),
        model=st.sampled_from([None, "small"]),
        since=st.one_of(st.none(), st.integers(0, 60)),
        until=st.one_of(st.none(), st.integers(0, 60)),
        words=st.lists(st.sampled_from(WORDS), max_size=2),
        limit=st.integers(1, 30),
    )
    def ask(self, which, project, model, since, until, words, limit) -> None:
        low, high = (None if hours is None else EARLY + hours * HOUR for hours in (since, until))
        query = SpanQuery(
            project=project, model=model, since=low, until=high, words=" ".join(words) or None, limit=limit
        )
        expected = [
            one
            for one in self.spans.values()
            if (project is None or one.project == project)
            and (model is None or one.model == model)
            and (low is None or one.start >= low)
            and (high is None or one.start < high)
            and set(words) <= set(text_in(one.input).split())
        ]
        found = self.stores[which].spans(query)
        # Two projects may have spans of the same start and id: those may come in either order.
        assert [(one.start, one.span_id) for one in found] == [
            (one.start, one.span_id) for one in _newest(expected)[:limit]
        ]
        assert all(one in expected for one in found)

    @rule(which=either, number=st.integers(0, 14), project=st.sampled_from("pq"))
    def trace(self, which: int, number: int, project: str) -> None:
        trace_id = f"{number + 1:032x}"
        expected = [one for one in self.spans.values() if (one.project, one.trace_id) == (project, trace_id)]
        found = self.stores[which].trace(project, trace_id)
        assert found == sorted(expected, key=lambda one: (one.start, one.span_id))

    @invariant()
    def both_hold_what_the_dicts_hold(self) -> None:
        for store in getattr(self, "stores", []):
            assert {_key(one): one for one in store.spans(SpanQuery(limit=ALL))} == self.spans
            assert store.count(SpanQuery()) == len(self.spans)
            assert {one.id: one for one in store.scores(ScoreQuery(limit=ALL))} == self.scores
            assert store.count(ScoreQuery()) == len(self.scores)

    def teardown(self) -> None:
        for store in getattr(self, "stores", []):
            store.close()
        if hasattr(self, "engine"):
            self.engine.dispose()
            shutil.rmtree(self.folder)


def test_any_sequence_of_operations_leaves_what_a_dict_would_hold(template):
    class Here(Store):
        pass

    Here.template = template
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
