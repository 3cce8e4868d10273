"""What people would say of all answers, from what they say of a few and a judge says of every one."""

from collections.abc import Hashable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from hone.errors import CallError
from hone.evals.judges._card import Card
from hone.evals.judges._labels import Kind
from hone.evals.statistics._corrected import prediction_powered, rogan_gladen
from hone.evals.statistics._intervals import Estimate


def corrected(
    labels: Sequence[float],
    verdicts: Sequence[float],
    rest: Sequence[float],
    kind: Kind,
    *,
    groups: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
) -> dict[str, Estimate]:
    """The mean over answers without a label, by the name of the method; empty where there are too few of either.

    `labels` and `verdicts` are of the same answers, `rest` the verdicts on those without a label. Where
    answers share one of the `groups`, of the first and of the rest, Rogan-Gladen has no interval: its own
    takes them for independent.
    """
    found: dict[str, Estimate] = {}
    if len(rest) < 2 or len(labels) < 2:
        return found
    ends = None if kind == "number" else (0.0, 1.0)
    found["PPI++"] = prediction_powered(labels, verdicts, rest, groups=groups, ends=ends)
    if kind == "boolean":
        pairs = [(bool(label), bool(verdict)) for label, verdict in zip(labels, verdicts, strict=True)]
        # Not where all labels are of one kind, or the judge is no better than chance: the card shows both.
        with suppress(CallError):
            made = rogan_gladen([bool(each) for each in rest], pairs)
            found["Rogan-Gladen"] = made if groups is None else replace(made, low=None, high=None)
    return found


def corrected_by(card: Card, judged: Sequence[bool]) -> Estimate | None:
    """The share of right answers behind the verdicts of a judge of yes and no, by what its card knows of its errors.

    It holds where answers are judged that are like those the judge was calibrated on. None where the card cannot say.
    """
    counts = card.counts
    if counts is None or not judged:
        return None
    pairs = [
        *[(True, True)] * counts.both,
        *[(False, True)] * counts.judge_alone,
        *[(True, False)] * counts.people_alone,
        *[(False, False)] * counts.neither,
    ]
    try:
        return rogan_gladen(judged, pairs)
    except CallError:
        return None
