"""BLEU and chrF, computed by sacrebleu, whose signature says exactly how."""

from collections.abc import Callable, Sequence
from typing import Any

from hone.datasets import Example
from hone.errors import MissingExtra
from hone.evals._case import Answer, Evaluator, Figure, Given, Judged
from hone.evals.metrics._one import check, number
from hone.evals.metrics.text._expected import Wanted, wanted
from hone.store import Judgement

_RESAMPLES = 1_000  # for the interval of a corpus


def bleu(given: Given) -> Evaluator:
    """BLEU of each answer with the expected texts, or else the reference, between 0 and 1 (K. Papineni et al., 2002),
    and the figure `bleu-corpus` of them all.

    Computed by sacrebleu (M. Post, 2018) with its own tokens: smoothed exponentially, and for a single answer only of
    the orders that it has. The figure's method is sacrebleu's signature; its value is sacrebleu's divided by 100.

    Raises:
        MissingExtra: sacrebleu is not installed.
    """
    check("bleu", given, threshold=True)
    metrics = _sacrebleu("bleu")
    one, whole = metrics.BLEU(effective_order=True), metrics.BLEU
    return _scored("bleu", given, one, whole)


def chrf(given: Given) -> Evaluator:
    """chrF2 of each answer with the expected texts, or else the reference, between 0 and 1: F2 of the runs of up to six
    letters that both have (M. Popović, 2015), and the figure `chrf-corpus` of them all. `chrf:++` counts words and
    pairs of words, too (chrF2++).

    Computed by sacrebleu, whose signature is the figure's method.

    Raises:
        MissingExtra: sacrebleu is not installed.
    """
    check("chrf", given, options=("++",), threshold=True)
    metrics, words = _sacrebleu("chrf"), 2 if given.option else 0

    def whole() -> Any:
        return metrics.CHRF(word_order=words)

    return _scored("chrf:++" if given.option else "chrf", given, whole(), whole)


def _sacrebleu(name: str) -> Any:
    try:
        from sacrebleu import metrics
    except ModuleNotFoundError:
        raise MissingExtra(f"the evaluator `{name}`", "evals") from None
    return metrics


def _scored(name: str, given: Given, one: Any, whole: Callable[[], Any]) -> Evaluator:
    find = wanted(given, reference=True)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        each = find(example)
        return [Judgement(name, one.sentence_score(answer.text, each).score / 100)] if each else []

    def sum_up(judged: Sequence[Judged]) -> list[Figure]:
        return [] if (found := _corpus(judged, find, whole())) is None else [_figure(f"{name}-corpus", *found)]

    return number(name, judge, sum_up=sum_up)


def _corpus(judged: Sequence[Judged], find: Wanted, metric: Any) -> tuple[Any, str, int] | None:
    """The score of all answers that have something to be compared with; a failed call is an empty answer."""
    pairs = [(each.answer.text if each.answer.error is None else "", find(each.example)) for each in judged]
    known = [(text, texts) for text, texts in pairs if texts]
    if not known:
        return None
    most = max(len(texts) for _, texts in known)
    # sacrebleu takes one stream for every how-manieth reference; where an example has fewer, None stands in it.
    streams = [[texts[n] if n < len(texts) else None for _, texts in known] for n in range(most)]
    answers = [text for text, _ in known]
    if len(known) > 1:
        score = metric.corpus_score(answers, streams, n_bootstrap=_RESAMPLES)
    else:
        score = metric.corpus_score(answers, streams)
    return score, str(metric.get_signature()), len(known)


def _figure(name: str, score: Any, signature: str, n: int) -> Figure:
    half = score._ci / 100 if n > 1 else None
    middle = score._mean / 100 if n > 1 else None
    return Figure(
        name=name,
        value=score.score / 100,
        low=None if half is None or middle is None else middle - half,
        high=None if half is None or middle is None else middle + half,
        n=n,
        method=signature,
    )
