"""Cases that belong together: the intervals that know it cover, those that do not fall short."""

import numpy as np
import pytest

from hone.evals import compare_paired, mean, rate
from hone.evals.statistics._clusters import clustered_mean, clustered_rate
from hone.evals.statistics._estimate import estimate

RUNS = 600
SLACK = 3 * (0.05 * 0.95 / RUNS) ** 0.5


def drawn(random: np.random.Generator, groups: int, alike: float) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of mean 0 with the correlation `alike` within groups of 2 to 8 cases."""
    sizes = random.integers(2, 9, groups)
    of = np.repeat(np.arange(groups), sizes)
    shared = random.normal(size=groups)[of]
    return alike**0.5 * shared + (1 - alike) ** 0.5 * random.normal(size=len(of)), of


@pytest.mark.parametrize("groups", [10, 40])
def test_the_clustered_interval_of_a_mean_covers_and_the_plain_one_does_not(groups: int) -> None:
    random, held, plain = np.random.default_rng(groups), 0, 0
    for _ in range(RUNS):
        values, of = drawn(random, groups, alike=0.6)
        found, other = clustered_mean(list(values), list(of)), mean(list(values))
        held += found.low <= 0 <= found.high
        plain += other.low <= 0 <= other.high
    # With ten groups of unlike size the sandwich is a little small; Cameron and Miller 2015, section VI.
    assert held / RUNS >= (0.92 if groups < 20 else 0.95) - SLACK
    assert plain / RUNS < 0.8


@pytest.mark.parametrize("rate_", [0.7, 0.95, 0.98])
def test_the_clustered_interval_of_a_rate_covers_and_the_plain_one_does_not(rate_: float) -> None:
    random, held, plain = np.random.default_rng(3), 0, 0
    for _ in range(RUNS):
        of = np.repeat(np.arange(30), 5)
        # Nine of ten cases do what their group does.
        shared, own = random.random(30)[of] < rate_, random.random(150) < rate_
        values = np.where(random.random(150) < 0.9, shared, own)
        found, other = clustered_rate(list(values.astype(float)), list(of)), rate(list(values))
        held += found.low <= rate_ <= found.high
        plain += other.low <= rate_ <= other.high
    assert held / RUNS >= 0.95 - SLACK
    assert plain / RUNS < 0.9


def test_one_group_that_holds_most_of_the_cases_makes_the_interval_too_narrow() -> None:
    """The limit that the documentation names: 5 groups, one of them of 20 cases beside 3."""
    random, held, of = np.random.default_rng(1), 0, np.repeat(np.arange(5), [20, 3, 3, 3, 3])
    for _ in range(RUNS):
        values = 0.6**0.5 * random.normal(size=5)[of] + 0.4**0.5 * random.normal(size=len(of))
        found = clustered_mean(list(values), list(of))
        held += found.low <= 0 <= found.high
    assert held / RUNS == pytest.approx(0.83, abs=0.05)


def test_several_answers_of_a_case_make_no_more_cases() -> None:
    random, held, pooled = np.random.default_rng(4), 0, 0
    for _ in range(RUNS):
        ease = random.beta(2, 1, 60)
        answers = [[bool(v) for v in random.random(6) < p] for p in ease]
        found, other = estimate(answers), rate([v for case in answers for v in case])
        held += found.low <= 2 / 3 <= found.high
        pooled += other.low <= 2 / 3 <= other.high
    assert held / RUNS >= 0.95 - SLACK
    assert pooled / RUNS < 0.9


def test_a_gate_over_groups_cries_wolf_in_less_than_5_of_100() -> None:
    random, alarms, plain = np.random.default_rng(5), 0, 0
    for _ in range(RUNS):
        values, of = drawn(random, 25, alike=0.6)
        first = {str(n): float(v) for n, v in enumerate(values)}
        zeros, groups = dict.fromkeys(first, 0.0), {str(n): int(g) for n, g in enumerate(of)}
        about = {"boolean": False, "a": "a", "b": "b", "metric": "m"}
        alarms += compare_paired(first, zeros, groups=groups, **about).verdict != "cannot_tell"
        plain += compare_paired(first, zeros, **about).verdict != "cannot_tell"
    assert alarms / RUNS <= 0.05 + SLACK
    assert plain / RUNS > 0.2
