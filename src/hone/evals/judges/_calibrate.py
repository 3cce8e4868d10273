"""A judge held against people: agreement, leanings, and what its mean would be if it were mended."""

import hashlib
from collections.abc import Hashable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hone.core import to_json
from hone.errors import CallError
from hone.evals.judges._card import Card, Counts, card_id
from hone.evals.judges._corrected import corrected
from hone.evals.judges._labels import NONE, Kind, Labelled, Value, consensus, normal, preference
from hone.evals.statistics._agreement import agreement, cohen_kappa
from hone.evals.statistics._alpha import krippendorff_alpha
from hone.evals.statistics._bootstrap import shared
from hone.evals.statistics._estimate import estimate
from hone.evals.statistics._intervals import Estimate
from hone.evals.statistics._leanings import length_slope
from hone.evals.statistics._ranks import spearman


class Verdict(Struct, frozen=True, kw_only=True):
    """What a judge said of a labelled answer; of a pair, in both orders where both were asked.

    `first` and `second` name the answer that won when it stood as given, and turned round.
    """

    value: Value | None
    first: Value | None = None
    second: Value | None = None
    flipped: bool | None = None
    toward_first: bool | None = None  # of a verdict that flipped from one answer to the other


class Case(Struct, frozen=True, kw_only=True):
    """One labelled answer with its verdict; `label` is what people say together.

    Answers of one `group`, that of their example, may resemble each other: every figure counts them as what they are.
    """

    given: Labelled
    group: Hashable
    verdict: Verdict
    label: Value | None
    labels: tuple[Value, ...]


def published(given: Labelled, kind: Kind) -> Verdict:
    """The verdict that stands in the row. A pair in two orders: what both say, else a tie."""
    first, second = normal(given.verdict, kind), normal(given.swapped, kind)
    if kind != "pairwise" or given.swapped is None:
        return Verdict(value=first if first is not None or kind != "pairwise" else NONE)
    first, second = first or NONE, second or NONE
    leaning = {("first", "second"): True, ("second", "first"): False}.get((str(first), str(second)))
    value = first if first == second else "tie"
    return Verdict(value=value, first=first, second=second, flipped=first != second, toward_first=leaning)


def need_labels(rows: Sequence[Labelled], kind: Kind, data: str) -> None:
    """
    Raises:
        CallError: no row has a label of that kind.
    """
    given = [(number, label) for number, row in enumerate(rows, 1) for label in row.labels if label not in (None, "")]
    if any(normal(label, kind) is not None for _, label in given):
        return
    if not given:
        raise CallError(f"no answer of {data} has a label", hint="--label names the column of the labels")
    number, label = given[0]
    what = {"boolean": "yes or no", "number": "number"}.get(kind, kind)
    raise CallError(
        f"no answer of {data} has a label that the judge could be held against: the first, in row {number}, is "
        f"{label!r}, which is no {what}",
        hint="true and false, yes and no, 1 and 0" if kind == "boolean" else None,
    )


def card_of(
    judge: str, key: str, kind: Kind, data: str, rows: Sequence[Labelled], verdicts: Sequence[Verdict], now: int
) -> Card:
    """The card of a judge from its verdicts on labelled answers, row by row.

    Raises:
        CallError: no row has a label.
    """
    cases = [_case(at, row, verdict, kind) for at, (row, verdict) in enumerate(zip(rows, verdicts, strict=True))]
    seen = [each for each in cases if each.labels]
    need_labels(rows, kind, data)
    sha256 = _digest(rows)
    both = [each for each in seen if each.label is not None and each.verdict.value is not None]
    card = Card(
        judge=judge,
        key=key,
        kind=kind,
        data=data,
        data_sha256=sha256,
        id=card_id(key, sha256),
        labels=len(seen),
        created=now,
        unlabelled=len(cases) - len(seen),
        undecided=sum(each.label is None for each in seen),
        unjudged=sum(each.verdict.value in (None, NONE) for each in cases),
        people=_people(seen, kind),
        **_pairs(seen),
    )
    if not both:
        return card
    agreeing = _numbers(both) if kind == "number" else _words(both)
    return replace(
        card,
        **agreeing,
        length=_length(both, kind),
        judge_mean=_mean([each.verdict.value for each in both], both, kind),
        people_mean=_mean([each.label for each in both], both, kind),
        rest_mean=_mean([each.verdict.value for each in rest], rest, kind) if (rest := _rest(cases)) else None,
        counts=_counts(both) if kind == "boolean" else None,
        corrected=_corrected(both, _rest(cases), kind) if kind != "category" else {},
    )


def _case(at: int, row: Labelled, verdict: Verdict, kind: Kind) -> Case:
    labels = tuple(known for each in row.labels if (known := normal(each, kind)) is not None)
    group = ("case", at) if row.example.group is None else ("group", row.example.group)
    return Case(given=row, group=group, verdict=verdict, labels=labels, label=consensus(labels, kind))


def _groups(cases: Sequence[Case]) -> list[Hashable]:
    return [each.group for each in cases]


def _digest(rows: Sequence[Labelled]) -> str:
    """Of the answers and labels; what a judge said of them does not count."""
    parts = sorted(to_json(replace(each, verdict=None, swapped=None)) for each in rows)
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _words(both: Sequence[Case]) -> dict[str, Any]:
    labels, verdicts = [each.label for each in both], [each.verdict.value for each in both]
    groups = _groups(both)
    found: dict[str, Any] = {"accuracy": agreement(labels, verdicts, groups=groups)}
    if len({*labels, *verdicts}) > 1:
        found["kappa"] = cohen_kappa(labels, verdicts, groups=groups)
        found["alpha"] = krippendorff_alpha(list(zip(labels, verdicts, strict=True)), groups=groups)
    return found


def _numbers(both: Sequence[Case]) -> dict[str, Any]:
    labels, verdicts = ([float(value) for value in side] for side in _sides(both))
    whole = [round(each) for each in labels], [round(each) for each in verdicts]
    groups = _groups(both)
    found: dict[str, Any] = {"accuracy": agreement(*whole, groups=groups)}
    if len({*whole[0], *whole[1]}) > 1:
        found["kappa"] = cohen_kappa(*whole, weights="quadratic", groups=groups)
        found["alpha"] = krippendorff_alpha(list(zip(labels, verdicts, strict=True)), "interval", groups=groups)
    if len(set(labels)) > 1 and len(set(verdicts)) > 1:
        found["correlation"] = spearman(labels, verdicts, groups=groups)
    return found


def _sides(both: Sequence[Case]) -> tuple[list[Any], list[Any]]:
    return [each.label for each in both], [each.verdict.value for each in both]


def _people(seen: Sequence[Case], kind: Kind) -> Estimate | None:
    several = [each for each in seen if len(each.labels) > 1]
    ratings = [each.labels for each in several]
    if len({label for case in ratings for label in case}) < 2:
        return None
    return krippendorff_alpha(ratings, "interval" if kind == "number" else "nominal", groups=_groups(several))


def _pairs(seen: Sequence[Case]) -> dict[str, Any]:
    """What the two orders say, where both were asked."""
    known = [each for each in seen if each.verdict.flipped is not None]
    if not known:
        return {}
    leaning = [each for each in known if each.verdict.toward_first is not None]
    found: dict[str, Any] = {"flips": estimate([bool(each.verdict.flipped) for each in known], _groups(known))}
    if leaning:
        found["toward_first"] = estimate([bool(each.verdict.toward_first) for each in leaning], _groups(leaning))
    orders = [each for each in known if each.verdict.first is not None and each.label is not None]
    if orders:
        labels = [each.label for each in orders]
        first, second = [each.verdict.first for each in orders], [each.verdict.second for each in orders]
        groups = _groups(orders)
        found["orders"] = (agreement(labels, first, groups=groups), agreement(labels, second, groups=groups))
    return found


def _length(both: Sequence[Case], kind: Kind) -> Estimate | None:
    """Of answers with words alone; None where there are too few of them, or all are as long."""
    known = [
        each for each in both if each.given.answer.split() and (kind != "pairwise" or (each.given.other or "").split())
    ]
    if kind == "category" or len(known) < 3:
        return None
    lengths = [float(len(each.given.answer.split())) for each in known]
    others = [float(len((each.given.other or "x").split())) if kind == "pairwise" else 1.0 for each in known]
    labels, verdicts = (
        _as_numbers([each.label for each in known], kind),
        _as_numbers([each.verdict.value for each in known], kind),
    )
    try:
        return length_slope(lengths, others, verdicts, labels, groups=_groups(known))
    except CallError:
        return None


def _as_numbers(values: Sequence[Value | None], kind: Kind) -> list[float]:
    if kind == "pairwise":
        return [preference(each) for each in values]
    return [float(each) for each in values if each is not None]


def _mean(values: Sequence[Value | None], of: Sequence[Case], kind: Kind) -> Estimate | None:
    if kind == "category":
        return None
    if kind == "boolean":
        return estimate([bool(each) for each in values], _groups(of))
    return estimate(_as_numbers(values, kind), _groups(of), boolean=False)


def _counts(both: Sequence[Case]) -> Counts:
    pairs = [(bool(each.label), bool(each.verdict.value)) for each in both]
    return Counts(
        both=pairs.count((True, True)),
        judge_alone=pairs.count((False, True)),
        people_alone=pairs.count((True, False)),
        neither=pairs.count((False, False)),
    )


def _corrected(both: Sequence[Case], rest: Sequence[Case], kind: Kind) -> dict[str, Estimate]:
    """From people's and the judge's values where both are known, and the judge's where nobody else has looked."""
    labels, verdicts = _sides(both)
    more = [each.verdict.value for each in rest]
    together = shared(_groups([*both, *rest]))
    return corrected(
        _as_numbers(labels, kind),
        _as_numbers(verdicts, kind),
        _as_numbers(more, kind),
        kind,
        groups=(_groups(both), _groups(rest)) if together else None,
    )


def _rest(cases: Sequence[Case]) -> list[Case]:
    """The answers without a label that have a verdict."""
    return [each for each in cases if not each.labels and each.verdict.value is not None]


def plain(card: Card) -> dict[str, Any]:
    """A card as JSON has it."""
    found: dict[str, Any] = msgspec.to_builtins(card)
    return {**found, "sentence": card.sentence}
