"""Evaluators of text: equality, names, overlap of words."""

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from hone.core import from_json, to_json
from hone.datasets import Example
from hone.errors import CallError, MissingExtra
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.store import Judgement, Metric

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ROUGES = {"1": "rouge1", "2": "rouge2", "l": "rougeL"}
_SHOWN = 80


def exact(given: Given) -> Evaluator:
    """Right when the answer is the expected one, white space around it apart.

    A list holds alternatives. What is no string is compared as JSON, so neither spaces nor the order of keys count.
    """
    _no_option("exact", given)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        if example.expected is None:
            return []
        right = any(_equal(each, answer.text) for each in [example.expected, *alternatives(example)])
        return [Judgement("exact", right, None if right else f"expected {_short(example.expected)}")]

    return _boolean("exact", judge)


def contains(given: Given) -> Evaluator:
    """Right when the expected text stands in the answer, whatever the case; one of them, when it is a list.

    `contains:whole` looks for whole names and minds the case: `set` is not found in `dict.setdefault`.
    """
    if given.option not in (None, "whole"):
        raise CallError(f"contains has no option {given.option!r}", hint="contains:whole")
    name = "contains" if given.option is None else "contains:whole"
    stands_in = _stands_in if given.option is None else whole_name

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        wanted = alternatives(example)
        if not wanted:
            return []
        found = next((each for each in wanted if stands_in(each, answer.text)), None)
        why = f"no {_short(wanted)}" if found is None else f"found {_short(found)}"
        return [Judgement(name, found is not None, why)]

    return _boolean(name, judge)


def f1(given: Given) -> Evaluator:
    """F1 of the words of answer and expected, the best over the alternatives, between 0 and 1.

    As the evaluation script of SQuAD 1.1 has it (P. Rajpurkar et al., 2016): lower case, punctuation and the articles
    a, an, the taken out, split at white space; the harmonic mean of precision and recall over shared words.
    """
    _no_option("f1", given)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        wanted = alternatives(example)
        return [Judgement("f1", max(squad_f1(answer.text, each) for each in wanted))] if wanted else []

    return _number("f1", judge)


def rouge(given: Given) -> Evaluator:
    """ROUGE F-measure with the expected texts or else the reference, the best over the alternatives, between 0 and 1.

    `rouge` is ROUGE-L (longest common subsequence), `rouge:1` and `rouge:2` count words and pairs of words (C.-Y. Lin,
    2004). Computed by the library rouge-score, with Porter's stemmer.

    Raises:
        MissingExtra: rouge-score is not installed.
    """
    kind = (given.option or "l").lower()
    if kind not in _ROUGES:
        raise CallError(f"rouge has no option {given.option!r}", hint="rouge:1, rouge:2 or rouge:l")
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ModuleNotFoundError:
        raise MissingExtra("the evaluator `rouge`", "evals") from None
    name, scorer = f"rouge:{kind}", RougeScorer([_ROUGES[kind]], use_stemmer=True)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        wanted = alternatives(example) or ([example.reference] if example.reference else [])
        scores = [scorer.score(each, answer.text)[_ROUGES[kind]].fmeasure for each in wanted]
        return [Judgement(name, float(max(scores)))] if scores else []

    return _number(name, judge)


def alternatives(example: Example) -> list[str]:
    """The expected answers as texts; what is no string is its JSON."""
    if example.expected is None:
        return []
    each = example.expected if isinstance(example.expected, list) else [example.expected]
    return [one if isinstance(one, str) else to_json(one) for one in each if one not in (None, "")]


def whole_name(name: str, text: str) -> bool:
    """Does `name` stand in `text` as a name of its own, not as a part of a longer or dotted one?"""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|\.\w)", text) is not None


def squad_f1(answer: str, expected: str) -> float:
    """See `f1`. Two texts without a word in them are equal."""
    ours, theirs = _squad_words(answer), _squad_words(expected)
    shared = (Counter(ours) & Counter(theirs)).total()
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * shared / (len(ours) + len(theirs))


def _squad_words(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _stands_in(wanted: str, text: str) -> bool:
    return wanted.casefold() in text.casefold()


def _equal(expected: Any, text: str) -> bool:
    if isinstance(expected, str):
        return expected.strip() == text.strip()
    try:
        return _same(from_json(text), expected)
    except ValueError:
        return False


def _same(a: Any, b: Any) -> bool:
    """Equal as JSON: to Python, True is 1."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else to_json(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _no_option(name: str, given: Given) -> None:
    if given.option is not None:
        raise CallError(f"{name} has no option {given.option!r}", hint=f"write `{name}`")


Judge = Callable[[Example, Answer], Iterable[Judgement]]


def _boolean(name: str, judge: Judge) -> Evaluator:
    return Evaluator(name=name, measures=(Measure(name=name, metric=Metric(kind="boolean"), worst=False),), judge=judge)


def _number(name: str, judge: Judge) -> Evaluator:
    return Evaluator(name=name, measures=(Measure(name=name, metric=Metric(kind="number"), worst=0.0),), judge=judge)
