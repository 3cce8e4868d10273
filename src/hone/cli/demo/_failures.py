"""What went wrong, counted from the stored traces: was the passage not found, or found and not used?"""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from hone.core import Span, from_json
from hone.datasets import Example
from hone.local import House
from hone.store import SpanQuery
from hone.traces import passages_in

Kind = Literal["not found", "not used", "made up"]
KINDS: tuple[Kind, ...] = ("not found", "not used", "made up")
MEANING: Mapping[Kind, str] = {
    "not found": "the search did not bring the right passage",
    "not used": "the right passage was there, and the model took another or none",
    "made up": "there is no answer, and the model gave one",
}

_MOST = 10_000


class Failure(Struct, frozen=True, kw_only=True):
    """One wrong answer of live traffic."""

    kind: Kind
    question: str
    wanted: list[str]
    got: str
    trace_id: str


class Call(Struct, frozen=True, kw_only=True):
    """One call of live traffic with its example and the score that it got; None where it failed."""

    span: Span
    example: Example
    right: bool | None


def calls_of(house: House, tag: str, examples: Sequence[Example]) -> list[Call]:
    """The calls with a tag, oldest first, as the store has them."""
    house.telemetry.flush()
    project = house.project.name
    spans = house.telemetry.spans(SpanQuery(project=project, kind="task", tag=tag, limit=_MOST))
    scores = house.telemetry.scores_of(project, [span.span_id for span in spans])
    right = {score.target.id: score.value is True for score in scores if score.name == "correct"}
    known = {each.id: each for each in examples}
    calls = [
        Call(span=span, example=known[id], right=right.get(span.span_id))
        for span in spans
        if (id := (span.session or "").removeprefix(f"{tag}-")) in known  # noqa: A001
    ]
    return calls[::-1]


def failures(house: House, calls: Sequence[Call]) -> list[Failure]:
    """The wrong answers among `calls`, with what it was that failed."""
    wrong = [call for call in calls if call.right is False]
    traces = tuple(call.span.trace_id for call in wrong)
    query = SpanQuery(project=house.project.name, kind="retrieval", trace_ids=traces, limit=_MOST)
    found = {span.trace_id: {passage.source for passage in passages_in(span)} for span in house.telemetry.spans(query)}
    return [
        Failure(
            kind=_kind(call.example, found.get(call.span.trace_id, set())),
            question=call.example.input["question"] if isinstance(call.example.input, dict) else call.example.input,
            wanted=list(call.example.expected),
            got=_said(call.span),
            trace_id=call.span.trace_id,
        )
        for call in wrong
    ]


def _kind(example: Example, sources: set[str]) -> Kind:
    if not example.context:
        return "made up"
    return "not used" if sources & set(example.context) else "not found"


def _said(span: Span) -> str:
    value = from_json(span.output) if span.output else ""
    said = value.get("content") if isinstance(value, dict) else value
    return " ".join(str(said or "").split())
