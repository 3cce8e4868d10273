"""Judges: which there are, how far each agrees with people, and what would sway it."""

from collections.abc import Callable

from msgspec import Struct

from hone.errors import NotFound
from hone.evals import Card, Estimate
from hone.evals.judges import NAMES
from hone.local import House, cards_of
from hone.server.ui._face import Asked

_NOT_ASKED = {"max-score"}  # asks no model of its own


class JudgeRow(Struct, frozen=True, kw_only=True):
    """A judge that can be asked, or whose verdicts were held against labels. `agreement` is of `figure`."""

    name: str
    where: str  # hone.toml | hone | its verdicts
    card: Card | None
    figure: str
    agreement: Estimate | None
    sentence: str | None


class JudgeList(Struct, frozen=True):
    items: list[JudgeRow]


class Named(Struct, frozen=True, kw_only=True):
    """A figure of a card under the name that people read."""

    name: str
    found: Estimate


class JudgePage(Struct, frozen=True, kw_only=True):
    """`card` is the newest or the one asked for; None where the judge was never calibrated.

    `agreement` lies between `least` and 1; `leanings` are shares; `means` are of the judge, of people, and what people
    would say of the answers that have no label: the judge's plain mean beside the corrected ones.
    """

    name: str
    where: str
    prompt: str | None
    models: list[str]
    cards: list[Card]
    card: Card | None
    sentence: str | None
    agreement: list[Named]
    least: float
    leanings: list[Named]
    constants: list[Named]
    means: list[Named]
    mean_low: float
    mean_high: float


def judge_list(house: House) -> Callable[[Asked], JudgeList]:
    def view(_: Asked) -> JudgeList:
        newest: dict[str, Card] = {}
        for card in cards_of(house).all():
            newest.setdefault(card.judge, card)
        rows = [_row(name, where, newest.get(name)) for name, where in _known(house, list(newest)).items()]
        return JudgeList(sorted(rows, key=lambda row: (row.card is None, row.where != "hone.toml", row.name)))

    return view


def judge(house: House) -> Callable[[Asked], JudgePage]:
    """`?card=ID` is an earlier card."""

    def view(asked: Asked) -> JudgePage:
        name = asked.path["name"]
        cards = [each for each in cards_of(house).all() if each.judge == name]
        where = _known(house, [name] if cards else []).get(name)
        if where is None:
            raise NotFound(f"no judge {name!r}", hint="hone judges list")
        card = next(iter(cards), None)
        if wanted := asked.query.get("card"):
            card = next((each for each in cards if each.id == wanted), None)
            if card is None:
                raise NotFound(f"the judge {name!r} has no card {wanted!r}")
        agreement, means = _agreement(card), _means(card)
        config = house.project.judges.get(name)
        ends = [end for each in means for end in (each.found.low, each.found.mean, each.found.high) if end is not None]
        shares = card is None or card.kind != "number"
        return JudgePage(
            name=name,
            where=where,
            prompt=config.prompt if config else None,
            models=list(config.models) if config else [],
            cards=cards,
            card=card,
            sentence=card.sentence if card else None,
            agreement=agreement,
            least=min([0.0, *(-1.0 for each in agreement if (each.found.low or 0.0) < 0)]),
            leanings=_leanings(card),
            constants=_constants(card),
            means=means,
            mean_low=0.0 if shares or not ends else min(ends),
            mean_high=1.0 if shares or not ends else max(ends),
        )

    return view


def _known(house: House, carded: list[str]) -> dict[str, str]:
    """Where each judge is from."""
    builtin = {name: "hone" for name in NAMES if name not in _NOT_ASKED}
    return {**dict.fromkeys(carded, "its verdicts"), **builtin, **dict.fromkeys(house.project.judges, "hone.toml")}


def _row(name: str, where: str, card: Card | None) -> JudgeRow:
    figure, found = _main(card)
    said = None if card is None else card.sentence
    return JudgeRow(name=name, where=where, card=card, figure=figure, agreement=found, sentence=said)


def _main(card: Card | None) -> tuple[str, Estimate | None]:
    if card is None:
        return "", None
    named = {"correlation": card.correlation, "alpha": card.alpha}
    if card.kind != "number":
        named = {"kappa": card.kappa, "accuracy": card.accuracy}
    return next(((name, found) for name, found in named.items() if found is not None), ("", None))


def _agreement(card: Card | None) -> list[Named]:
    if card is None:
        return []
    return _there(
        ("accuracy", card.accuracy), ("Cohen's kappa", card.kappa), ("Krippendorff's alpha", card.alpha),
        ("Spearman's correlation", card.correlation), ("people among themselves, alpha", card.people),
    )  # fmt: skip


def _leanings(card: Card | None) -> list[Named]:
    if card is None:
        return []
    first, second = card.orders or (None, None)
    return _there(
        ("the order decides", card.flips), ("of those, for whatever stood first", card.toward_first),
        ("accuracy, as given", first), ("accuracy, turned round", second),
    )  # fmt: skip


def _constants(card: Card | None) -> list[Named]:
    return [] if card is None else [Named(name=each.answer, found=each.score) for each in card.constants]


def _means(card: Card | None) -> list[Named]:
    if card is None:
        return []
    return _there(
        ("people, of the labelled", card.people_mean), ("the judge, of the labelled", card.judge_mean),
        ("the judge, of the rest: plain", card.rest_mean),
        *((f"people, of the rest: {name}", found) for name, found in card.corrected.items()),
    )  # fmt: skip


def _there(*named: tuple[str, Estimate | None]) -> list[Named]:
    return [Named(name=name, found=found) for name, found in named if found is not None]
