"""The evaluators of OpenAI's evals, as its classes of the same names grade a sample."""

import re
import string
from collections.abc import Callable

from hone.core import from_json
from hone.datasets import Example
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.evals.metrics.text._expected import alternatives
from hone.store import Judgement, Metric

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def match(given: Given) -> Evaluator:
    """Right when the answer begins with one of the ideal ones (`evals.elsuite.basic.match`)."""
    return _boolean(given, "samples-match", lambda text, ideal: text.startswith(ideal))


def includes(given: Given) -> Evaluator:
    """Right when one of the ideal answers stands in the answer (`evals.elsuite.basic.includes`); with `ignore_case`,
    whatever the case."""
    if given.settings.get("ignore_case"):
        return _boolean(given, "samples-includes", lambda text, ideal: ideal.lower() in text.lower())
    return _boolean(given, "samples-includes", lambda text, ideal: ideal in text)


def fuzzy_match(given: Given) -> Evaluator:
    """Right when answer and ideal hold one another, lower case, punctuation and articles taken out
    (`evals.elsuite.basic.fuzzy_match`)."""

    def right(text: str, ideal: str) -> bool:
        ours, theirs = _normal(text), _normal(ideal)
        return ours == theirs if not ours or not theirs else ours in theirs or theirs in ours

    return _boolean(given, "samples-fuzzy-match", right)


def json_match(given: Given) -> Evaluator:
    """Right when the answer is the same JSON as one of the ideal ones (`evals.elsuite.basic.json_match`)."""

    def right(text: str, ideal: str) -> bool:
        try:
            return bool(from_json(text) == from_json(ideal))
        except ValueError:
            return False

    return _boolean(given, "samples-json-match", right)


def _normal(text: str) -> str:
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def _boolean(given: Given, usual: str, right: Callable[[str, str], bool]) -> Evaluator:
    name = given.name or usual

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        wanted = alternatives(example)
        if not wanted:
            return []
        found = any(right(answer.text, each) for each in wanted)
        return [Judgement(name, found, None if found else f"expected {' or '.join(wanted)[:200]}")]

    return Evaluator(name=name, measures=(Measure(name=name, metric=Metric(kind="boolean"), worst=False),), judge=judge)
