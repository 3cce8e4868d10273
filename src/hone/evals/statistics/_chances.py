"""How likely a true difference is to be seen, summed over everything that may come."""

from collections.abc import Sequence
from functools import lru_cache
from math import log, sqrt
from typing import TYPE_CHECKING, Any

from hone.evals.statistics._intervals import share_interval
from hone.evals.statistics._normal import Z95, z_below

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_REACH = 6.5  # standard deviations beyond which counts are left out
_MANY = 20_000  # cases from which on the normal approximation is as good


def passes_binomial(n: int, rate: float, above: float) -> float:
    """The chance that the interval of a share of `n` cases lies over `above`, when the share is truly `rate`."""
    import numpy as np

    hits = np.arange(n + 1)
    chances = np.exp(
        _logs(n)[n] - _logs(n)[hits] - _logs(n)[n - hits] + _power_of(rate, hits) + _power_of(1 - rate, n - hits)
    )
    # The lower end rises with the hits, so that the first that passes is found by halves.
    low, high = 0, n + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if share_interval(middle, n)[0] > above else (middle + 1, high)
    return float(chances[low:].sum())


def passes_pairs(n: int, shares: Sequence[float], margin: float) -> float:
    """The chance that Newcombe's paired interval of `n` pairs lies over -`margin`.

    `shares` are those of pairs where both, the first, the second, neither succeed. Summed over the counts of pairs
    that differ; those that agree are split as is expected of them.
    """
    import numpy as np

    both, first, second, neither = shares
    if n > _MANY:
        error = sqrt((first + second - (first - second) ** 2) / n)
        return z_below((first - second + margin) / error - Z95) if error else float(first - second + margin > 0)
    a, b = (each.ravel() for each in np.meshgrid(_window(n, first), _window(n, second), indexing="ij"))
    a, b = a[a + b <= n], b[a + b <= n]
    rest = n - a - b
    logs = _logs(n)
    chances = np.exp(
        logs[n]
        - logs[a]
        - logs[b]
        - logs[rest]
        + _power_of(first, a)
        + _power_of(second, b)
        + _power_of(both + neither, rest)
    )
    agreeing = rest * (both / (both + neither) if both + neither else 0.0)
    low = _low(agreeing, a.astype(float), b.astype(float), rest - agreeing)
    return float(chances[low > -margin].sum())


def _window(n: int, share: float) -> "Array":
    import numpy as np

    reach = _REACH * sqrt(n * share * (1 - share)) + 3
    return np.arange(max(0, int(n * share - reach)), min(n, int(n * share + reach)) + 1)


def _low(both: "Array", first: "Array", second: "Array", neither: "Array") -> "Array":
    """The lower end of `newcombe`, of many tables at once."""
    import numpy as np

    n = both + first + second + neither
    a, b = (both + first) / n, (both + second) / n
    z2 = Z95 * Z95

    def half(share: "Array") -> "Array":
        found: Array = Z95 * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return found

    def middle(share: "Array") -> "Array":
        return (share + z2 / (2 * n)) / (1 + z2 / n)

    down, up = a - (middle(a) - half(a)), middle(b) + half(b) - b
    spread = (both + first) * (second + neither) * (both + second) * (first + neither)
    lean = both * neither - first * second
    lean = np.where(lean > 0, np.maximum(0.0, lean - n / 2), lean)
    r = np.divide(lean, np.sqrt(spread), out=np.zeros_like(lean), where=spread > 0)
    found: Array = (first - second) / n - np.sqrt(np.maximum(0.0, down * down - 2 * r * down * up + up * up))
    return found


@lru_cache(maxsize=8)
def _logs(n: int) -> "Array":
    """Logarithms of 0! to n!."""
    import numpy as np

    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])


def _power_of(share: float, counts: "Array") -> "Array":
    """counts * log(share), where 0 * log(0) is 0."""
    import numpy as np

    if share <= 0:
        return np.where(counts > 0, -np.inf, 0.0)
    return counts * log(share)
