"""The rarer measures of trec_eval, for those who compare with published runs."""

from collections.abc import Sequence
from itertools import accumulate
from math import log2

from hone.evals.metrics.retrieval._measures import gains
from hone.evals.metrics.retrieval._ranking import Ranking

_EPSILON = 1e-5  # of infAP
_PERSISTENCE = 0.9  # of rank-biased precision


def bpref(ranked: Ranking) -> float:
    """Binary preference (C. Buckley and E. M. Voorhees, 2004): how seldom a document judged not relevant stands before
    a relevant one; what is not judged is passed over."""
    relevant, others = ranked.relevant, ranked.nonrelevant
    before, total = 0, 0.0
    for grade in ranked.grades:
        if grade is None:
            continue
        if grade > 0:
            total += 1 - (min(before, relevant) / min(relevant, others) if before else 0.0)
        else:
            before += 1
    return total / relevant if relevant else 0.0


def inferred_average_precision(ranked: Ranking) -> float:
    """infAP (E. Yilmaz and J. A. Aslam, 2006): average precision estimated where not all is judged."""
    relevant = others = 0
    total = 0.0
    for above, grade in enumerate(ranked.grades):
        if grade is None:
            continue
        if grade == 0:
            others += 1
            continue
        total += 1 / (above + 1)
        if above:
            share = (relevant + _EPSILON) / (relevant + others + 2 * _EPSILON)
            total += (relevant + others) / (above + 1) * share
        relevant += 1
    return total / ranked.relevant if ranked.relevant else 0.0


def interpolated_precision(ranked: Ranking, recall: float) -> float:
    """The largest precision at any place from which `recall` is reached."""
    needed = _nearest(recall * ranked.relevant)
    found = list(accumulate(ranked.hits))
    return max((hits / place for place, hits in enumerate(found, 1) if hits >= needed), default=0.0)


def eleven_points(ranked: Ranking) -> float:
    """The mean of the interpolated precision at recall 0, .1, ... 1."""
    return sum(interpolated_precision(ranked, tenth / 10) for tenth in range(11)) / 11


def relative_precision(ranked: Ranking, k: int) -> float:
    """Precision at `k` over the largest one that is possible."""
    return ranked.found(k) / min(k, ranked.relevant) if ranked.relevant else 0.0


def g(ranked: Ranking, *, binary: bool = False) -> float:
    """Normalised gain, G (C. Buckley, 2008, in trec_eval): a document's gain is discounted by what the best ranking
    would have gained more before it. `binary` takes every relevant grade as 1."""
    ideal = [1] * ranked.relevant if binary else list(ranked.ideal)
    had, could, total = 0, 0, 0.0
    for place, grade in enumerate(gains(ranked)):
        gain = min(grade, 1) if binary else grade
        had += gain
        could += max(1, ideal[place]) if place < len(ideal) else 1
        if gain:
            total += gain / log2(2 + could - had)
    return total / sum(ideal) if ideal else 0.0


def ndcg_over_relevant(ranked: Ranking) -> float:
    """trec_eval's ndcg_rel: nDCG at the place of every relevant document, on average; at the end for the missing."""
    ours, best = _running(ranked)
    places = [place for place, grade in enumerate(gains(ranked)) if grade > 0]
    if not ranked.relevant:
        return 0.0
    total = sum(ours[place] / best[min(place, len(best) - 1)] for place in places)
    missing = ranked.relevant - len(places)
    return (total + missing * (ours[-1] if ours else 0.0) / best[-1]) / ranked.relevant


def ndcg_over_levels(ranked: Ranking) -> float:
    """trec_eval's Rndcg: nDCG at the places where the best ranking comes to a lower grade, and at the end, on
    average."""
    if not ranked.relevant:
        return 0.0
    ours, best = _running(ranked)
    ends = [n for n in range(1, len(ranked.ideal)) if ranked.ideal[n - 1] != ranked.ideal[n]]
    ends.append(len(ranked.ideal))
    found = [(ours[min(n, len(ours)) - 1] if ours else 0.0) / best[n - 1] for n in ends]
    if len(ours) > len(ranked.ideal):
        found.append(ours[-1] / best[-1])
    return sum(found) / len(found)


def rank_biased_precision(ranked: Ranking) -> float:
    """RBP (A. Moffat and J. Zobel, 2008) with a persistence of .9, and grades as they are."""
    return (1 - _PERSISTENCE) * sum(grade * _PERSISTENCE**place for place, grade in enumerate(gains(ranked)))


def rank_biased_residual(ranked: Ranking) -> float:
    """How much larger RBP might be, were all that is not judged relevant; 0 where all is judged, as in trec_eval."""
    open_places = [_PERSISTENCE**place for place, grade in enumerate(ranked.grades) if grade is None]
    rest: float = _PERSISTENCE ** len(ranked.grades)
    return rest + (1 - _PERSISTENCE) * sum(open_places) if open_places else 0.0


def unjudged(ranked: Ranking, k: int) -> float:
    """The share of the first `k` places whose document is not judged."""
    return sum(grade is None for grade in ranked.grades[:k]) / k


def _running(ranked: Ranking) -> tuple[list[float], list[float]]:
    """DCG up to every place, of the ranking and of the best one."""
    return _sums(gains(ranked)), _sums(ranked.ideal)


def _sums(grades: Sequence[int]) -> list[float]:
    return list(accumulate(grade / log2(place + 2) for place, grade in enumerate(grades)))


def _nearest(value: float) -> int:
    """Rounded half away from zero, as C does."""
    return int(value + 0.5)
