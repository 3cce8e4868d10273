"""Evaluators that failed: their worst values stand among the numbers, so whoever reads those has to know."""

from collections.abc import Iterable

from msgspec import Struct

from hone.evals._case import FAILED
from hone.store import Result


class Broken(Struct, frozen=True, kw_only=True):
    """An evaluator that failed on `failed` of the `judged` answers that it was asked about; each counts as the worst.

    `name` is that of its metric, `first` what it failed with the first time.
    """

    name: str
    failed: int
    judged: int
    first: str

    def __str__(self) -> str:
        return f"the evaluator {self.name} failed on {self.failed:,} of {self.judged:,}, the first with {self.first}"


def broken(results: Iterable[Result]) -> list[Broken]:
    """The evaluators that failed. Several metrics of one evaluator, which fail together, are told once."""
    judged: dict[str, int] = {}
    failures: dict[str, list[tuple[str, str, int]]] = {}
    reasons: dict[str, str] = {}
    for each in results:
        if each.error is not None:
            continue
        for said in each.judgements:
            judged[said.name] = judged.get(said.name, 0) + 1
            _, mark, why = (said.explanation or "").partition(FAILED)
            if mark:
                failures.setdefault(said.name, []).append((each.variant, each.example, each.repeat))
                reasons.setdefault(said.name, why)
    alike: dict[tuple[tuple[str, str, int], ...], str] = {}
    for name, places in failures.items():
        alike.setdefault(tuple(places), name)
    return [
        Broken(name=name, failed=len(places), judged=judged[name], first=reasons[name])
        for places, name in alike.items()
    ]
