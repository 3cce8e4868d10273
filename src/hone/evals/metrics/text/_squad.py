"""Answers to questions as SQuAD and its kin score them: equal, or sharing words, once both are normalised."""

import re
import string
from collections import Counter

from hone.datasets import Example
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check, number, short
from hone.evals.metrics.text._expected import best, wanted
from hone.store import Judgement

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def f1(given: Given) -> Evaluator:
    """F1 of the words of answer and expected, the best over the alternatives, between 0 and 1.

    As the evaluation script of SQuAD 1.1 has it (P. Rajpurkar et al., 2016): lower case, punctuation and the articles
    a, an, the taken out, split at white space; the harmonic mean of precision and recall over shared words.
    """
    return _overlap("f1", given)


def squad_f1(given: Given) -> Evaluator:
    """`f1` by its full name."""
    return _overlap("squad-f1", given)


def squad_em(given: Given) -> Evaluator:
    """Right when answer and expected are equal once both are normalised as for `f1`: the exact match of SQuAD 1.1."""
    check("squad-em", given)
    find = wanted(given)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        each = find(example)
        if not each:
            return []
        right = any(normalised(one) == normalised(answer.text) for one in each)
        return [Judgement("squad-em", right, None if right else f"expected {short(each)}")]

    return boolean("squad-em", judge)


def shared_words(answer: str, expected: str) -> float:
    """See `f1`. Two texts without a word in them are equal."""
    ours, theirs = normalised(answer), normalised(expected)
    shared = (Counter(ours) & Counter(theirs)).total()
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * shared / (len(ours) + len(theirs))


def normalised(text: str) -> list[str]:
    """The words of a text, as SQuAD compares them."""
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _overlap(name: str, given: Given) -> Evaluator:
    check(name, given, threshold=True)
    find = wanted(given)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        each = find(example)
        return [Judgement(name, best([shared_words(answer.text, one) for one in each]))] if each else []

    return number(name, judge)
