"""GLEU, Google's variant of BLEU for single sentences."""

from collections import Counter
from collections.abc import Sequence

from hone.datasets import Example
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import check, number
from hone.evals.metrics.text._expected import best, wanted
from hone.store import Judgement

_LONGEST = 4


def gleu(given: Given) -> Evaluator:
    """GLEU of answer and expected text, or else the reference, the best over the alternatives, between 0 and 1.

    The smaller of precision and recall over all runs of one to four words (Y. Wu et al., 2016, Google's Neural Machine
    Translation System, section 5). Lower case, split at white space, full stops at the end of a word left out, as
    promptfoo does.
    """
    check("gleu", given, threshold=True)
    find = wanted(given, reference=True)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        each = find(example)
        return [Judgement("gleu", best([gleu_of(_words(answer.text), _words(one)) for one in each]))] if each else []

    return number("gleu", judge)


def gleu_of(answer: Sequence[str], expected: Sequence[str]) -> float:
    """GLEU of two sequences of words; 0 where one is empty and the other is not, 1 where both are."""
    ours, theirs = runs(answer, _LONGEST), runs(expected, _LONGEST)
    longer = max(ours.total(), theirs.total())
    return (ours & theirs).total() / longer if longer else 1.0


def runs(words: Sequence[str], longest: int) -> Counter[tuple[str, ...]]:
    """All runs of one to `longest` words, with how often each occurs."""
    return Counter(
        tuple(words[start : start + n]) for n in range(1, longest + 1) for start in range(len(words) - n + 1)
    )


def _words(text: str) -> list[str]:
    return [word.rstrip(".") for word in text.lower().split()]
