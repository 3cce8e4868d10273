"""Several verdicts on one answer, of several models or of one model several times, made into one; with their spread."""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from hone.errors import CallError

Value = bool | float | str
Reducer = Literal["mean", "median", "majority", "unanimous", "min"]

_FITTING: dict[str, tuple[Reducer, ...]] = {
    "number": ("mean", "median", "min"),
    "boolean": ("majority", "unanimous", "min"),
    "category": ("majority", "unanimous"),
}
UNDECIDED = "undecided"
"""The category of a jury that had to be unanimous and was not."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What one judge says: values by the ending of the metric's name, the main one under "" and first."""

    values: Mapping[str, Value]
    reason: str = ""


class Panel(Struct, frozen=True, kw_only=True):
    """Who judges: every model, each `votes` times."""

    models: tuple[str | None, ...] = (None,)
    votes: int = 1
    reducer: Reducer | None = None

    @property
    def seats(self) -> list[tuple[str | None, int]]:
        """(model, repeat) of each verdict."""
        return [(model, repeat) for model in self.models for repeat in range(self.votes)]

    def check(self, kind: str) -> None:
        """
        Raises:
            CallError: the reducer is none for values of that kind.
        """
        fitting = _FITTING[kind]
        if self.reducer is not None and self.reducer not in fitting:
            raise CallError(
                f"the reducer {self.reducer!r} makes no {kind} of several", hint=f"there are: {', '.join(fitting)}"
            )


def reduced(verdicts: Sequence[Verdict], reducer: Reducer | None) -> tuple[Verdict, float]:
    """One verdict of several, and how far they are apart: for numbers the standard deviation (n - 1), else the share
    of those that differ from the result.

    `reducer` is for the main value; the others are means, or those of the majority. The reason is that of a verdict
    which is nearest to the result, after a word on all of them.
    """
    main = [each.values[""] for each in verdicts]
    result, spread = _one(main, reducer)
    values: dict[str, Value] = {"": result}
    for ending in dict.fromkeys(name for each in verdicts for name in each.values):
        if ending:
            values[ending] = _one([each.values[ending] for each in verdicts if ending in each.values], None)[0]
    nearest = min(verdicts, key=lambda each: _distance(each.values[""], result))
    return Verdict(values=values, reason=f"{_word(main, result, spread)}: {nearest.reason}"), spread


def _one(values: Sequence[Value], reducer: Reducer | None) -> tuple[Value, float]:
    if all(isinstance(each, bool) for each in values):
        return _boolean([bool(each) for each in values], reducer)
    if all(isinstance(each, str) for each in values):
        return _category([str(each) for each in values], reducer)
    numbers = [float(each) for each in values]
    how: dict[Reducer | None, Callable[[list[float]], float]] = {"median": statistics.median, "min": min}
    return how.get(reducer, statistics.fmean)(numbers), statistics.stdev(numbers) if len(numbers) > 1 else 0.0


def _boolean(values: list[bool], reducer: Reducer | None) -> tuple[bool, float]:
    """A half is no majority: what is in doubt has not been shown."""
    result = all(values) if reducer in ("unanimous", "min") else sum(values) * 2 > len(values)
    return result, sum(each != result for each in values) / len(values)


def _category(values: list[str], reducer: Reducer | None) -> tuple[str, float]:
    """Of several that are named equally often, the one that was named first."""
    result, count = Counter(values).most_common(1)[0]
    if reducer == "unanimous" and count < len(values):
        return UNDECIDED, 1 - count / len(values)
    return result, 1 - count / len(values)


def _distance(value: Value, result: Value) -> float:
    if isinstance(value, str) or isinstance(result, str):
        return 0.0 if value == result else 1.0
    return abs(float(value) - float(result))


def _word(values: Sequence[Value], result: Value, spread: float) -> str:
    n = len(values)
    if isinstance(result, bool | str):
        counts = ", ".join(f"{count} {str(value).lower()}" for value, count in Counter(values).most_common())
        return f"{n} verdicts ({counts})"
    return f"{n} verdicts (from {min(map(float, values)):g} to {max(map(float, values)):g}, sd {spread:.2g})"
