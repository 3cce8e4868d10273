"""Measures of one ranking, as trec_eval defines them: each is a number between 0 and 1, 0 where nothing is relevant."""

from collections.abc import Sequence
from math import log2

from hone.evals.metrics.retrieval._ranking import Ranking


def precision(ranked: Ranking, k: int) -> float:
    """The share of the first `k` places that hold a relevant document; a place without a document does not."""
    return ranked.found(k) / k


def recall(ranked: Ranking, k: int | None = None) -> float:
    """The share of the relevant documents that stand among the first `k`, or among all."""
    return ranked.found(k) / ranked.relevant if ranked.relevant else 0.0


def hit(ranked: Ranking, k: int) -> float:
    """1 where a relevant document is among the first `k`: trec_eval's success."""
    return float(ranked.found(k) > 0)


def reciprocal_rank(ranked: Ranking, k: int | None = None) -> float:
    """1 / the place of the first relevant document; 0 where none is among the first `k`."""
    hits = ranked.hits[:k]
    return 1 / (hits.index(True) + 1) if True in hits else 0.0


def average_precision(ranked: Ranking, k: int | None = None) -> float:
    """The mean over the relevant documents of the precision at their places, 0 for those not retrieved."""
    found, total = 0, 0.0
    for place, right in enumerate(ranked.hits[:k], 1):
        if right:
            found += 1
            total += found / place
    return total / ranked.relevant if ranked.relevant else 0.0


def ndcg(ranked: Ranking, k: int | None = None) -> float:
    """Discounted cumulative gain over that of the best possible ranking (K. Järvelin and J. Kekäläinen, 2002).

    The gain is the grade, the discount log2(place + 1). Of the best ranking, too, only the first `k` count.
    """
    best = dcg(ranked.ideal[:k])
    return dcg(gains(ranked)[:k]) / best if best else 0.0


def r_precision(ranked: Ranking, times: float = 1.0) -> float:
    """Precision at as many places as there are relevant documents, `times` that many."""
    places = int(times * ranked.relevant + 0.9)
    return ranked.found(places) / places if places else 0.0


def gains(ranked: Ranking) -> list[int]:
    """The grades of what was retrieved; what is not judged, or not relevant, gains nothing."""
    return [each or 0 for each in ranked.grades]


def dcg(grades: Sequence[int]) -> float:
    """Discounted cumulative gain: the sum of grade / log2(place + 1)."""
    return sum(grade / log2(place + 1) for place, grade in enumerate(grades, 1))
