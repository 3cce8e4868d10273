"""A suite that holds more hard cases than life does: means for live traffic from cases of known probability."""

from collections.abc import Sequence
from math import sqrt

from hone.errors import CallError
from hone.evals.statistics._intervals import Estimate
from hone.evals.statistics._student import t_quantile

_SHARE = 0.975


def hajek(values: Sequence[float], probabilities: Sequence[float]) -> Estimate:
    """The mean over all requests, from cases that came into the suite with the given probabilities.

    sum(y / pi) / sum(1 / pi) (J. Hajek, 1971), with the linearised variance n / (n - 1) sum(((y - mean) / pi)²) /
    sum(1 / pi)² (C.-E. Särndal, B. Swensson and J. Wretman, 1992, Model Assisted Survey Sampling) and t
    with n - 1.

    Raises:
        CallError: no cases, not as many of both, or a probability that is not over 0 and up to 1.
    """
    n = len(values)
    if not n or n != len(probabilities):
        raise CallError(f"{n} values and {len(probabilities)} probabilities", hint="one for each case, one or more")
    if wrong := [each for each in probabilities if not 0 < each <= 1]:
        raise CallError(f"a case cannot have come in with the probability {wrong[0]:g}")
    weights = [1 / each for each in probabilities]
    total = sum(weights)
    middle = sum(w * float(y) for w, y in zip(weights, values, strict=True)) / total
    if n < 2:
        return Estimate(n=n, mean=middle, low=None, high=None, method="Hajek")
    squares = sum((w * (y - middle)) ** 2 for w, y in zip(weights, values, strict=True))
    half = t_quantile(_SHARE, n - 1) * sqrt(n / (n - 1) * squares) / total
    return Estimate(n=n, mean=middle, low=middle - half, high=middle + half, method="Hajek", freedom=n - 1)
