"""Many questions at once: p values that are adjusted for how many were asked."""

from collections.abc import Sequence


def holm(ps: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order given: none under alpha by chance alone in more than alpha of runs.

    Holm's step-down: the running maximum of (m - k) p_(k), k from 0 (S. Holm, 1979, Scandinavian Journal of Statistics
    6, pp. 65-70). For gates, where one false alarm is one too many; however the questions depend on each other.
    """
    order, made, highest = _ascending(ps), [0.0] * len(ps), 0.0
    for k, at in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - k) * ps[at]))
        made[at] = highest
    return made


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order given: of those under alpha, a share of alpha at most is expected to be false.

    The running minimum, from the largest on, of m p_(k) / k (Y. Benjamini and Y. Hochberg, 1995, Journal of the Royal
    Statistical Society B 57, pp. 289-300). For exploring; valid where the questions are independent or move together.
    """
    order, made, lowest = _ascending(ps), [0.0] * len(ps), 1.0
    for k in range(len(ps), 0, -1):
        at = order[k - 1]
        lowest = min(lowest, len(ps) * ps[at] / k)
        made[at] = lowest
    return made


def _ascending(ps: Sequence[float]) -> list[int]:
    for p in ps:
        if not 0 <= p <= 1:
            raise ValueError(f"{p} is not a p value")
    return sorted(range(len(ps)), key=ps.__getitem__)
