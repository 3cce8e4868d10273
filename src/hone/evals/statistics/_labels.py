"""How well labels are told: precision, recall and F1 of one label or over all, each with its interval."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from hone.evals.statistics._agreement import agreement
from hone.evals.statistics._bootstrap import DRAWS, Groups, bootstrap
from hone.evals.statistics._intervals import Estimate, rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Average = Literal["macro", "micro"]


class LabelScore(Struct, frozen=True, kw_only=True):
    """One label. `precision`: of the cases that were said to be it, those that are; None where none was. `recall`: of
    the cases that are, those that were said; None where none is. Both with Wilson's interval, F1 by bootstrap."""

    label: Hashable
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate


class Labels(Struct, frozen=True, kw_only=True):
    """Macro figures are means over labels, a label that was never said having a precision of 0; micro ones count
    cases. Where every case has one label, micro precision, recall and F1 are all the accuracy."""

    accuracy: Estimate
    precision: Estimate
    recall: Estimate
    f1: Estimate
    labels: tuple[LabelScore, ...]


def labels(
    truth: Sequence[Hashable],
    said: Sequence[Hashable],
    *,
    average: Average = "macro",
    draws: int = DRAWS,
    seed: int = 0,
) -> Labels:
    """How well `said` tells the `truth`, for every label that occurs in either.

    Raises:
        CallError: no cases, or not as many of both.
    """
    accuracy = agreement(truth, said)
    names = _names(truth, said)
    whole = [accuracy] * 3
    if average == "macro":
        whole = [_macro(truth, said, names, figure, draws, seed) for figure in ("precision", "recall", "F1")]
    each = tuple(_label(truth, said, name, draws, seed) for name in names)
    return Labels(accuracy=accuracy, precision=whole[0], recall=whole[1], f1=whole[2], labels=each)


def f1_of(
    truth: Sequence[Hashable],
    said: Sequence[Hashable],
    label: Hashable,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    groups: Groups = None,
) -> Estimate:
    """F1 of one label: the harmonic mean of its precision and recall, 2 tp / (2 tp + fp + fn), 0 where it never was.

    Raises:
        CallError: no cases, or not as many of both.
    """
    agreement(truth, said)  # refuses what is no pair of sequences
    return _macro(truth, said, [label], "F1", draws, seed, groups)


def _label(truth: Sequence[Hashable], said: Sequence[Hashable], label: Hashable, draws: int, seed: int) -> LabelScore:
    found = [a == label for a, b in zip(truth, said, strict=True) if b == label]
    there = [b == label for a, b in zip(truth, said, strict=True) if a == label]
    return LabelScore(
        label=label,
        precision=rate(found) if found else None,
        recall=rate(there) if there else None,
        f1=_macro(truth, said, [label], "F1", draws, seed),
    )


def _macro(
    truth: Sequence[Hashable],
    said: Sequence[Hashable],
    names: Sequence[Hashable],
    figure: str,
    draws: int,
    seed: int,
    groups: Groups = None,
) -> Estimate:
    """The mean of a figure over labels, 0 where it divides by nothing."""
    import numpy as np

    is_it = np.array([[a == name for name in names] for a in truth], dtype=float)
    was_said = np.array([[b == name for name in names] for b in said], dtype=float)
    hit = is_it * was_said
    below = {"precision": was_said, "recall": is_it, "F1": (is_it + was_said) / 2}[figure]

    def mean(weights: "Array") -> "Array":
        hits, counts = weights @ hit, weights @ below
        shares: Array = np.divide(hits, counts, out=np.zeros_like(hits), where=counts > 0).mean(axis=1)
        return shares

    name = figure if len(names) == 1 else f"macro {figure}"
    return bootstrap(len(truth), mean, name, draws=draws, seed=seed, groups=groups)


def _names(truth: Sequence[Hashable], said: Sequence[Hashable]) -> list[Hashable]:
    distinct: list[Any] = list(dict.fromkeys([*truth, *said]))
    try:
        return sorted(distinct)
    except TypeError:  # labels of several types keep the order in which they came
        return distinct
