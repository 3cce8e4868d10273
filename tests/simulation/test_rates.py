"""The interval of a rate over the whole grid: coverage computed exactly, then tried out, beside the normal interval."""

from math import lgamma

import numpy as np
import pytest

from hone.core import wilson
from hone.evals import rate
from hone.evals.statistics._intervals import share_interval

SIZES = (20, 35, 55, 100, 200, 500, 1000)
RATES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99)
DRAWS = 4000


def chances(n: int, p: float) -> np.ndarray:
    hits = np.arange(n + 1)
    ways = lgamma(n + 1) - np.array([lgamma(k + 1) + lgamma(n - k + 1) for k in hits])
    return np.exp(ways + hits * np.log(p) + (n - hits) * np.log1p(-p))


def ends(n: int, of: str) -> tuple[np.ndarray, np.ndarray]:
    """The interval for every count of hits."""
    if of == "normal":
        share = np.arange(n + 1) / n
        half = 1.959963984540054 * np.sqrt(share * (1 - share) / n)
        return share - half, share + half
    made = [share_interval(k, n) if of == "ours" else (wilson(k, n).low, wilson(k, n).high) for k in range(n + 1)]
    return np.array([low for low, _ in made]), np.array([high for _, high in made])


def coverage(n: int, p: float, of: str = "ours") -> float:
    low, high = ends(n, of)
    return float(chances(n, p)[(low <= p) & (p <= high)].sum())


@pytest.mark.parametrize("n", SIZES)
def test_the_interval_of_a_rate_covers_as_often_as_is_computed(n: int) -> None:
    random = np.random.default_rng(n)
    known = {hits: rate([True] * hits + [False] * (n - hits)) for hits in range(n + 1)}
    for p in RATES:
        exact = coverage(n, p)
        drawn = random.binomial(n, p, DRAWS)
        tried = np.mean([known[int(k)].low <= p <= known[int(k)].high for k in drawn])
        # Four standard errors: one of 56 comparisons in 280 files would be further off.
        assert tried == pytest.approx(exact, abs=4 * (exact * (1 - exact) / DRAWS) ** 0.5 + 1e-9)
        assert exact >= 0.91


def test_nowhere_on_the_grid_is_the_coverage_under_91_in_100() -> None:
    lowest = {"ours": 1.0, "wilson": 1.0, "normal": 1.0}
    for n in [*range(20, 101), *range(110, 1001, 45)]:
        found = {of: ends(n, of) for of in lowest}
        for p in np.arange(50, 100) / 100:
            share = chances(n, float(p))
            for of, (low, high) in found.items():
                lowest[of] = min(lowest[of], float(share[(low <= p) & (p <= high)].sum()))
    assert lowest["ours"] >= 0.91
    # Why the ends are mended, and why it is not the normal interval.
    assert lowest["wilson"] == pytest.approx(0.895, abs=1e-3)
    assert lowest["normal"] < 0.2


def test_the_normal_interval_beside_it_covers_less_than_half_of_the_time() -> None:
    few, many = ([coverage(n, 0.97, of) for of in ("normal", "ours")] for n in (20, 100))
    assert few == pytest.approx([0.456, 0.979], abs=1e-3)
    assert many == pytest.approx([0.802, 0.969], abs=1e-3)
