"""Intervals that are looked at after every case: how often they are ever wrong, and how often a stopped run is."""

import numpy as np
import pytest

from hone.evals import compare_paired, mean
from hone.evals.statistics._betting import Betting
from hone.evals.statistics._early import EarlyStop
from hone.evals.statistics._evidence import evidence, mean_asymptotic

RUNS = 200
CASES = 400
MOST = 0.05 + 3 * (0.05 * 0.95 / RUNS) ** 0.5  # what RUNS runs of an error of 5 % show at most


def values(kind: str, random: np.random.Generator) -> tuple[np.ndarray, float]:
    """Numbers in 0 to 1 and their true mean."""
    if kind == "rare":
        return (random.random(CASES) < 0.03).astype(float), 0.03
    if kind == "even":
        return (random.random(CASES) < 0.5).astype(float), 0.5
    if kind == "paired":
        return random.choice([0.0, 0.5, 1.0], CASES, p=[0.15, 0.7, 0.15]), 0.5
    return random.beta(2, 5, CASES), 2 / 7


@pytest.mark.parametrize("kind", ["rare", "even", "paired", "skewed"])
def test_a_bet_on_the_mean_is_ever_wrong_in_less_than_5_of_100(kind: str) -> None:
    random, wrong = np.random.default_rng(1), 0
    for _ in range(RUNS):
        drawn, truth = values(kind, random)
        bets, out = Betting(), False
        for value in drawn.tolist():
            bets.add(value)
            out = out or not bets.low <= truth <= bets.high
        wrong += out
    assert wrong / RUNS <= MOST


@pytest.mark.parametrize("kind", ["rare", "even", "paired", "skewed"])
def test_a_bet_on_a_population_is_ever_wrong_in_less_than_5_of_100(kind: str) -> None:
    random, wrong = np.random.default_rng(2), 0
    for _ in range(RUNS):
        drawn, _ = values(kind, random)
        bets, out = Betting(population=CASES), False
        for value in drawn.tolist():
            bets.add(value)
            out = out or not bets.low <= drawn.mean() <= bets.high
        wrong += out
    assert wrong / RUNS <= MOST


def test_an_ordinary_interval_looked_at_after_every_case_is_wrong_in_a_third_of_all_runs() -> None:
    """Why the sequences exist."""
    random, wrong = np.random.default_rng(3), 0
    for _ in range(RUNS):
        drawn, truth = values("paired", random)
        n = np.arange(1, CASES + 1)
        middle = np.cumsum(drawn) / n
        spread = np.sqrt(np.maximum(0, np.cumsum(drawn**2) / n - middle**2) / n)
        wrong += bool((np.abs(middle - truth) > 1.96 * spread)[20:].any())
    assert wrong / RUNS > 0.25


def test_the_asymptotic_sequence_keeps_to_its_alpha_from_a_hundred_cases_on() -> None:
    random, wrong = np.random.default_rng(4), 0
    for _ in range(1000):
        drawn = random.exponential(1.0, CASES)
        n = np.arange(1, CASES + 1)
        middle = np.cumsum(drawn) / n
        spread = np.sqrt(np.maximum(0, np.cumsum(drawn**2) / n - middle**2))
        looks = [mean_asymptotic(int(k), middle[k - 1], spread[k - 1], sharpest=200) for k in range(100, CASES + 1)]
        wrong += any(not low <= 1.0 <= high for low, high in looks)
    assert wrong / 1000 <= 0.05


@pytest.mark.parametrize("claim", [0.0, -0.05])
def test_evidence_against_what_is_true_is_strong_in_less_than_5_of_100(claim: float) -> None:
    random, alarms = np.random.default_rng(5), 0
    for _ in range(1000):
        drawn = random.choice([-1.0, 0.0, 1.0], CASES, p=[0.15 - claim / 2, 0.7, 0.15 + claim / 2])
        alarms += max(evidence(drawn.tolist(), claim)) >= 20
    assert alarms / 1000 <= 0.05


@pytest.mark.parametrize("gain", [0.0, 0.05, 0.09])
def test_a_stopped_run_says_what_the_whole_run_would_in_95_of_100(gain: float) -> None:
    """Also where the whole run is on the line: with 400 cases and these spreads it sees about .08."""
    random, other, used = np.random.default_rng(6), 0, 0
    for _ in range(RUNS):
        drawn = random.choice([-1.0, 0.0, 1.0], CASES, p=[0.15 - gain / 2, 0.7, 0.15 + gain / 2])
        whole = mean(drawn.tolist())
        verdict = "pass" if whole.low > 0 else "fail" if whole.high < 0 else "cannot_tell"
        stop = EarlyStop(CASES)
        for difference in drawn.tolist():
            if stop.see(difference).stop:
                break
        found = stop.decision()
        other, used = other + (found.verdict != verdict), used + found.seen
    assert other / RUNS <= MOST
    assert used / RUNS < CASES


@pytest.mark.parametrize("gain", [0.0, 0.09])
def test_so_does_one_where_a_third_of_the_cases_turns_out_to_have_no_value(gain: float) -> None:
    """How many there are is only known in the end; until then the rest is taken to have one each."""
    random, other = np.random.default_rng(9), 0
    for _ in range(RUNS):
        drawn = random.choice([-1.0, 0.0, 1.0], CASES, p=[0.15 - gain / 2, 0.7, 0.15 + gain / 2])
        there = random.random(CASES) < 2 / 3
        whole = mean(drawn[there].tolist())
        verdict = "pass" if whole.low > 0 else "fail" if whole.high < 0 else "cannot_tell"
        stop = EarlyStop(CASES)
        for difference, has in zip(drawn.tolist(), there.tolist(), strict=True):
            if (stop.see(difference) if has else stop.skip()).stop:
                break
        other += stop.decision().verdict != verdict
    assert other / RUNS <= MOST


def test_a_stream_is_decided_wrongly_in_less_than_5_of_100() -> None:
    """Truly no difference: neither pass nor fail is right, however long it goes on."""
    random, alarms = np.random.default_rng(7), 0
    for _ in range(RUNS):
        stop = EarlyStop()
        alarms += any(stop.see(d).stop for d in random.choice([-1.0, 0.0, 1.0], CASES, p=[0.1, 0.8, 0.1]).tolist())
    assert alarms / RUNS <= MOST


def test_the_whole_run_is_the_comparison_that_the_gate_makes() -> None:
    drawn = np.random.default_rng(8).choice([-1.0, 0.0, 1.0], CASES, p=[0.1, 0.7, 0.2]).tolist()
    first = {str(n): d for n, d in enumerate(drawn)}
    full = compare_paired(first, dict.fromkeys(first, 0.0), boolean=False, a="a", b="b", metric="m")
    assert (full.low, full.high) == (mean(drawn).low, mean(drawn).high)
