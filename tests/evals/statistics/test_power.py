"""Before a run: what so many cases can show."""

import pytest
from scipy import stats

from hone.errors import CallError
from hone.evals.statistics._designs import OneRate, PairedMeans, PairedRates
from hone.evals.statistics._intervals import rate
from hone.evals.statistics._power import cases_by_group, cases_needed, from_pilot, sight


def test_it_is_said_in_a_sentence() -> None:
    assert str(sight(PairedRates(0.8), 200)) == "with 200 cases you can see 8.4 points in four of five runs"
    assert str(sight(PairedMeans(1.0), 200)) == "with 200 cases you can see 0.199 in four of five runs"
    assert str(sight(PairedRates(0.99), 30)) == "with 30 cases you can see no difference in four of five runs"
    assert str(sight(PairedRates(0.8), 500, power=0.9)).endswith("in 90 of 100 runs")


@pytest.mark.parametrize(("n", "difference"), [(10, 0.9), (50, 0.3), (200, 0.2), (1000, 0.05)])
def test_the_power_for_means_is_the_noncentral_ts(n: int, difference: float) -> None:
    critical = stats.t.ppf(0.975, n - 1)
    known = stats.nct.sf(critical, n - 1, difference * n**0.5)
    assert PairedMeans(1.0).power(n, difference) == pytest.approx(known, abs=1e-4)
    assert PairedMeans(2.0).power(n, 2 * difference - 0.1, margin=0.1) == pytest.approx(known, abs=1e-4)


def test_the_power_for_one_rate_is_summed_over_all_counts() -> None:
    known = sum(
        stats.binom.pmf(hits, 60, 0.85) for hits in range(61) if rate([True] * hits + [False] * (60 - hits)).low > 0.7
    )
    assert OneRate(0.7).power(60, 0.15) == pytest.approx(known)


@pytest.mark.parametrize("design", [PairedRates(0.7), PairedRates(0.7, discordant=0.2), PairedMeans(0.5), OneRate(0.6)])
def test_as_many_cases_as_are_needed_see_the_difference_and_fewer_do_not(
    design: PairedRates | PairedMeans | OneRate,
) -> None:
    needed = cases_needed(design, 0.1)
    assert needed is not None
    assert design.power(needed, 0.1) >= 0.8 > design.power(needed - 1, 0.1)
    assert sight(design, needed).smallest == pytest.approx(0.1, rel=0.02)


def test_cases_that_go_along_are_needed_less() -> None:
    alone, along = (cases_needed(PairedRates(0.7, correlation=r), 0.05) for r in (0.0, 0.6))
    assert along < 0.5 * alone


def test_a_gate_with_a_margin_is_passed_without_a_gain() -> None:
    needed = cases_needed(PairedRates(0.8), 0.0, margin=0.05)
    assert needed is not None
    assert sight(PairedRates(0.8), 2 * needed, margin=0.05).smallest < 0
    with pytest.raises(CallError, match="not better than the gate"):
        cases_needed(PairedRates(0.8), -0.05, margin=0.05)


def test_no_million_cases_see_what_is_hardly_there() -> None:
    assert cases_needed(PairedMeans(1.0), 1e-5) is None


def test_rates_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(CallError, match="cannot differ in a share of"):
        PairedRates(0.9).power(50, 0.2)
    with pytest.raises(CallError, match="cannot differ in a share of"):
        PairedRates(0.5, discordant=0.05).power(50, 0.2)


def test_many_cases_go_over_into_the_normal_approximation_without_a_step() -> None:
    design = PairedRates(0.7)
    assert design.power(20_000, 0.012) == pytest.approx(design.power(20_001, 0.012), abs=0.003)


def test_groups_cost_cases() -> None:
    assert cases_by_group(100, per_group=1, alike=0.5) == 100
    assert cases_by_group(100, per_group=5, alike=0.25) == 200
    assert cases_by_group(100, per_group=5, alike=1.0) == 500


def test_a_pilot_suggests_the_design() -> None:
    first, second = [True, True, False, True], [True, False, False, True]
    assert from_pilot(first, second) == PairedRates(0.5, discordant=0.3)
    assert from_pilot([1.0, 2.0, 4.0], [0.0, 0.0, 0.0]).spread == pytest.approx(1.5275, abs=1e-4)
    with pytest.raises(CallError, match="nothing of their spread"):
        from_pilot([1.0, 1.0], [0.0, 0.0])
    with pytest.raises(CallError, match="a pilot of 1"):
        from_pilot([1.0], [0.0])
