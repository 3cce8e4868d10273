"""Judges on pages: how far each agrees with people, and what sways it."""

import random

import pytest

from hone.core import now_ns
from hone.datasets import Example
from hone.evals.judges._calibrate import Verdict, card_of
from hone.evals.judges._card import Card
from hone.evals.judges._labels import Labelled
from hone.local import House, cards_of

HTML = {"accept": "text/html"}


def labelled(house: House, name="kind", *, flaws=0.1, rest=40, created=0) -> Card:
    """A judge of yes and no that is wrong in about that share of 120 answers, and has seen others without a label."""
    draw = random.Random(7)
    rows, verdicts = [], []
    for n in range(120 + rest):
        label = draw.random() < 0.6
        words = " ".join(["word"] * draw.randint(3, 60))
        rows.append(Labelled(example=Example(input=f"q{n}"), answer=words, labels=(label,) if n < 120 else ()))
        verdicts.append(Verdict(value=label if draw.random() > flaws else not label))
    card = card_of(name, "k" * 64, "boolean", "<labels>.jsonl", rows, verdicts, created or now_ns())
    cards_of(house).keep(card)
    return card


def paired(house: House) -> Card:
    """A judge of pairs that takes whatever stands first in a third of them."""
    draw = random.Random(3)
    rows, verdicts = [], []
    for n in range(90):
        label = draw.choice(["first", "second"])
        rows.append(
            Labelled(example=Example(input=f"q{n}"), answer="a b c" * (n % 5 + 1), other="a b", labels=(label,))
        )
        swayed = n % 3 == 0
        first, second = ("first", "second") if swayed else (label, label)
        verdicts.append(
            Verdict(
                value="tie" if swayed else label, first=first, second=second, flipped=swayed,
                toward_first=True if swayed else None,
            )
        )  # fmt: skip
    card = card_of("pairwise", "p" * 64, "pairwise", "pairs.jsonl", rows, verdicts, now_ns())
    cards_of(house).keep(card)
    return card


def test_without_a_card_the_list_says_how_one_is_made(http):
    page = http.get("/judges", headers=HTML).text
    assert "hone judges calibrate NAME --data LABELS" in page
    assert "fluency" in page
    assert "max-score" not in page  # asks no model


def test_judges_with_a_card_stand_first_with_their_agreement(http, house):
    card = labelled(house)
    first = http.get("/judges.json").json()["items"][0]
    assert (first["name"], first["figure"], first["where"]) == ("kind", "kappa", "its verdicts")
    assert first["agreement"]["mean"] == pytest.approx(card.kappa.mean)
    page = http.get("/judges", headers=HTML).text
    assert f"[{card.kappa.low:.3g}, {card.kappa.high:.3g}]" in page
    assert "&lt;labels&gt;.jsonl" in page


def test_the_card_shows_agreement_confusions_length_and_corrected_estimates(http, house):
    card = labelled(house)
    seen = http.get("/judges/kind.json").json()
    assert seen["sentence"] == card.sentence
    assert [each["name"] for each in seen["agreement"]] == ["accuracy", "Cohen's kappa", "Krippendorff's alpha"]
    assert {each["name"] for each in seen["means"]} >= {
        "people, of the rest: PPI++",
        "people, of the rest: Rogan-Gladen",
    }
    plain = next(each["found"] for each in seen["means"] if each["name"] == "the judge, of the rest: plain")
    assert (plain["n"], plain["mean"]) == (40, card.rest_mean.mean)
    page = http.get("/judges/kind", headers=HTML).text
    counts = card.counts
    assert counts.both + counts.judge_alone + counts.people_alone + counts.neither == 120
    for shown in (f"✓ {counts.both}", f"✗ {counts.people_alone}", f"✗ {counts.judge_alone}", f"✓ {counts.neither}"):
        assert shown in page
    assert 'class="slope" viewBox' in page
    assert f"twice as long gains {card.length.mean:+.3g}" in page


def test_a_pairwise_judge_shows_what_the_order_decides(http, house):
    card = paired(house)
    seen = http.get("/judges/pairwise.json").json()
    flips, first = seen["leanings"][:2]
    assert (flips["name"], flips["found"]["mean"]) == ("the order decides", pytest.approx(1 / 3))
    assert first["found"]["mean"] == 1.0
    page = http.get("/judges/pairwise", headers=HTML).text
    assert "The order of a pair" in page
    assert "No corrected estimate" in page
    assert card.sentence.replace("'", "&#39;") in page


def test_earlier_cards_are_kept_and_can_be_opened(http, house):
    old = labelled(house, flaws=0.3, created=now_ns() - 10**15)
    new = labelled(house, flaws=0.1, rest=41)
    seen = http.get("/judges/kind.json").json()
    assert [each["id"] for each in seen["cards"]] == [new.id, old.id]
    assert seen["card"]["id"] == new.id
    assert http.get(f"/judges/kind.json?card={old.id}").json()["sentence"] == old.sentence
    assert http.get("/judges/kind?card=nope", headers=HTML).status_code == 404


def test_a_judge_that_was_never_calibrated_says_how(http):
    page = http.get("/judges/fluency", headers=HTML).text
    assert "hone judges calibrate fluency --data LABELS" in page
