"""What labelled answers say together: figures of a whole run, each with its interval.

Several answers to one example, and examples of one group, may resemble each other: where there are any, intervals are
those of the groups, and `n` are examples.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from hone.evals._case import Direction, Figure
from hone.evals.statistics._bootstrap import bootstrap
from hone.evals.statistics._calibration import calibration
from hone.evals.statistics._intervals import Estimate
from hone.evals.statistics._labels import f1_of
from hone.evals.statistics._scores import roc_auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

MOST_LABELS = 100  # of which each has a figure of its own
MOST_CONFUSIONS = 20


class Case(Struct, frozen=True):
    """One answer: its true label, the one that was said, if any was, and how sure the answer was of it."""

    truth: str
    said: str | None
    confidence: float | None
    example: str = ""  # its id; without one it stands alone
    group: str | None = None  # of the example

    @property
    def right(self) -> bool:
        return self.truth == self.said


def _groups(cases: Sequence[Case]) -> list[tuple[str, str]]:
    return [
        ("group", each.group) if each.group is not None else ("case", each.example or f"#{at}")
        for at, each in enumerate(cases)
    ]


def label_figures(name: str, cases: Sequence[Case], known: Sequence[str]) -> Iterator[Figure]:
    """Macro precision, recall and F1, micro ones where they are not the accuracy, and F1 of each label.

    Macro figures are means over the labels that there are, or else over all that were true or said; where a label was
    never said, its precision is 0.
    """
    truth, said = [each.truth for each in cases], [each.said for each in cases]
    labels = list(known) or sorted({*truth, *(each for each in said if each is not None)})
    for kind in ("precision", "recall", "F1"):
        yield _figure(f"{name}-{kind.lower()}", _averaged(cases, labels, kind, macro=True), cases)
    if None in said:
        for kind in ("precision", "recall", "F1"):
            yield _figure(f"{name}-{kind.lower()}-micro", _averaged(cases, labels, kind, macro=False), cases)
    for label in labels[:MOST_LABELS]:
        yield _figure(f"{name}-f1:{label}", f1_of(truth, said, label, groups=_groups(cases)), cases)


def confusion(cases: Sequence[Case]) -> Counter[tuple[str, str | None]]:
    """How often what is the first label was said to be the second: the confusion matrix, its empty cells left out."""
    return Counter((each.truth, each.said) for each in cases)


def confusion_figures(name: str, cases: Sequence[Case]) -> Iterator[Figure]:
    """The commonest confusions as `name-confusion:TRUTH>SAID`, counts of answers."""
    wrong = [(pair, count) for pair, count in confusion(cases).most_common() if pair[0] != pair[1]]
    for (truth, said), count in wrong[:MOST_CONFUSIONS]:
        cell = f"{name}-confusion:{truth}>{'none' if said is None else said}"
        yield Figure(name=cell, value=float(count), n=len(cases), direction="down", method="count")


def confidence_figures(name: str, cases: Sequence[Case], positive: str | None) -> Iterator[Figure]:
    """Calibration error and area under the ROC curve of the cases that have a confidence, where they say something."""
    sure = [(each, each.confidence) for each in cases if each.confidence is not None and each.said is not None]
    right, confidences = [each.right for each, _ in sure], [confidence for _, confidence in sure]
    if not sure:
        return
    known = [each for each, _ in sure]
    groups = _groups(known)
    yield _figure(f"{name}-calibration-error", calibration(right, confidences, groups=groups).error, known, "down")
    if positive is not None:
        truth = [each.truth == positive for each, _ in sure]
        scores = [confidence if each.said == positive else 1 - confidence for each, confidence in sure]
        area = f"{name}-auc:{positive}"
    else:
        truth, scores, area = right, confidences, f"{name}-confidence-auc"
    if any(truth) and not all(truth):
        yield _figure(area, roc_auc(truth, scores, groups=groups), known)


def _averaged(cases: Sequence[Case], labels: Sequence[str], kind: str, *, macro: bool) -> Estimate:
    """A figure over labels with its bootstrap interval: the mean over them, or that of all their cases together."""
    import numpy as np

    is_it = np.array([[each.truth == label for label in labels] for each in cases], dtype=float)
    was_said = np.array([[each.said == label for label in labels] for each in cases], dtype=float)
    hit = is_it * was_said
    below = {"precision": was_said, "recall": is_it, "F1": (is_it + was_said) / 2}[kind]
    if not macro:
        hit, below = hit.sum(axis=1, keepdims=True), below.sum(axis=1, keepdims=True)

    def figure(weights: "Array") -> "Array":
        hits, counts = weights @ hit, weights @ below
        shares: Array = np.divide(hits, counts, out=np.zeros_like(hits), where=counts > 0).mean(axis=1)
        return shares

    return bootstrap(len(cases), figure, f"{'macro' if macro else 'micro'} {kind}", groups=_groups(cases))


def _figure(name: str, found: Estimate, cases: Sequence[Case], direction: Direction = "up") -> Figure:
    return Figure(
        name=name,
        value=found.mean,
        low=found.low,
        high=found.high,
        n=len({each.example or at for at, each in enumerate(cases)}),
        direction=direction,
        method=found.method,
        clustered=True,
    )
