"""What an evaluator of somebody's own may give back."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from msgspec import Struct

from hone.core import to_json
from hone.errors import CallError

_SHOWN = 200


class Result(Struct, frozen=True):
    """`score` is a number; `passed` stays None where nobody said so."""

    score: float
    passed: bool | None = None
    reason: str | None = None


def result_of(value: Any, who: str) -> Result:
    """True or False, a number, or an object with `pass`, `score` and `reason`.

    Raises:
        CallError: it is none of that; `who` gave it.
    """
    if isinstance(value, bool):
        return Result(float(value), value)
    if isinstance(value, int | float) and isfinite(value):
        return Result(float(value))
    if isinstance(value, Mapping):
        passed, reason = value.get("pass", value.get("pass_")), value.get("reason")
        score = value.get("score", None if passed is None else float(passed is True))
        fine = isinstance(score, int | float) and not isinstance(score, bool) and isfinite(score)
        if fine and isinstance(passed, bool | None):
            return Result(float(score), passed, reason if isinstance(reason, str) else None)
    raise CallError(
        f"{who} gave {_short(value)}", hint='True or False, a number, or {"pass": true, "score": 1, "reason": "..."}'
    )


def _short(value: Any) -> str:
    try:
        return to_json(value)[:_SHOWN]
    except (TypeError, ValueError):
        return repr(value)[:_SHOWN]
