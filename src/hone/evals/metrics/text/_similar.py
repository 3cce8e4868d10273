"""Do two texts mean the same? Their vectors by the embedder at hand say so, of the whole or sentence by sentence."""

import asyncio
import re
from collections.abc import Sequence
from math import fsum, sqrt
from typing import Any

from hone.datasets import Example
from hone.errors import CallError
from hone.evals._ask import Embed
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import check, number
from hone.evals.metrics.text._expected import best, wanted
from hone.store import Judgement

_MEASURES = ("cosine", "dot", "euclidean")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


def similar(given: Given) -> Evaluator:
    """The cosine of the vectors of answer and expected text, or else the reference, the best over the alternatives.

    `similar:dot` is the dot product, which is the same for vectors of length 1; `similar:euclidean` is their distance,
    0 where they are equal and 2 at most, so that less is better.

    Raises:
        CallError: there is no embedder.
    """
    check("similar", given, options=_MEASURES, threshold=True)
    name = "similar" if given.option is None else f"similar:{given.option}"
    embed, find, apart = _embedder("similar", given), wanted(given, reference=True), given.option == "euclidean"

    async def judge(example: Example, answer: Answer) -> list[Judgement]:
        each = find(example)
        if not each:
            return []
        # Vectors take milliseconds, in which other answers may go on.
        vectors = await asyncio.to_thread(embed, [answer.text, *each])
        if apart:
            return [Judgement(name, min(_length(vectors[0] - one) for one in vectors[1:]))]
        return [Judgement(name, best([float(vectors[0] @ one) for one in vectors[1:]]))]

    if apart:
        return number(name, judge, worst=2.0, direction="down", within=(0.0, 2.0))
    return number(name, judge, within=(-1.0, 1.0))


def sentence_match(given: Given) -> Evaluator:
    """F1 of the sentences of answer and expected text, or else the reference, each matched with the nearest of the
    other side; the best over the alternatives.

    Precision is the mean over the answer's sentences of the largest cosine with one of the expected text, recall the
    other way round: the greedy matching of BERTScore (T. Zhang et al., 2020), with vectors of sentences in place of
    those of tokens in their context, so the numbers are not BERTScore's.

    Raises:
        CallError: there is no embedder.
    """
    check("sentence-match", given, threshold=True)
    embed, find = _embedder("sentence-match", given), wanted(given, reference=True)

    async def judge(example: Example, answer: Answer) -> list[Judgement]:
        ours = sentences(answer.text)
        scores = [await asyncio.to_thread(_matched, ours, sentences(one), embed) for one in find(example)]
        return [Judgement("sentence-match", best(scores))] if scores else []

    return number("sentence-match", judge)


def sentences(text: str) -> list[str]:
    """A text cut after . ! ? and at the ends of lines: plain, and the same everywhere."""
    return [each.strip() for each in _SENTENCE.split(text) if each.strip()]


def _matched(ours: Sequence[str], theirs: Sequence[str], embed: Embed) -> float:
    if not ours or not theirs:
        return float(not ours and not theirs)
    vectors = embed([*ours, *theirs])
    cosines = vectors[: len(ours)] @ vectors[len(ours) :].T
    precision, recall = float(cosines.max(axis=1).mean()), float(cosines.max(axis=0).mean())
    return max(0.0, 2 * precision * recall / (precision + recall)) if precision > 0 < recall else 0.0


def _length(vector: Any) -> float:
    return sqrt(fsum(float(x) * float(x) for x in vector))


def _embedder(name: str, given: Given) -> Embed:
    if given.embed is None:
        raise CallError(f"{name} needs vectors of texts, and there is no embedder", hint='pip install "hone[embed]"')
    return given.embed
