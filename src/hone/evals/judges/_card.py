"""Cards: what is known of how good a judge is, kept by what the judge is, and carried by what it judges."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from hone.errors import NotFound, StoreError
from hone.evals.judges._labels import Kind
from hone.evals.statistics._intervals import Estimate
from hone.store import Metric


class Constant(Struct, frozen=True, kw_only=True):
    """What an answer got that says nothing, the same on every question. Where it gets much, the judge can be had."""

    answer: str
    score: Estimate


class Counts(Struct, frozen=True, kw_only=True):
    """Of a judge that says yes or no: its verdicts by what people say."""

    both: int  # people yes, judge yes
    judge_alone: int
    people_alone: int
    neither: int


class Card(Struct, frozen=True, kw_only=True):
    """A judge beside people, on labelled answers. Every figure has its 95 % interval.

    `kappa` is Cohen's, of numbers rounded to whole ones and weighed by squared distance; `alpha` is Krippendorff's.
    `people` is the alpha of the labels of several people among themselves: no judge can be asked for much more.
    `flips` is the share of pairs where the order decided. `length` is what an answer gains by being twice as long,
    beyond what people give it. `corrected` are estimates of what people would say of the answers that have no label,
    by the name of the method.
    """

    judge: str
    key: str  # of the judge's configuration, SHA-256
    kind: Kind
    data: str
    data_sha256: str
    labels: int  # answers with a label
    created: int  # ns
    id: str = ""
    unlabelled: int = 0
    undecided: int = 0  # people were of as many minds as there are of them
    unjudged: int = 0  # the judge gave no verdict
    accuracy: Estimate | None = None
    kappa: Estimate | None = None
    alpha: Estimate | None = None
    correlation: Estimate | None = None  # Spearman's, of numbers
    people: Estimate | None = None
    flips: Estimate | None = None
    toward_first: Estimate | None = None  # of the flips, those for whatever stood first
    orders: tuple[Estimate, Estimate] | None = None  # the accuracy of either order alone
    length: Estimate | None = None
    constants: tuple[Constant, ...] = ()
    judge_mean: Estimate | None = None
    people_mean: Estimate | None = None
    rest_mean: Estimate | None = None  # the judge's own, of the answers without a label, as it stands
    counts: Counts | None = None
    corrected: dict[str, Estimate] = {}
    calls: int = 0
    cost: float | None = None  # dollars

    @property
    def sentence(self) -> str:
        """`judge helpful: kappa .61 [.52, .70] on 200 labels; flips 8 %`."""
        main = next(((name, found) for name, found in self._main() if found is not None), None)
        said = "not to be told from chance" if main is None else f"{main[0]} {shown(main[1])}"
        parts = [f"judge {self.judge}: {said} on {self.labels} labels"]
        if self.flips is not None:
            parts.append(f"flips {self.flips.mean:.0%}".replace("%", " %"))
        best = max((each.score.mean for each in self.constants), default=None)
        if best is not None:
            parts.append(f"an empty answer gets {best:.2g}")
        return "; ".join(parts)

    def _main(self) -> list[tuple[str, Estimate | None]]:
        if self.kind == "number":
            return [("correlation", self.correlation), ("alpha", self.alpha)]
        return [("kappa", self.kappa), ("accuracy", self.accuracy)]


def judges_in(metrics: Mapping[str, Metric]) -> dict[str, str]:
    """The judges of an experiment, name by key: one of several metrics once, and of a set each that stands in it."""
    found: dict[str, str] = {}
    for name, each in metrics.items():
        if each.by == "judge":
            for key, called in (each.judges or {each.judge: name}).items():
                found.setdefault(key, called)
    return found


def cards_in(metrics: Mapping[str, Metric], card: Callable[[str], str | None]) -> list[str]:
    """What is known now of the judges of an experiment, each once; of one that was never calibrated, that it was not.

    `card` gives the sentence of a judge by its key (`Cards.sentence`); what was known as the experiment began stands in
    for one that is there no more.
    """
    known = {each.judge: each.card for each in metrics.values() if not each.judges}
    return [
        card(key) or known.get(key) or f"judge {name}: not calibrated (hone judges calibrate {name} --data LABELS)"
        for key, name in judges_in(metrics).items()
    ]


def shown(found: Estimate) -> str:
    """`.61 [.52, .70]`."""
    doubt = "" if found.low is None or found.high is None else f" [{_short(found.low)}, {_short(found.high)}]"
    return f"{_short(found.mean)}{doubt}"


def card_id(key: str, data_sha256: str) -> str:
    """Of a judge's configuration and the labels that it was held against."""
    return hashlib.sha256(f"{key}:{data_sha256}".encode()).hexdigest()[:16]


class Cards:
    """The cards of a project: one file for each judge and labelled data in a folder of its state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, card: Card) -> None:
        """
        Raises:
            StoreError: it cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, made = tempfile.mkstemp(dir=self._folder, prefix=".card.")
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(card)))
            Path(made).replace(self._folder / f"{card.key}.{card.id}.json")
        except OSError as problem:
            raise StoreError(f"the card of {card.judge} cannot be kept: {problem}") from None

    def all(self) -> list[Card]:
        """Newest first. A file that another version has written otherwise is left out."""
        return sorted(self._read("*"), key=lambda each: (-each.created, each.id))

    def of(self, key: str) -> Card | None:
        """The newest card of a judge's configuration."""
        if not key.isalnum():
            return None  # the key of a set is that of its members, and none has a file of that name
        return max(self._read(key), key=lambda each: each.created, default=None)

    def sentence(self, key: str) -> str | None:
        """What the newest card says; None where the judge was never calibrated as it is."""
        found = self.of(key)
        return None if found is None else found.sentence

    def named(self, name: str) -> list[Card]:
        """The cards of the judges of that name, newest first.

        Raises:
            NotFound: there is none.
        """
        found = [each for each in self.all() if name in (each.judge, each.id)]
        if not found:
            known = ", ".join(sorted({each.judge for each in self.all()}))
            hint = f"there are cards of: {known}" if known else f"hone judges calibrate {name} --data LABELS"
            raise NotFound(f"no card of a judge {name!r}", hint=hint)
        return found

    def _read(self, key: str) -> list[Card]:
        found = []
        for path in self._folder.glob(f"{key}.*.json"):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Card))
            except (OSError, msgspec.DecodeError):
                continue
        return found


def _short(number: float) -> str:
    return f"{number:.2f}".replace("0.", ".", 1) if abs(number) < 0.995 else f"{number:.2f}"
