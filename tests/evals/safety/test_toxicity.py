"""Toxicity: words and threats, in disguise too; what only looks like one is none."""

import time

import pytest

from hone.datasets import Example
from hone.errors import CallError
from hone.evals import Answer, make
from hone.evals.metrics.safety._toxicity import toxic
from hone.store import Judgement


@pytest.mark.parametrize(
    "text",
    [
        "You idiot!",
        "what IDIOTS",
        "an id1ot",
        "1d10t",
        "i.d.i.o.t",
        "i d i o t",
        "idiooooot",
        "id*ot",
        "i\u200bdiot",
        "ІDІОТ",  # in part Cyrillic
        "ïdíôt",
        "ｉｄｉｏｔ",
        "you-idiot",
    ],
)
def test_a_disguise_is_seen_through(text: str) -> None:
    assert list(toxic(text)) == [("insult", "idiot")]


@pytest.mark.parametrize(
    "text",
    [
        "Scunthorpe is a class of its own",
        "assess the passage",
        "a well-known classic, 1.2.3",
        "option a b c d",
        "he said 'go and dye your hair'",
        "i will find the file for you",
        "****",
        "5 * 3 = 15",
        "",
    ],
)
def test_what_only_looks_like_it_is_none(text: str) -> None:
    assert list(toxic(text)) == []


def judged(text: str, **asked: object) -> Judgement:
    (evaluator,) = make([{"type": "toxicity"} | asked])
    (found,) = evaluator.judgements(Example(input="q"), Answer(text=text))
    return found


def test_threats_are_phrases() -> None:
    found = judged("I will kill you. I hope you die!")
    assert found.value == 2
    assert found.explanation == "threat: i w*** k*** y**; threat: i h*** y** d**"


def test_kinds_and_words_can_be_left_out() -> None:
    text = "Damn, what an idiot."
    assert judged(text).value == 2
    assert judged(text, value=["insult"]).value == 1
    assert judged(text, but=["damn"], threshold=0).value is False
    assert judged(text, but=["damn", "idiot"], threshold=0).value is True
    with pytest.raises(CallError, match="toxicity knows no kind"):
        make([{"type": "toxicity", "value": "rudeness"}])


@pytest.mark.parametrize("piece", ["a ", "a.b", "*", "a*", "aaa", "i will ", "-"])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    list(toxic(piece * (100_000 // len(piece))))
    assert time.process_time() - began < 5
