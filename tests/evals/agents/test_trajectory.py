"""The way an agent took: tools, their order and arguments, spans, and the goal."""

import itertools
from typing import Any

import pytest

from hone.core import Span
from hone.datasets import Example
from hone.errors import CallError
from hone.evals import Answer, Evaluator, Given, Question, Told, make
from hone.evals.metrics.agents._used import in_sequence
from hone.evals.metrics.agents._wanted import glob, several
from hone.store import Judgement

MS = 1_000_000


def span(name: str, kind: str = "tool", start: int = 0, ms: int = 1, **more: Any) -> Span:
    return Span(
        project="p",
        trace_id="t",
        span_id=f"{name}{start}",
        kind=kind,
        name=name,
        start=start,
        end=start + ms * MS,
        **more,
    )


def traced(*spans: Span) -> Answer:
    return Answer(text="done", spans=lambda: spans)


def called(*names: str) -> Answer:
    return Answer(tool_calls=tuple({"function": {"name": name, "arguments": "{}"}} for name in names))


def judged(asked: Any, answer: Answer, *, given: Given | None = None, **example: Any) -> Judgement:
    (evaluator,) = make([asked], given=given)
    (found,) = evaluator.judgements(Example(input="q", **example), answer)
    return found


def right(kind: str, value: Any, answer: Answer) -> Any:
    return judged({"type": kind, "value": value}, answer).value


TRIP = traced(
    span("plan", "llm", 0),
    span("book_flight", start=30, input='{"to": "Bern", "seats": 2}'),
    span("search_flights", start=10, input='{"to": "Bern"}'),
    span("search_hotels", start=20, attributes={"gen_ai.tool.call.arguments": '"{\\"city\\": \\"Bern\\"}"'}),
)


@pytest.mark.parametrize(
    ("value", "used"),
    [
        ("book_flight", True),
        ("pay", False),
        (["search_flights", "book_flight"], True),
        (["search_flights", "pay"], False),
        ("search_*", True),
        ({"pattern": "SEARCH_*", "min": 2, "max": 2}, True),
        ({"pattern": "search_*", "max": 1}, False),
        ({"name": "pay", "max": 0}, True),
        ({"name": "book_flight", "min": 2}, False),
    ],
)
def test_tools_that_are_wanted_were_used_so_often(value: Any, used: bool) -> None:
    assert right("trajectory:tool-used", value, TRIP) is used


def test_a_tool_may_be_named_behind_the_colon_or_by_the_example() -> None:
    assert judged("trajectory:tool-used:book_flight", TRIP).value is True
    assert judged("trajectory:tool-used", TRIP, metadata={"tools": ["pay"]}).value is False
    (evaluator,) = make(["trajectory:tool-used"])
    assert evaluator.judgements(Example(input="q"), TRIP) == []


def test_without_a_trace_the_tool_calls_of_the_conversation_count() -> None:
    calls = [{"function": {"name": "search", "arguments": "{}"}}]
    talk = Answer(messages=({"role": "assistant", "tool_calls": calls}, {"role": "assistant", "tool_calls": None}))
    assert right("trajectory:tool-used", "search", talk) is True
    assert right("trajectory:tool-used", "search", called("search")) is True
    assert right("trajectory:tool-used", "search", traced(span("ask", "llm"))) is False


@pytest.mark.parametrize(
    ("mode", "used", "fits"),
    [
        ("in_order", "abc", True),
        ("in_order", "axbxc", True),
        ("in_order", "acb", False),
        ("exact", "abc", True),
        ("exact", "abxc", False),
        ("subset", "cxab", True),
        ("subset", "ab", False),
        ("unordered", "cab", True),
        ("unordered", "cabx", False),
    ],
)
def test_a_sequence_is_compared_by_its_mode(mode: str, used: str, fits: bool) -> None:
    steps = {"steps": ["a", "b", "c"], "mode": mode}
    assert right("trajectory:tool-sequence", steps, called(*used)) is fits
    asked = {"type": "trajectory:tool-sequence", "value": ["a", "b", "c"], "mode": mode.replace("_", "-")}
    assert judged(asked, called(*used)).value is fits


def test_a_pattern_leaves_the_names_that_others_need() -> None:
    """Against every way to hand out the uses: greedy hand-outs fail here."""
    kinds = ["*", "a*", "ab", "b"]
    for wanted in itertools.product(kinds, repeat=3):
        for used in itertools.product(["ab", "ac", "b"], repeat=3):
            expected = several("x", list(wanted))
            possible = any(
                all(w.fits(u) for w, u in zip(expected, order, strict=True)) for order in itertools.permutations(used)
            )
            assert in_sequence("unordered", used, expected) is possible


def test_the_order_is_that_in_which_the_spans_began() -> None:
    assert right("trajectory:tool-sequence", ["search_flights", "search_hotels", "book_flight"], TRIP) is True
    assert right("trajectory:tool-sequence", ["book_flight", "search_flights"], TRIP) is False


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ({"name": "book_flight", "args": {"to": "Bern"}}, True),
        ({"name": "book_flight", "args": {"to": "Bern"}, "mode": "exact"}, False),
        ({"name": "book_flight", "args": {"to": "Bern"}, "mode": "exact", "defaults": {"seats": 2}}, True),
        ({"name": "book_flight", "args": {"to": "Bern"}, "mode": "exact", "defaults": {"seats": 1}}, False),
        ({"name": "book_flight", "args": {"to": "Bern"}, "mode": "exact", "ignore": ["sea*"]}, True),
        ({"name": "book_flight", "arguments": {"to": "Basel"}}, False),
        ({"pattern": "search_*", "args": {"city": "Bern"}}, True),
        ({"name": "pay", "args": {}}, False),
        ({"name": "book_flight", "args": {"seats": True}}, False),
    ],
)
def test_arguments_are_compared_in_part_or_whole(value: Any, fits: bool) -> None:
    assert right("trajectory:tool-args-match", value, TRIP) is fits


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ({"type": "tool", "max": 3}, True),
        ({"type": "tool", "pattern": "search_*", "min": 3}, False),
        ({"type": "message", "min": 1, "max": 1}, True),
        ({"type": "command", "max": 0}, True),
        ({"max": 3}, False),
    ],
)
def test_steps_are_counted_by_kind_and_name(value: Any, fits: bool) -> None:
    assert right("trajectory:step-count", value, TRIP) is fits


def test_a_tool_that_runs_a_command_is_a_command() -> None:
    shell = traced(span("shell", input='{"cmd": "ls"}'))
    assert right("trajectory:step-count", {"type": "command", "min": 1}, shell) is True


def test_skills_are_calls_of_the_tool_skill() -> None:
    used = traced(span("Skill", input='{"skill": "pdf"}'), span("pdf", start=2))
    assert right("skill-used", "pdf", used) is True
    assert right("skill-used", {"pattern": "p*", "max": 1}, used) is True
    assert right("skill-used", "excel", used) is False


def test_spans_are_counted() -> None:
    assert right("trace-span-count", {"pattern": "*flight*", "min": 2, "max": 2}, TRIP) is True
    assert right("trace-span-count", {"pattern": "*flight*", "max": 1}, TRIP) is False
    found = judged({"type": "trace-span-count", "value": {"min": 1}}, Answer())
    assert (found.value, found.explanation) == (False, "no spans came with the answer")


def test_spans_take_no_longer_than_asked_or_most_of_them() -> None:
    spans = traced(*(span("q", start=n, ms=n) for n in range(1, 11)))
    assert right("trace-span-duration", {"max": 10}, spans) is True
    assert right("trace-span-duration", {"max": 9}, spans) is False
    assert right("trace-span-duration", {"max": 9, "percentile": 90}, spans) is True
    assert right("trace-span-duration", {"max": 5, "percentile": 51}, spans) is False
    assert right("trace-span-duration", {"max": 1, "pattern": "other"}, spans) is True
    assert "q 10 ms" in (judged({"type": "trace-span-duration", "value": {"max": 9}}, spans).explanation or "")


def test_failed_spans_are_counted_or_their_share_is() -> None:
    broken = span("pay", start=9, status="error", error="Timeout after 3 s")
    spans = traced(broken, *(span("ok", start=n) for n in range(3)))
    found = judged("trace-error-spans", spans)
    assert (found.value, found.explanation) == (False, "1 of 4 spans failed: pay: Timeout after 3 s")
    for value, fine in [
        (1, True),
        ({"max_percentage": 25}, True),
        ({"max_percentage": 24}, False),
        ({"pattern": "ok"}, True),
        ({"max_count": 0, "max_percentage": 100}, False),
    ]:
        assert right("trace-error-spans", value, spans) is fine


@pytest.mark.parametrize(
    "asked",
    [
        "trajectory",
        "trajectory:luck",
        {"type": "trajectory:tool-used", "value": [3]},
        {"type": "trajectory:tool-used", "value": []},
        {"type": "trajectory:tool-sequence", "value": {"steps": ["a"], "mode": "backwards"}},
        {"type": "trajectory:tool-sequence", "value": {"mode": "exact"}},
        {"type": "trajectory:tool-args-match", "value": {"name": "a"}},
        {"type": "trajectory:tool-args-match", "value": {"name": "a", "args": {}, "arg": 1}},
        {"type": "trajectory:step-count", "value": {"type": "tool"}},
        {"type": "trajectory:step-count", "value": {"min": "one"}},
        {"type": "trace-span-duration", "value": {"percentile": 95}},
        {"type": "trace-span-duration", "value": {"max": 1, "percentile": 950}},
        {"type": "trace-span-count", "value": 3},
        {"type": "trace-error-spans", "value": {"max": 3}},
        {"type": "trajectory:goal-success", "value": "x"},
        "skill-used:pdf",
    ],
)
def test_what_is_written_wrong_is_told_before_the_first_call(asked: Any) -> None:
    with pytest.raises(CallError):
        make([asked])


def test_patterns_know_stars_and_question_marks_alone_and_end_in_time() -> None:
    assert glob("a[b]*", "A[b]c")
    assert not glob("a?", "a")
    assert not glob("*a" * 40, "a" * 2000 + "b")


def grader(value: Any) -> tuple[Evaluator, list[Question]]:
    asked: list[Question] = []

    async def ask(question: Question) -> Told:
        asked.append(question)
        return Told(text="", value=value)

    (evaluator,) = make([{"type": "trajectory:goal-success", "value": "a flight is booked"}], given=Given(ask=ask))
    return evaluator, asked


def test_a_model_says_whether_the_goal_was_reached_and_sees_the_steps_as_data() -> None:
    evaluator, asked = grader({"reason": "Booked in step 4.", "reached": True})
    (found,) = evaluator.judgements(Example(input="Take me to Bern"), TRIP)
    assert (found.value, found.explanation) == (True, "Booked in step 4.")
    assert evaluator.by == "judge"
    (question,) = asked
    assert '"goal":"a flight is booked"' in question.messages[1]["content"]
    assert '"name":"book_flight"' in question.messages[1]["content"]
    assert question.schema is not None


def test_a_judge_that_answers_with_something_else_has_not_found_the_goal_reached() -> None:
    evaluator, _ = grader(None)
    (found,) = evaluator.judgements(Example(input="q"), TRIP)
    assert found.value is False
    assert "answered with something else" in (found.explanation or "")
