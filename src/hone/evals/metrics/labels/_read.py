"""The label that an answer names, and how sure it is of it."""

import math
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from hone.core import from_json
from hone.evals._case import Answer
from hone.evals.metrics.text._contains import whole_name


class Said(Struct, frozen=True):
    """What an answer says: None where it names no label, or says nothing of its confidence, which is 0 to 1."""

    label: str | None
    confidence: float | None


class Reader(Struct, frozen=True):
    """How labels are read. `known` are all that there are; without them any text is a label."""

    known: tuple[str, ...]
    label: str  # the key of a JSON answer that holds the label
    confidence: str  # and the one that holds the confidence

    def read(self, answer: Answer) -> Said:
        """A JSON object has its label and confidence by their keys. Any other answer is the label itself, or names one
        of those that are known, and one only. Where no confidence is stated it is the answer's probability, if its
        tokens have one."""
        found = _object(answer.text)
        if found is not None and self.label in found:
            stated = _share(found.get(self.confidence))
            return Said(self.named(str(found[self.label])), _probability(answer) if stated is None else stated)
        return Said(self.named(answer.text), _probability(answer))

    def named(self, text: str) -> str | None:
        """The label that a text is or names, whatever the case."""
        plain = text.strip().strip(".\"'`*").strip().casefold()
        if not self.known:
            return plain or None
        for label in self.known:
            if label.casefold() == plain:
                return label
        return _only([label for label in self.known if whole_name(label.casefold(), text.casefold())])


def _only(named: Sequence[str]) -> str | None:
    """The one label that is named; one that is a part of another, such as `spam` of `no spam`, gives way to it."""
    longest = [each for each in named if not any(each != other and whole_name(each, other) for other in named)]
    return longest[0] if len(longest) == 1 else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = from_json(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _share(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


def _probability(answer: Answer) -> float | None:
    return min(1.0, math.exp(math.fsum(answer.logprobs))) if answer.logprobs else None
