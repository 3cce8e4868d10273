"""Gates and the power that is promised before a run, tried out."""

import numpy as np
import pytest

from hone.evals import Comparison, compare_paired, mean
from hone.evals.statistics._designs import OneRate, PairedMeans, PairedRates
from hone.evals.statistics._gates import gate
from hone.evals.statistics._intervals import newcombe, share_interval
from hone.evals.statistics._slices import compare_slices

RUNS = 1500


def paired(table: np.ndarray, margin: float = 0.0) -> Comparison:
    """The comparison of as many pairs as the table of (both, first, second, neither) says."""
    kinds = [(True, True), (True, False), (False, True), (False, False)]
    pairs = [kind for kind, count in zip(kinds, table, strict=True) for _ in range(count)]
    first, second = ({str(n): pair[side] for n, pair in enumerate(pairs)} for side in (0, 1))
    return compare_paired(first, second, boolean=True, a="a", b="b", metric="m", not_worse_by=margin)


@pytest.mark.parametrize("shares", [(0.6, 0.1, 0.1, 0.2), (0.90, 0.02, 0.02, 0.06), (0.3, 0.2, 0.2, 0.3)])
@pytest.mark.parametrize("n", [40, 150])
def test_a_gate_between_equal_variants_cries_wolf_in_less_than_5_of_100(shares: tuple[float, ...], n: int) -> None:
    tables = np.random.default_rng(1).multinomial(n, shares, RUNS)
    alarms = np.mean([paired(table).verdict != "cannot_tell" for table in tables])
    assert alarms <= 0.05 + 3 * (0.05 * 0.95 / RUNS) ** 0.5


def numbers(random: np.random.Generator, gains: list[float], n: int = 40, alike: float = 0.3) -> list[Comparison]:
    """Metrics over the same cases, correlated as metrics are."""
    shared = random.normal(size=n)
    made = []
    for k, gain in enumerate(gains):
        values = gain + alike**0.5 * shared + (1 - alike) ** 0.5 * random.normal(size=n)
        first = {str(i): float(v) for i, v in enumerate(values)}
        zeros = dict.fromkeys(first, 0.0)
        made.append(compare_paired(first, zeros, boolean=False, a="a", b="b", metric=f"m{k}", not_worse_by=0.2))
    return made


def test_a_gate_of_eight_metrics_fails_a_variant_on_the_line_no_more_often_than_one_of_one() -> None:
    """All eight truly at the margin: the verdict `fail` is a false alarm of 2.5 % each."""
    random, runs = np.random.default_rng(2), 300
    together = alone = 0
    for _ in range(runs):
        made = numbers(random, [-0.2] * 8)
        together += gate(made).verdict == "fail"
        alone += any(each.verdict == "fail" for each in made)
    assert together / runs <= 0.025 + 3 * (0.025 * 0.975 / runs) ** 0.5
    assert alone / runs > 0.08, "what it would be without a correction"


def test_a_gate_of_many_metrics_lets_one_that_is_too_bad_through_in_less_than_2_5_of_100() -> None:
    random, runs = np.random.default_rng(3), 500
    passed = sum(gate(numbers(random, [0.8, 0.8, -0.2])).verdict == "pass" for _ in range(runs))
    assert passed / runs <= 0.025 + 3 * (0.025 * 0.975 / runs) ** 0.5


@pytest.mark.parametrize(
    ("design", "n", "difference", "margin"),
    [
        (PairedRates(0.8), 200, 0.084, 0.0),
        (PairedRates(0.8), 60, 0.1, 0.0),
        (PairedRates(0.5, correlation=0.7), 100, 0.1, 0.0),
        (PairedRates(0.9, discordant=0.08), 150, 0.0, 0.05),
        (PairedRates(0.6, discordant=0.3), 400, 0.05, 0.0),
        (PairedRates(0.95, discordant=0.05), 50, 0.04, 0.0),
    ],
)
def test_the_power_of_paired_rates_is_what_was_promised(
    design: PairedRates, n: int, difference: float, margin: float
) -> None:
    tables = np.random.default_rng(n).multinomial(n, design.shares(difference), 6000)
    lows = {tuple(table): newcombe(*(int(k) for k in table))[0] for table in tables}
    passed = np.mean([lows[tuple(table)] > -margin for table in tables])
    assert paired(tables[0], margin).low == lows[tuple(tables[0])], "this is what the verdict rests on"
    # 3 points are promised; a simulation of 6,000 has a standard error of .65.
    assert design.power(n, difference, margin) == pytest.approx(passed, abs=0.03)


@pytest.mark.parametrize(("n", "difference"), [(12, 1.0), (80, 0.3), (300, 0.15)])
def test_the_power_of_paired_means_is_what_was_promised(n: int, difference: float) -> None:
    # The verdict rests on this interval; the sign flips that give its p would take minutes here.
    draws = np.random.default_rng(n).normal(difference, 1, (RUNS, n))
    passed = sum(mean(list(values)).low > 0 for values in draws)  # type: ignore[operator]
    assert PairedMeans(1.0).power(n, difference) == pytest.approx(passed / RUNS, abs=0.03)


@pytest.mark.parametrize(("n", "against", "difference"), [(50, 0.7, 0.15), (200, 0.9, 0.05), (400, 0.5, 0.07)])
def test_the_power_of_one_rate_is_what_was_promised(n: int, against: float, difference: float) -> None:
    hits = np.random.default_rng(n).binomial(n, against + difference, 6000)
    passed = np.mean([share_interval(int(k), n)[0] > against for k in hits])
    assert OneRate(against).power(n, difference) == pytest.approx(passed, abs=0.03)


def test_among_ten_slices_without_a_difference_one_is_found_in_less_than_5_of_100() -> None:
    random, runs, found, raw = np.random.default_rng(4), 300, 0, 0
    keys = [str(n) for n in range(200)]
    tags = {key: [f"t{n % 10}"] for n, key in enumerate(keys)}
    for _ in range(runs):
        first, second = (dict(zip(keys, (random.random(200) < 0.6).tolist(), strict=True)) for _ in range(2))
        slices = compare_slices(first, second, tags, boolean=True, a="a", b="b", metric="m")
        found += any(each.adjusted <= 0.05 for each in slices)
        raw += any(each.comparison.p <= 0.05 for each in slices)
    assert found / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5
    assert raw / runs > 2 * found / runs
