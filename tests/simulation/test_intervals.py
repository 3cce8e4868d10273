"""What the intervals and tests promise, tried out: how often they are right, and how often they cry wolf."""

from functools import cache
from math import comb

import numpy as np
import pytest

from hone.evals import compare_paired, mean, mean_always, rate_always
from hone.evals.statistics._intervals import paired_rates
from hone.evals.statistics._tests import mcnemar, sign_flip

# (both, only a, only b, neither)
CHANCES = [(0.55, 0.15, 0.15, 0.15), (0.80, 0.12, 0.03, 0.05), (0.30, 0.05, 0.10, 0.55)]


def tables(n: int) -> list[tuple[int, int, int, int]]:
    return [(a, b, c, n - a - b - c) for a in range(n + 1) for b in range(n - a + 1) for c in range(n - a - b + 1)]


def chance(table: tuple[int, ...], p: tuple[float, ...]) -> float:
    left, found = sum(table), 1.0
    for count, share in zip(table, p, strict=True):
        found *= comb(left, count) * share**count
        left -= count
    return found


def interval(table: tuple[int, int, int, int]) -> tuple[float, float]:
    both, a, b, neither = table
    pairs = [(True, True)] * both + [(True, False)] * a + [(False, True)] * b + [(False, False)] * neither
    found = paired_rates(pairs)
    return found.low or 0.0, found.high or 0.0


@pytest.mark.parametrize("chances", CHANCES)
def test_the_paired_interval_covers_as_often_as_it_says_computed_exactly(chances: tuple[float, ...]) -> None:
    """Over all tables of 20 pairs: Newcombe reports coverage near or above .95 for method 10."""
    truth = chances[1] - chances[2]
    covered = sum(chance(t, chances) for t in tables(20) if interval(t)[0] <= truth <= interval(t)[1])
    assert 0.93 <= covered <= 0.995


def test_the_t_interval_covers_95_in_100() -> None:
    random = np.random.default_rng(11)
    draws = random.normal(1.0, 2.0, (2000, 12))
    hits = sum((found := mean(list(row))).low <= 1.0 <= found.high for row in draws)  # type: ignore[operator]
    # Exactly .95 for normal values; 2,000 draws have a standard error of .005.
    assert hits / 2000 == pytest.approx(0.95, abs=0.02)


def test_mcnemar_cries_wolf_less_often_than_5_in_100_computed_exactly() -> None:
    for discordant in range(1, 60):
        alarms = sum(comb(discordant, k) for k in range(discordant + 1) if mcnemar(k, discordant - k) < 0.05)
        assert alarms / 2**discordant <= 0.05


def test_the_sign_flip_test_cries_wolf_in_5_of_100() -> None:
    random = np.random.default_rng(13)
    alarms = sum(sign_flip(list(row)) <= 0.05 for row in random.normal(0, 1, (1000, 9)))
    # 512 patterns in pairs: the exact level is floor(.05 * 256) / 256 = .047.
    assert alarms / 1000 == pytest.approx(0.047, abs=0.02)


def test_a_gate_lets_a_worse_variant_through_in_less_than_2_5_of_100() -> None:
    """Truly worse by just the margin: a two-sided 95 % interval lies above it in one of forty runs."""
    random = np.random.default_rng(17)
    passed = 0
    for _ in range(1000):
        a, b = random.random(100) < 0.7, random.random(100) < 0.8
        cases = {str(n): bool(v) for n, v in enumerate(a)}, {str(n): bool(v) for n, v in enumerate(b)}
        passed += compare_paired(*cases, boolean=True, a="a", b="b", metric="m", not_worse_by=0.1).verdict == "pass"
    assert passed / 1000 <= 0.025 + 3 * (0.025 * 0.975 / 1000) ** 0.5


@pytest.mark.parametrize("p", [0.02, 0.3, 0.5, 0.97])
def test_a_rate_looked_at_after_every_call_is_wrong_in_less_than_5_of_100(p: float) -> None:
    random = np.random.default_rng(19)
    looks, runs = 400, 300
    wrong = 0
    bounds = cache(rate_always)
    for _ in range(runs):
        counts = np.cumsum(random.random(looks) < p).tolist()
        wrong += any(not (b := bounds(s, n))[0] <= p <= b[1] for n, s in enumerate(counts, 1))
    # Ville's inequality says .05; a Wilson interval looked at as often is wrong far more often.
    assert wrong / runs <= 0.05


def test_a_wilson_interval_looked_at_again_and_again_does_cry_wolf() -> None:
    """Why the bounds above exist: the same looks with the ordinary interval."""
    from hone.core import wilson

    random = np.random.default_rng(19)
    wrong = 0
    for _ in range(300):
        counts = np.cumsum(random.random(400) < 0.3)
        looks = [wilson(int(counts[n - 1]), n) for n in range(10, 401)]
        wrong += any(not look.low <= 0.3 <= look.high for look in looks)
    assert wrong / 300 > 0.15


def test_a_mean_looked_at_after_every_call_is_wrong_in_less_than_5_of_100() -> None:
    random = np.random.default_rng(23)
    wrong = 0
    for _ in range(200):
        values = list(random.beta(2, 5, 200))
        looks = [mean_always(values[:n]) for n in range(1, 201)]
        wrong += any(not low <= 2 / 7 <= high for low, high in looks)
    assert wrong / 200 <= 0.05


def test_the_bounds_close_in_on_the_truth() -> None:
    low, high = rate_always(3_000, 10_000)
    assert high - low < 0.05
    assert low < 0.3 < high
    low, high = mean_always([0.3, 0.5] * 2_000)
    assert high - low < 0.05
    assert low < 0.4 < high


def test_nothing_seen_says_nothing_and_a_number_out_of_range_is_refused() -> None:
    assert rate_always(0, 0) == (0.0, 1.0)
    assert mean_always([]) == (0.0, 1.0)
    assert rate_always(4, 4)[1] == 1.0
    assert rate_always(0, 4)[0] == 0.0
    with pytest.raises(ValueError, match=r"1\.5 is not between"):
        mean_always([0.5, 1.5])
