"""Which of several deployments of one model is asked first."""

import math
import random

from msgspec import Struct

from hone.core import Clock
from hone.project import Balanced

_RANDOM = random.SystemRandom()  # two workers that were forked must not draw the same numbers
_NEW = 0.3  # what the newest answer counts in the mean
_HALF = 10e9  # ns in which what was learned of a deployment loses half of its weight, so that a slow one is tried again


class _Seen(Struct):
    in_flight: int = 0
    mean: float = 0.0  # ns until an answer began, exponentially weighted
    at: int = 0  # ns


class Load:
    """How busy and how quick each deployment is, as this process sees it. It belongs to one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def order(self, balanced: Balanced) -> list[str]:
        """The deployments, the one to ask first in front.

        By weight they are drawn one after another (Efraimidis and Spirakis 2006). By latency the better of two that
        are drawn is the first (Mitzenmacher 2001), so that callers who come at once do not all choose the same one.
        """
        if balanced.balance == "weighted":
            return sorted(balanced.weights, key=lambda name: -math.log(1 - _RANDOM.random()) / balanced.weights[name])
        names = list(balanced.weights)
        _RANDOM.shuffle(names)
        return [*sorted(names[:2], key=self._cost), *sorted(names[2:], key=self._cost)]

    def begun(self, alias: str) -> None:
        """It is asked; `ended` must follow."""
        self._seen.setdefault(alias, _Seen()).in_flight += 1

    def answered(self, alias: str, took: int) -> None:
        """Its answer began after `took` ns."""
        seen = self._seen.setdefault(alias, _Seen())
        seen.mean = took if not seen.at else (1 - _NEW) * seen.mean + _NEW * took
        seen.at = self._clock()

    def ended(self, alias: str) -> None:
        self._seen[alias].in_flight -= 1

    def _cost(self, alias: str) -> float:
        """What a caller would wait there, more or less. Who is not known costs nothing, and so becomes known."""
        seen = self._seen.get(alias)
        if seen is None:
            return 0.0
        age: int = self._clock() - seen.at
        return float(seen.mean * 0.5 ** (age / _HALF) * (1 + seen.in_flight))
