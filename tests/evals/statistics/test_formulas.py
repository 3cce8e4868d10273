"""Formulas against other people's implementations, published numbers, and brute force."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hone.evals import mean, means_apart, means_differ, rate, rates_apart, rates_differ
from hone.evals.statistics._intervals import paired_rates
from hone.evals.statistics._student import t_below, t_quantile
from hone.evals.statistics._tests import mcnemar, sign_flip


@pytest.mark.parametrize("freedom", [0.7, 1, 1.5, 2, 3, 5, 10, 29.3, 100, 1e4, 1e6])
def test_students_t_is_scipys(freedom: float) -> None:
    for share in (0.5, 0.6, 0.9, 0.975, 0.995, 0.99999):
        assert t_quantile(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-7, abs=1e-9)
    for t in (-50.0, -3.0, -0.1, 0.0, 0.2, 2.0, 9.0):
        assert t_below(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(("share", "freedom"), [(0.4, 5), (1.0, 5), (0.9, 0)])
def test_a_quantile_that_there_is_not_is_refused(share: float, freedom: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        t_quantile(share, freedom)


def test_the_interval_of_a_mean_is_scipys() -> None:
    values = list(np.random.default_rng(3).normal(5, 2, 17))
    known = stats.t.interval(0.95, 16, loc=np.mean(values), scale=stats.sem(values))
    assert (mean(values).low, mean(values).high) == pytest.approx(known)
    assert (mean([3.0]).low, mean([3.0]).mean) == (None, 3.0)


def test_the_interval_of_a_rate_is_scipys_wilson() -> None:
    known = stats.binomtest(7, 20).proportion_ci(method="wilson")
    found = rate([True] * 7 + [False] * 13)
    assert (found.low, found.high) == pytest.approx((known.low, known.high))


def test_the_difference_of_two_rates_is_newcombes_example() -> None:
    # Newcombe 1998 (Statistics in Medicine 17, p. 873), table II, method 10: 56/70 - 48/80.
    found = rates_apart([True] * 56 + [False] * 14, [True] * 48 + [False] * 32)
    assert (found.mean, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    # Newcombe 1998 (Statistics in Medicine 17, p. 2635), method 10.
    ("table", "low", "high"), [((36, 12, 2, 0), 0.0569, 0.3404), ((20, 12, 2, 16), 0.0562, 0.3292)]
)  # fmt: skip
def test_the_difference_of_two_paired_rates_is_newcombes_example(
    table: tuple[int, int, int, int], low: float, high: float
) -> None:
    both, first, second, neither = table
    pairs = [(True, True)] * both + [(True, False)] * first + [(False, True)] * second + [(False, False)] * neither
    found = paired_rates(pairs)
    assert (found.mean, found.low, found.high) == pytest.approx((0.2, low, high), abs=5e-5)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_a_paired_interval_holds_its_difference_and_turns_with_its_sides(pairs: list[tuple[bool, bool]]) -> None:
    found, turned = paired_rates(pairs), paired_rates([(b, a) for a, b in pairs])
    assert -1 <= found.low <= found.mean <= found.high <= 1
    assert found.low < found.high, "there is always doubt"
    assert (-turned.high, -turned.low) == pytest.approx((found.low, found.high))


def test_welch_is_scipys() -> None:
    random = np.random.default_rng(5)
    a, b = list(random.normal(0, 1, 20)), list(random.normal(0.5, 3, 9))
    known = stats.ttest_ind(a, b, equal_var=False)
    interval = known.confidence_interval()
    assert means_differ(a, b) == pytest.approx(known.pvalue)
    assert (means_apart(a, b).low, means_apart(a, b).high) == pytest.approx((interval.low, interval.high))
    assert (means_apart([1.0], b).low, means_differ([1.0], b)) == (None, None)


def test_the_test_of_two_rates_is_pearsons_chi_squared() -> None:
    table = [[30, 70], [45, 55]]
    known = stats.chi2_contingency(table, correction=False).pvalue
    assert rates_differ([True] * 30 + [False] * 70, [True] * 45 + [False] * 55) == pytest.approx(known)
    assert rates_differ([True, True], [True]) == 1.0


@pytest.mark.parametrize("pair", [(0, 0), (1, 0), (3, 9), (9, 3), (40, 60), (700, 800), (5000, 5200)])
def test_mcnemar_is_the_exact_binomial_test(pair: tuple[int, int]) -> None:
    known = stats.binomtest(pair[0], sum(pair), 0.5).pvalue if sum(pair) else 1.0
    assert mcnemar(*pair) == pytest.approx(known, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-3, 3).map(lambda n: n / 4), min_size=1, max_size=9))
def test_few_signs_are_flipped_in_every_way(differences: list[float]) -> None:
    observed = abs(sum(differences))
    ways = [
        abs(sum(s * d for s, d in zip(w, differences, strict=True))) for w in product((1, -1), repeat=len(differences))
    ]
    assert sign_flip(differences) == pytest.approx(sum(way >= observed - 1e-9 for way in ways) / len(ways))


def test_many_signs_are_drawn_and_the_same_seed_draws_the_same() -> None:
    differences = list(np.random.default_rng(7).normal(0.15, 1, 120))
    known = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(1)
    ).pvalue
    # Two shares of 20,000 draws each: five standard errors apart at the very most.
    assert sign_flip(differences) == pytest.approx(known, abs=5 * (2 * known * (1 - known) / 20_000) ** 0.5)
    assert sign_flip(differences, seed=3) == sign_flip(differences, seed=3)
    assert sign_flip([1.0] * 200) > 0, "drawn patterns never make a p of 0"
