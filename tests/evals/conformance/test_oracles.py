"""The measures of text beside the libraries that everybody compares with: equal, on real texts and on random ones."""

import asyncio
import math
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.gleu_score import sentence_gleu
from nltk.translate.meteor_score import single_meteor_score
from rapidfuzz.distance import LCSseq
from rouge_score.rouge_scorer import RougeScorer

from hone.datasets import Example
from hone.evals import Answer, Figure, Judged, make
from hone.evals.metrics.text import _meteor
from hone.evals.metrics.text._parent import parent_of
from hone.evals.metrics.text._rouge import rouge_scores

Rows = Callable[[str], list[dict[str, Any]]]

KINDS = {"1": "rouge1", "2": "rouge2", "3": "rouge3", "l": "rougeL", "lsum": "rougeLsum"}
PLAIN = RougeScorer(list(KINDS.values()), use_stemmer=True)
WORDS = st.lists(
    st.sampled_from(["the", "cats", "cat", "running", "ran", "mat.", "Bern", "1,000", "é", "naïve", "\n", "!", "日本"]),
    max_size=14,
).map(" ".join)
TEXTS = WORDS | st.text(max_size=60)


def said(name: str, text: str, expected: list[str]) -> float:
    (evaluator,) = make([name])
    (found,) = asyncio.run(evaluator.said(Example(input="q", expected=expected), Answer(text=text)))
    return float(found.value)


@given(TEXTS, TEXTS)
def test_rouge_is_that_of_rouge_score_on_random_texts(expected: str, answer: str) -> None:
    plain = PLAIN.score(expected, answer)
    for kind, measure in KINDS.items():
        assert rouge_scores(kind)([expected], [answer]) == [plain[measure].fmeasure]


def test_rouge_is_that_of_rouge_score_on_real_texts(rows: Rows) -> None:
    pairs = _pairs(rows, 120)
    for kind, measure in KINDS.items():
        ours = rouge_scores(kind)([a for a, _ in pairs], [b for _, b in pairs])
        assert ours == [PLAIN.score(a, b)[measure].fmeasure for a, b in pairs]


def test_without_the_accelerator_rouge_is_the_same(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = _pairs(rows, 50)
    fast = rouge_scores("2")([a for a, _ in pairs], [b for _, b in pairs])
    monkeypatch.setitem(sys.modules, "rouge_score_rs", None)
    assert rouge_scores("2")([a for a, _ in pairs], [b for _, b in pairs]) == fast


@given(WORDS.filter(str.strip), st.lists(WORDS.filter(str.strip), min_size=1, max_size=3))
def test_bleu_and_chrf_of_one_answer_are_those_of_sacrebleu(answer: str, expected: list[str]) -> None:
    bleu = sacrebleu.sentence_bleu(answer, expected).score
    assert said("bleu", answer, expected) == bleu / 100
    assert said("chrf", answer, expected) == sacrebleu.sentence_chrf(answer, expected).score / 100
    assert said("chrf:++", answer, expected) == sacrebleu.sentence_chrf(answer, expected, word_order=2).score / 100


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_the_figure_of_a_run_is_that_of_sacrebleu_with_its_signature(rows: Rows, name: str) -> None:
    pairs = _pairs(rows, 200)
    metric: Any = {"bleu": sacrebleu.BLEU, "chrf": sacrebleu.CHRF}[name]()
    score = metric.corpus_score([answer for _, answer in pairs], [[expected for expected, _ in pairs]])
    (figure,) = _figures(name, [([expected], answer) for expected, answer in pairs])
    assert figure.name == f"{name}-corpus"
    assert figure.value == score.score / 100
    assert figure.low is not None and figure.high is not None
    assert figure.low < figure.value < figure.high
    assert figure.n == len(pairs)
    # The interval is bootstrapped, which sacrebleu notes in its signature, too.
    assert set(figure.method.split("|")) > set(str(metric.get_signature()).split("|"))


def test_answers_may_have_different_numbers_of_expected_texts() -> None:
    cases = [
        (["the cat sat on the mat", "a cat was on the mat"], "the cat was on the mat"),
        (["a dog ran home"], "the dog ran home"),
    ]
    (figure,) = _figures("bleu", cases)
    streams: Any = [["the cat sat on the mat", "a dog ran home"], ["a cat was on the mat", None]]
    known = sacrebleu.corpus_bleu([answer for _, answer in cases], streams)
    assert figure.value == known.score / 100


@given(WORDS.filter(str.strip), WORDS.filter(str.strip))
def test_gleu_is_that_of_nltk(answer: str, expected: str) -> None:
    ours, theirs = ([word.rstrip(".") for word in text.lower().split()] for text in (answer, expected))
    assert said("gleu", answer, [expected]) == pytest.approx(sentence_gleu([theirs], ours))


# NLTK looks for synonyms of stems; these words are their own.
STEMS = st.lists(st.sampled_from(["the", "cat", "ran", "mat", "bern", "dog"]), min_size=1, max_size=14)
SYNONYMS = {"cat": ("tabby", "bern"), "ran": ("dog", "mat"), "dog": ("cat",)}


class _WordNet:
    """WordNet as NLTK asks it, with a few words."""

    def __init__(self, words: dict[str, tuple[str, ...]]) -> None:
        self._words = words

    def synsets(self, word: str) -> list[Any]:
        lemmas = [SimpleNamespace(name=lambda one=each: one) for each in self._words.get(word, ())]
        return [SimpleNamespace(lemmas=lambda: lemmas)]


@given(WORDS.filter(str.strip), WORDS.filter(str.strip))
def test_meteor_without_synonyms_is_that_of_nltk(answer: str, expected: str) -> None:
    ours, theirs = _meteor.tokens(answer), _meteor.tokens(expected)
    none: Any = _WordNet({})
    found = _meteor.meteor_of(ours, theirs, _meteor.stages()[:2])
    assert found == pytest.approx(single_meteor_score(theirs, ours, wordnet=none))


@given(STEMS, STEMS)
def test_meteor_with_synonyms_is_that_of_nltk(ours: list[str], theirs: list[str]) -> None:
    some: Any = _WordNet(SYNONYMS)
    stages = [*_meteor.stages()[:2], lambda word: (word, *SYNONYMS.get(word, ()))]
    assert _meteor.meteor_of(ours, theirs, stages) == pytest.approx(single_meteor_score(theirs, ours, wordnet=some))


TOKENS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9)


@given(
    TOKENS, TOKENS, st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3), min_size=1), st.floats(0, 1)
)
def test_parent_is_what_its_paper_says(
    answer: list[str], expected: list[str], table: list[list[str]], share: float
) -> None:
    """Equations 1 to 6, read aloud: every occurrence of a run of words is looked at by itself."""
    values = {word for value in table for word in value}
    precisions, recalls = [], []
    for n in range(1, 5):
        ours, theirs = ([tuple(text[at : at + n]) for at in range(len(text) - n + 1)] for text in (answer, expected))
        entailed = {run: sum(word in values for word in run) / n for run in [*ours, *theirs]}
        in_theirs = {run: min(ours.count(run), theirs.count(run)) / ours.count(run) for run in ours}
        in_ours = {run: min(ours.count(run), theirs.count(run)) / theirs.count(run) for run in theirs}
        told = [in_theirs[run] + (1 - in_theirs[run]) * entailed[run] for run in ours]
        precisions.append(sum(told) / len(told) if told else 0.0)
        asked = sum(entailed[run] for run in theirs)
        recalls.append(sum(entailed[run] * in_ours[run] for run in theirs) / asked if asked else 1.0)
    mentioned = sum(LCSseq.similarity(value, answer) / len(value) for value in table) / len(table)

    def geometric(orders: list[float]) -> float:
        return math.prod(max(each, 1e-5) for each in orders) ** (1 / 4) if orders[0] else 0.0

    recall = max(geometric(recalls), 1e-5) ** (1 - share) * max(mentioned, 1e-5) ** share
    precision = geometric(precisions)
    known = 2 * precision * recall / (precision + recall) if precision else 0.0
    assert parent_of(answer, expected, table, share) == pytest.approx(known)


def _figures(name: str, cases: list[tuple[list[str], str]]) -> list[Figure]:
    (evaluator,) = make([name])
    assert evaluator.sum_up is not None
    return list(
        evaluator.sum_up([Judged(Example(input="q", expected=each), Answer(text=answer), ()) for each, answer in cases])
    )


def _pairs(rows: Rows, most: int) -> list[tuple[str, str]]:
    found = [
        (reference, system["summary"])
        for article in rows("summeval/summeval.jsonl.gz")
        for system in article["systems"].values()
        for reference in article["references"][:2]
    ]
    return found[:: len(found) // most][:most]
