"""ROUGE: words, pairs of words and common subsequences shared with a text by a person."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from hone.datasets import Example
from hone.errors import CallError, MissingExtra
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import check, number
from hone.evals.metrics._settings import choice
from hone.evals.metrics.text._expected import wanted
from hone.store import Judgement

_KINDS = {"l": "rougeL", "lsum": "rougeLsum"} | {str(n): f"rouge{n}" for n in range(1, 10)}

Scores = Callable[[Sequence[str], Sequence[str]], list[float]]


def rouge(given: Given) -> Evaluator:
    """ROUGE F-measure with the expected texts or else the reference, the best over the alternatives, between 0 and 1.

    `rouge` is ROUGE-L (longest common subsequence), `rouge:1` and `rouge:2` count words and pairs of words (C.-Y. Lin,
    2004), up to `rouge:9`; `rouge:lsum` takes the lines apart. `over: mean` takes the mean over the alternatives.
    Computed by rouge-score, with Porter's stemmer, or by rouge-score-rs where it is installed: the same values, a
    hundred times faster.

    Raises:
        MissingExtra: rouge-score is not installed.
    """
    return _rouge("rouge", given, "l")


def rouge_n(given: Given) -> Evaluator:
    """`rouge:1` by the name that promptfoo gives it; `rouge-n:2` is `rouge:2`."""
    return _rouge("rouge-n", given, "1")


def _rouge(called: str, given: Given, usual: str) -> Evaluator:
    kind = (given.option or usual).lower()
    if kind not in _KINDS:
        raise CallError(f"{called} has no option {given.option!r}", hint=f"{called}:1, {called}:2 or {called}:l")
    check(called, given, options=(given.option or "",), threshold=True, settings=("over",))
    mean = choice(called, given, "over", ("best", "mean")) == "mean"
    find, scores = wanted(given, reference=True), rouge_scores(kind)
    name = called if called != "rouge" and given.option is None else f"{called}:{kind}"

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        each = find(example)
        if not each:
            return []
        found = scores(each, [answer.text] * len(each))
        return [Judgement(name, fmean(found) if mean else max(found))]

    return number(name, judge)


def rouge_scores(kind: str = "l") -> Scores:
    """A function from expected texts and as many answers to the ROUGE F-measure of each pair.

    `kind` is 1 to 9, l or lsum. Long lists are scored on all cores where rouge-score-rs is installed.

    Raises:
        MissingExtra: rouge-score is not installed.
    """
    measure = _KINDS[kind]
    scorer, together = _scorer(measure)
    if together is not None:
        return lambda expected, answers: [float(each[measure].fmeasure) for each in together(expected, answers)]
    return lambda expected, answers: [
        float(scorer.score(one, answer)[measure].fmeasure) for one, answer in zip(expected, answers, strict=True)
    ]


def _scorer(measure: str) -> tuple[Any, Any]:
    """A scorer of pairs and, where the fast one is installed, its method for lists."""
    made: Any
    try:
        from rouge_score_rs import RougeScorer as Fast
    except ModuleNotFoundError:
        pass
    else:
        made = Fast
        fast = made([measure], use_stemmer=True)
        return fast, fast.score_batch
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ModuleNotFoundError:
        raise MissingExtra("the evaluator `rouge`", "evals") from None
    made = RougeScorer
    return made([measure], use_stemmer=True), None
