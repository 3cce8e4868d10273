"""METEOR: words matched one to one, equal or by their stems or as synonyms, and how well they keep their order."""

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

from hone.datasets import Example
from hone.errors import MissingExtra
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import check, number
from hone.evals.metrics._settings import amount
from hone.evals.metrics.text._expected import best, wanted
from hone.store import Judgement

_TOKEN = re.compile(r"\w+|[^\w\s]")
_ALPHA, _BETA, _GAMMA = 0.9, 3.0, 0.5

Pair = tuple[int, int]
Forms = Callable[[str], Sequence[str]]


def meteor(given: Given) -> Evaluator:
    """METEOR of answer and expected text, or else the reference, the best over the alternatives, between 0 and 1
    (S. Banerjee and A. Lavie, 2005).

    Words are matched one to one in stages: equal ones, then those with one stem (Porter's), then those of which one is
    a synonym of the other, where WordNet's data for NLTK are installed; the explanation says so. With m matches in c
    chunks, P = m / words of the answer, R = m / words of the expected text:

        P R / (alpha P + (1 - alpha) R) * (1 - gamma (c / m)^beta), alpha = .9, beta = 3, gamma = .5

    Each stage matches the last word that is free, as NLTK does.

    Raises:
        MissingExtra: NLTK is not installed.
    """
    check("meteor", given, threshold=True, settings=("alpha", "beta", "gamma"))
    find, known = wanted(given, reference=True), stages()
    parameters = (
        amount("meteor", given, "alpha", _ALPHA, least=0.0),
        amount("meteor", given, "beta", _BETA, least=0.0),
        amount("meteor", given, "gamma", _GAMMA, least=0.0),
    )
    why = f"modules: {', '.join(('exact', 'stem', 'synonym')[: len(known)])}"

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        scores = [meteor_of(tokens(answer.text), tokens(one), known, *parameters) for one in find(example)]
        return [Judgement("meteor", best(scores), why)] if scores else []

    return number("meteor", judge)


def meteor_of(
    answer: Sequence[str],
    expected: Sequence[str],
    stages: Sequence[Forms],
    alpha: float = _ALPHA,
    beta: float = _BETA,
    gamma: float = _GAMMA,
) -> float:
    """METEOR of two sequences of words."""
    pairs = matched(answer, expected, stages)
    if not pairs:
        return 0.0
    precision, recall = len(pairs) / len(answer), len(pairs) / len(expected)
    mean = precision * recall / (alpha * precision + (1 - alpha) * recall)
    penalty: float = gamma * (_chunks(pairs) / len(pairs)) ** beta
    return mean * (1 - penalty)


def matched(answer: Sequence[str], expected: Sequence[str], stages: Sequence[Forms]) -> list[Pair]:
    """Pairs of positions, in the order of the answer. A stage gives the forms of a word; those of an answer's word are
    all tried, of an expected one only the first counts."""
    ours, theirs = dict(enumerate(answer)), dict(enumerate(expected))
    pairs: list[Pair] = []
    for forms in stages:
        free: dict[str, list[int]] = defaultdict(list)
        for position, word in theirs.items():
            free[forms(word)[0]].append(position)
        for position in sorted(ours, reverse=True):
            found = max((form for form in forms(ours[position]) if free[form]), key=lambda f: free[f][-1], default=None)
            if found is not None:
                pairs.append((position, free[found].pop()))
        for a, b in pairs:
            ours.pop(a, None)
            theirs.pop(b, None)
    return sorted(pairs)


def tokens(text: str) -> list[str]:
    """Words and signs in lower case."""
    return _TOKEN.findall(text.lower())


def _chunks(pairs: Sequence[Pair]) -> int:
    """The fewest runs of pairs that are neighbours on both sides."""
    return 1 + sum((c, d) != (a + 1, b + 1) for (a, b), (c, d) in itertools.pairwise(pairs))


def stages() -> list[Forms]:
    try:
        from nltk.stem.porter import PorterStemmer
    except ModuleNotFoundError:
        raise MissingExtra("the evaluator `meteor`", "evals") from None
    stem = lru_cache(maxsize=65_536)(PorterStemmer().stem)
    stages: list[Forms] = [lambda word: (word,), lambda word: (stem(word),)]
    return [*stages, _synonyms] if _wordnet() else stages


def _wordnet() -> bool:
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
    except LookupError:
        return False
    return True


@lru_cache(maxsize=65_536)
def _synonyms(word: str) -> tuple[str, ...]:
    from nltk.corpus import wordnet

    names = {lemma.name() for synset in wordnet.synsets(word) for lemma in synset.lemmas()}
    return (word, *sorted(name for name in names - {word} if "_" not in name))
