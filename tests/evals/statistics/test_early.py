"""Intervals that may be looked at any time, and runs that stop when they know."""

import time

import numpy as np
import pytest

from hone.errors import CallError
from hone.evals import compare_paired, mean_always
from hone.evals.statistics._betting import Betting, mean_betting
from hone.evals.statistics._early import EarlyStop
from hone.evals.statistics._evidence import combined, evidence, mean_asymptotic, p_of


def test_betting_is_sharper_than_the_bernstein_sequence() -> None:
    values = [float(v) for v in np.random.default_rng(1).beta(10, 30, 500)]
    low, high = mean_betting(values)
    wide = mean_always(values)
    assert wide[0] < low < 0.25 < high < wide[1]


def test_when_all_are_seen_nothing_is_left_to_doubt() -> None:
    values = [float(v) for v in np.random.default_rng(2).random(80)]
    low, high = mean_betting(values, population=80)
    assert low <= np.mean(values) <= high
    assert high - low < 1e-9


def test_what_was_seen_of_a_population_is_known_for_sure() -> None:
    low, high = mean_betting([1.0] * 6, population=10)
    assert low >= 0.6
    assert high == 1.0


def test_paired_differences_are_bet_on_in_their_own_bounds() -> None:
    differences = [float(v) for v in np.random.default_rng(9).choice([-1, 0, 1], 300, p=[0.1, 0.6, 0.3])]
    low, high = mean_betting(differences, low=-1.0, high=1.0)
    halves = mean_betting([(d + 1) / 2 for d in differences])
    assert (low, high) == pytest.approx((2 * halves[0] - 1, 2 * halves[1] - 1))
    assert 0 < low < 0.2 < high
    with pytest.raises(ValueError, match=r"-1\.0 is not between 0\.0 and 1\.0"):
        mean_betting([-1.0])


def test_an_interval_never_grows_and_starts_with_everything() -> None:
    bets, last = Betting(), (0.0, 1.0)
    assert (bets.low, bets.high) == last
    for value in np.random.default_rng(3).random(200):
        bets.add(float(value))
        assert last[0] <= bets.low <= bets.high <= last[1]
        last = bets.low, bets.high


def test_numbers_out_of_range_and_more_than_the_population_are_refused() -> None:
    bets = Betting(population=1)
    with pytest.raises(ValueError, match=r"1\.5 is not between"):
        bets.add(1.5)
    bets.add(1.0)
    with pytest.raises(ValueError, match="all 1 numbers"):
        bets.add(1.0)


def test_evidence_grows_for_a_gain_and_not_for_none() -> None:
    random = np.random.default_rng(4)
    gains = evidence([float(v) for v in random.choice([-1, 0, 1], 600, p=[0.1, 0.6, 0.3])])
    assert gains[-1] > 1e6
    assert p_of(gains) < 1e-6
    none = evidence([float(v) for v in random.choice([-1, 0, 1], 600, p=[0.2, 0.6, 0.2])])
    assert none[-1] < 20
    assert combined([1.0, 3.0]) == 2.0
    assert p_of([0.2, 0.0]) == 1.0
    assert len(evidence([])) == 0


def test_a_claim_that_cannot_be_bet_against_is_refused() -> None:
    with pytest.raises(ValueError, match="no mean of values"):
        evidence([0.0], at_most=1.0)
    with pytest.raises(ValueError, match="is not between"):
        evidence([2.0])


def test_the_asymptotic_sequence_is_sharpest_where_it_is_told_to_be() -> None:
    def width(n: int, sharpest: int) -> float:
        low, high = mean_asymptotic(n, 0.0, 1.0, sharpest=sharpest)
        return high - low

    assert all(width(500, 500) < width(500, other) for other in (50, 200, 2000, 10_000))
    # A third to a half wider than an interval that may be looked at once.
    assert 1.3 < width(500, 500) / (2 * 1.96 / 500**0.5) < 1.6
    assert mean_asymptotic(1, 0.0, 1.0) == (-np.inf, np.inf)


def fed(stop: EarlyStop, differences: list[float]) -> EarlyStop:
    for difference in differences:
        if stop.see(difference).stop:
            break
    return stop


def test_a_run_stops_when_its_verdict_is_settled() -> None:
    random = np.random.default_rng(5)
    differences = [float(v) for v in random.choice([-1, 0, 1], 1000, p=[0.05, 0.65, 0.3])]
    found = fed(EarlyStop(1000), differences).decision()
    assert (found.verdict, found.stop, found.cases) == ("pass", True, 1000)
    assert found.seen < 300
    assert found.low <= np.mean(differences) <= found.high
    assert found.reason == "it will pass over all 1,000 cases"
    worse = fed(EarlyStop(1000), [-d for d in differences]).decision()
    assert (worse.verdict, worse.seen) == ("fail", found.seen), "the mirror image"
    fewer = fed(EarlyStop(1000, direction="down"), differences).decision()
    assert (fewer.verdict, fewer.seen) == ("fail", found.seen), "for a metric that should fall"


def test_a_run_whose_difference_will_not_be_told_stops_too() -> None:
    random = np.random.default_rng(6)
    differences = [float(v) for v in random.permutation([1.0] * 150 + [-1.0] * 150 + [0.0] * 700)]
    found = fed(EarlyStop(1000), differences).decision()
    assert found.verdict == "cannot_tell"
    assert found.seen < 1000


def test_a_run_of_which_all_was_seen_is_always_decided() -> None:
    assert fed(EarlyStop(40), [0.0] * 40).decision().verdict == "cannot_tell"
    assert fed(EarlyStop(1), [1.0]).decision().verdict == "cannot_tell"


@pytest.mark.parametrize("seed", range(5))
def test_a_run_that_never_stopped_ends_with_the_verdict_of_the_t_interval(seed: int) -> None:
    """With an alpha of nearly nothing it stops only when the rest cannot change the verdict."""
    random = np.random.default_rng(seed)
    differences = [float(v) for v in random.normal(0.08, 0.3, 60).clip(-1, 1)]
    stop = EarlyStop(60, alpha=1e-12)
    found = fed(stop, differences).decision()
    first = {str(n): d for n, d in enumerate(differences)}
    full = compare_paired(first, dict.fromkeys(first, 0.0), boolean=False, a="a", b="b", metric="m")
    assert found.verdict == full.verdict


def test_a_stream_without_end_is_decided_or_goes_on() -> None:
    random = np.random.default_rng(7)
    better = fed(EarlyStop(), [float(v) for v in random.choice([-1, 0, 1], 2000, p=[0.1, 0.6, 0.3])]).decision()
    assert (better.verdict, better.reason) == ("pass", "it will pass in the long run")
    same = fed(EarlyStop(), [float(v) for v in random.choice([-1, 0, 1], 500, p=[0.2, 0.6, 0.2])]).decision()
    assert (same.verdict, same.stop, same.seen) == (None, False, 500)
    margin = fed(EarlyStop(not_worse_by=0.2), [0.0] * 500).decision()
    assert margin.verdict == "pass"


def test_what_no_run_could_be_is_refused() -> None:
    with pytest.raises(CallError, match="with 0 cases"):
        EarlyStop(0)
    with pytest.raises(CallError, match=r"1\.5 is not between -1 and 1"):
        EarlyStop(5).see(1.5)
    stop = EarlyStop(1)
    stop.see(1.0)
    with pytest.raises(CallError, match="all 1 cases"):
        stop.see(1.0)
    assert EarlyStop(3).decision().difference is None


def test_it_may_be_asked_after_each_of_thousands_of_cases() -> None:
    differences = [float(v) for v in np.random.default_rng(8).choice([-1, 0, 1], 3000, p=[0.15, 0.7, 0.15])]
    stop, began = EarlyStop(6000, alpha=1e-9), time.process_time()
    for difference in differences:
        stop.see(difference)
    # Some 60 microseconds each on a laptop; the bound is for a busy machine.
    assert (time.process_time() - began) / len(differences) < 2e-3


@pytest.mark.parametrize("n", [2, 20, 29, 30])
def test_a_few_differences_that_are_all_alike_settle_nothing_as_in_the_whole_run(n: int) -> None:
    values = {str(k): 0.5 for k in range(n)}
    whole = compare_paired(values, dict.fromkeys(values, 0.2), boolean=False, a="a", b="b", metric="m")
    found = fed(EarlyStop(n), [0.3] * n).decision()
    assert found.verdict == whole.verdict == ("pass" if n >= 30 else "cannot_tell")


def test_a_case_without_a_difference_makes_the_run_smaller() -> None:
    random = np.random.default_rng(5)
    differences = [float(v) for v in random.choice([-1, 0, 1], 300, p=[0.1, 0.6, 0.3])]
    stop = EarlyStop(400)
    for at, difference in enumerate(differences):
        stop.see(difference)
        if at % 3 == 0:
            stop.skip()
    found = stop.decision()
    assert (found.cases, found.seen) == (300, 300)
    assert found.low == pytest.approx(found.high, abs=1e-9), "all that there is was seen"
    with pytest.raises(CallError, match="all 300 cases were seen"):
        stop.skip()
    nothing = EarlyStop(2)
    nothing.skip()
    assert nothing.skip().verdict is None
    assert EarlyStop().skip().cases is None
