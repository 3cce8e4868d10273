"""A score as it comes in, checked against the metrics that the project declares."""

import math
import re
from collections.abc import Mapping
from typing import Any, get_args

from hone.core import Clock, Score, ScoreBy, ScoreKind, Target, TargetKind, kind_of, new_id, now_ns, valid_trace_id
from hone.errors import CallError

Metrics = Mapping[str, ScoreKind]
"""The kinds of the metrics declared in hone.toml. An undeclared metric takes the kind of its value."""

_KINDS = get_args(TargetKind)
_NAME = re.compile(r"[A-Za-z_][\w.:/-]{0,199}")
_MAX_TEXT = 100_000


def target_from(value: str | Mapping[str, str]) -> Target:
    """`{"span": id}`, `{"trace": id}`, `{"session": id}`, or a bare trace or span id.

    Raises:
        CallError: it names nothing, or more than one thing.
    """
    if isinstance(value, str):
        return Target("trace" if valid_trace_id(value) else "span", _id(value))
    if len(value) != 1 or (kind := next(iter(value))) not in _KINDS:
        raise CallError(f"a target is exactly one of {', '.join(_KINDS)}, not {sorted(value)}")
    return Target(kind, _id(value[kind]))  # type: ignore[arg-type]  # one of _KINDS


def _id(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > 500:
        raise CallError("the id of a target is a string of 1 to 500 characters")
    return value


def score_from(
    project: str,
    metrics: Metrics,
    *,
    target: str | Mapping[str, str],
    name: str,
    value: Any,
    by: str = "user",
    comment: str | None = None,
    id: str | None = None,
    clock: Clock = now_ns,
) -> Score:
    """The score, if it is one.

    Raises:
        CallError: the name, the value, its kind, `by` or the target is not right.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CallError(f"{name!r} cannot be the name of a score", hint="letters, digits and _ . : / -, 200 at most")
    if by not in get_args(ScoreBy):
        raise CallError(f"`by` is one of {', '.join(get_args(ScoreBy))}, not {by!r}")
    return Score(
        project=project,
        id=id or new_id(),
        time=clock(),
        target=target_from(target),
        name=name,
        value=value,
        kind=_kind(name, value, metrics.get(name)),
        by=by,  # type: ignore[arg-type]
        comment=comment,
    )


def _kind(name: str, value: Any, declared: ScoreKind | None) -> ScoreKind:
    if not isinstance(value, bool | int | float | str):
        raise CallError(f"the value of a score is true or false, a number or a string, not {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise CallError(f"the value of {name!r} is not a finite number")
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        raise CallError(f"the value of {name!r} is over {_MAX_TEXT:,} characters")
    found = kind_of(value)
    if declared is None or declared == found or (declared, found) == ("text", "category"):
        return declared or found
    raise CallError(f"the metric {name!r} is declared as {declared} and {value!r} is a {found}")
