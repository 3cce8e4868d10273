"""Verdicts on rates in few cases: the chance of a wrong one, computed over every outcome."""

from math import lgamma

import numpy as np
import pytest

from hone.evals import compare_paired


def said(n: int, first: int, second: int, both: int, margin: float) -> str:
    """The verdict where of `n` pairs so many succeed in the first alone, in the second alone, in both."""
    left = [True] * first + [False] * second + [True] * both + [False] * (n - first - second - both)
    right = [False] * first + [True] * second + [True] * both + [False] * (n - first - second - both)
    sides = (dict(enumerate(map(bool, each))) for each in (left, right))
    a, b = ({str(key): value for key, value in each.items()} for each in sides)
    return compare_paired(a, b, boolean=True, a="a", b="b", metric="m", not_worse_by=margin).verdict


def wrong(n: int, margin: float, verdicts: tuple[str, ...]) -> float:
    """The largest chance of one of the verdicts where the first is worse by just the margin, over every share of pairs
    that differ; the rest succeed in both or in neither, half and half."""
    tables = [
        (first, second, both, n - first - second - both)
        for first in range(n + 1)
        for second in range(n + 1 - first)
        for both in range(n + 1 - first - second)
        if said(n, first, second, both, margin) in verdicts
    ]
    if not tables:
        return 0.0
    counts = np.array(tables, dtype=float)
    ways = np.array([lgamma(n + 1) - sum(lgamma(each + 1) for each in table) for table in tables])
    largest = 0.0
    for share in np.linspace(margin, 1, 33):
        rest = (1 - share) / 2
        chances = np.array([(share - margin) / 2, (share + margin) / 2, rest, rest]).clip(1e-300)
        largest = max(largest, float(np.exp(ways + counts @ np.log(chances)).sum()))
    return largest


def test_two_wins_of_two_cases_are_no_victory() -> None:
    assert said(2, 2, 0, 0, 0.0) == said(3, 3, 0, 0, 0.0) == said(5, 5, 0, 0, 0.0) == "cannot_tell"
    assert said(6, 6, 0, 0, 0.0) == "pass"
    assert said(6, 0, 6, 0, 0.0) == "fail"


def test_twenty_equal_outcomes_do_not_exclude_one_loss_in_ten() -> None:
    assert said(20, 0, 0, 10, 0.1) == "cannot_tell", ".9 to the 20th is .12"
    assert said(50, 0, 0, 25, 0.1) == "pass", ".9 to the 50th is .005"


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 8, 10, 12])
def test_equal_variants_are_told_apart_in_no_more_than_one_of_twenty_runs(n: int) -> None:
    assert wrong(n, 0.0, ("pass", "fail")) <= 0.05


@pytest.mark.parametrize("n", [2, 3, 5, 8, 10])
@pytest.mark.parametrize("margin", [0.05, 0.1, 0.2])
def test_a_variant_that_is_worse_by_the_margin_seldom_passes_or_fails(n: int, margin: float) -> None:
    assert wrong(n, margin, ("pass",)) <= 0.0255
    assert wrong(n, margin, ("fail",)) <= 0.0255
