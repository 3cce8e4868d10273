"""A score: one judgement of a span, trace or session."""

from typing import Any, Literal

from msgspec import Struct, field

TargetKind = Literal["span", "trace", "session"]
ScoreBy = Literal["human", "judge", "code", "user"]
ScoreKind = Literal["boolean", "number", "category", "text"]


class Target(Struct, frozen=True):
    """What a score is about."""

    kind: TargetKind
    id: str


class Score(Struct, frozen=True, kw_only=True):
    """One judgement: the thumbs-up of an end user, the number of a judge, the label of a person, a computed metric.

    The key is (project, id); the first write wins. The target need not exist yet: late spans join.
    """

    project: str
    id: str
    time: int  # nanoseconds since the epoch
    target: Target
    name: str
    value: bool | float | str
    kind: ScoreKind
    by: ScoreBy = "user"
    comment: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


def kind_of(value: bool | float | str) -> ScoreKind:
    """The kind an undeclared metric takes from its value. A string is a category; free text must be declared."""
    if isinstance(value, bool):
        return "boolean"
    return "category" if isinstance(value, str) else "number"
