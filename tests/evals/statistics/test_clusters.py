"""Cases that belong together, several answers of one case, and the one way to a number with its doubt."""

import numpy as np
import pytest
from scipy import stats

from hone.errors import CallError
from hone.evals import compare_paired, mean, rate
from hone.evals.statistics._agreement import agreement, cohen_kappa
from hone.evals.statistics._alpha import krippendorff_alpha
from hone.evals.statistics._calibration import calibration
from hone.evals.statistics._clusters import clustered, clustered_mean, clustered_rate
from hone.evals.statistics._estimate import estimate, parts
from hone.evals.statistics._labels import f1_of
from hone.evals.statistics._leanings import length_slope
from hone.evals.statistics._ranks import spearman
from hone.evals.statistics._scores import roc_auc

ABOUT = {"a": "new", "b": "old", "metric": "m"}


def sandwich(values: list[float], groups: list[str]) -> float:
    """The cluster-robust standard error as regression software has it: (X'X)^-1 (sum of X'u u'X) (X'X)^-1."""
    x, u = np.ones((len(values), 1)), np.array(values) - np.mean(values)
    bread = np.linalg.inv(x.T @ x)
    names = sorted(set(groups))
    scores = [x[[g == name for g in groups]].T @ u[[g == name for g in groups]] for name in names]
    filling = sum(np.outer(score, score) for score in scores)
    return float(np.sqrt((bread @ filling @ bread)[0, 0] * len(names) / (len(names) - 1)))


def test_the_standard_error_is_that_of_a_cluster_robust_regression() -> None:
    random = np.random.default_rng(1)
    groups = [str(random.integers(0, 12)) for _ in range(70)]
    values = [float(v) for v in random.normal(size=70)]
    assert clustered(values, groups).error == pytest.approx(sandwich(values, groups))


def test_groups_of_one_size_give_the_t_interval_of_their_means() -> None:
    table = np.random.default_rng(2).normal(size=(15, 4))
    found = clustered_mean(list(table.ravel()), [g for g in range(15) for _ in range(4)])
    known = stats.t.interval(0.95, 14, loc=table.mean(), scale=stats.sem(table.mean(axis=1)))
    assert (found.low, found.high) == pytest.approx(known)
    assert (found.n, found.freedom, found.method) == (60, 14, "clustered t (15 groups)")


def test_a_case_that_is_counted_four_times_tells_nothing_new() -> None:
    once = [True] * 17 + [False] * 8
    found = estimate(once * 4, groups=list(range(25)) * 4)
    assert found.method == "clustered Wilson (25 groups)"
    # As wide as 25 cases are, but for t in the place of z; as 100 cases it would be half as wide.
    assert found.high - found.low == pytest.approx(rate(once).high - rate(once).low, rel=0.08)
    assert found.high - found.low > 1.8 * (rate(once * 4).high - rate(once * 4).low)


def test_a_rate_of_one_group_has_no_interval_and_that_of_equal_groups_counts_them() -> None:
    alone = clustered_rate([1.0, 0.0, 1.0], ["g"] * 3)
    assert (alone.low, alone.high) == (None, None)
    perfect = clustered_rate([1.0] * 40, [n // 4 for n in range(40)])
    assert perfect.high == 1.0
    assert 0.6 < perfect.low < rate([True] * 10).low, "ten groups, with t for z"


def test_the_values_say_which_interval_they_need() -> None:
    assert estimate([True, False, True]).method == "Wilson"
    assert estimate([True, False, True]) == rate([True, False, True])
    assert estimate([0.2, 0.4, 0.9]) == mean([0.2, 0.4, 0.9])
    assert estimate([1, 0, 1], boolean=True).method == "Wilson"
    assert estimate([True, False, True], groups=["a", "b", "c"]).method == "Wilson", "no two cases share a group"
    assert estimate([0.2, 0.4, 0.9], groups=["a", "b", "b"]).method == "clustered t (2 groups)"
    assert estimate([[0.2, 0.3], [0.4, 0.1], [0.9, 0.9]]).method == "t, 2 answers a case"
    assert estimate([[True, False], [True]]).method == "Wilson, 1 to 2 answers a case"
    grouped = estimate([[True, False], [True, True], [False, True]], groups=["a", "a", "b"])
    assert grouped.method == "clustered Wilson (2 groups), 2 answers a case"


def test_many_answers_of_few_cases_stay_few_cases() -> None:
    few = [[float(v)] * 50 for v in (0.1, 0.5, 0.9, 0.4)]
    found = estimate(few)
    four = mean([0.1, 0.5, 0.9, 0.4])
    assert (found.n, found.low, found.high) == (4, pytest.approx(four.low), pytest.approx(four.high))


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [([], None, "no value"), ([[1.0], []], None, "a case has no value"), ([1.0, 2.0], ["a"], "2 cases have 1 groups")],
)
def test_what_cannot_be_estimated_is_refused(values: list[float], groups: list[str] | None, message: str) -> None:
    with pytest.raises(CallError, match=message):
        estimate(values, groups)


def test_the_variance_is_parted_into_between_and_within() -> None:
    random = np.random.default_rng(4)
    truth = random.normal(0, 2, 4000)
    found = parts([list(middle + random.normal(0, 3, 5)) for middle in truth])
    assert found.between == pytest.approx(4, rel=0.1)
    assert found.within == pytest.approx(9, rel=0.05)
    # Miller 2024: sqrt((between + within / K) / n)
    assert found.error(100, 3) == pytest.approx(((found.between + found.within / 3) / 100) ** 0.5)
    with pytest.raises(CallError, match="two answers"):
        parts([[1.0], [2.0]])


def test_a_comparison_without_groups_or_with_lonely_ones_is_what_it_was() -> None:
    random = np.random.default_rng(5)
    for boolean in (True, False):
        draws = random.random((2, 40)) < 0.6 if boolean else random.normal(size=(2, 40))
        first, second = ({str(n): row[n].item() for n in range(40)} for row in draws)
        plain = compare_paired(first, second, boolean=boolean, **ABOUT)
        assert compare_paired(first, second, boolean=boolean, groups={key: key for key in first}, **ABOUT) == plain
        assert compare_paired(first, second, boolean=boolean, groups={}, **ABOUT) == plain


def test_a_comparison_of_groups_is_as_sure_as_its_groups_are_many() -> None:
    random = np.random.default_rng(6)
    gains = np.repeat(random.normal(0.3, 1, 12), 10)
    first, second = {str(n): float(v) for n, v in enumerate(gains)}, {str(n): 0.0 for n in range(120)}
    groups = {str(n): n // 10 for n in range(120)}
    plain = compare_paired(first, second, boolean=False, **ABOUT)
    found = compare_paired(first, second, boolean=False, groups=groups, **ABOUT)
    known = stats.ttest_1samp(gains[::10], 0)
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval()))
    assert found.freedom == 11
    assert found.difference == pytest.approx(plain.difference)
    assert plain.verdict == "pass", "120 cases that are really 12"
    assert found.verdict == "cannot_tell"
    # Every way to flip the signs of twelve groups.
    assert found.p == pytest.approx(compare_paired(
        {str(n): float(v) for n, v in enumerate(gains[::10])}, second, boolean=False, **ABOUT
    ).p)  # fmt: skip


def test_groups_that_never_differ_still_leave_a_doubt() -> None:
    same = {str(n): n % 3 > 0 for n in range(40)}
    groups = {str(n): n // 4 for n in range(40)}
    found = compare_paired(same, same, boolean=True, groups=groups, **ABOUT)
    alone = compare_paired(same, same, boolean=True, **ABOUT)
    assert (found.difference, found.p, found.verdict) == (0, 1, "cannot_tell")
    assert found.low < alone.low < 0 < alone.high < found.high
    half = dict.fromkeys(same, 0.5)
    numbers = compare_paired(half, half, boolean=False, groups=groups, **ABOUT)
    assert numbers.low is None


def pairs_of(random: np.random.Generator, groups: int, each: int) -> tuple[list[bool], list[float], list[int]]:
    """What is so and its score; whole groups go together."""
    base = np.repeat(random.random(groups) < 0.5, each)
    score = np.repeat(random.normal(0, 1, groups), each) + base
    return [bool(v) for v in base], [float(v) for v in score], list(np.repeat(np.arange(groups), each).tolist())


def test_a_bootstrap_over_groups_is_that_of_single_cases_where_each_group_says_one_thing() -> None:
    truth, scores, groups = pairs_of(np.random.default_rng(1), 30, 6)
    some = slice(0, None, 6)
    for figure in (
        lambda a, b, g: cohen_kappa(a, [x > 0.5 for x in b], groups=g),
        lambda a, b, g: krippendorff_alpha([[x, y > 0.5] for x, y in zip(a, b, strict=True)], groups=g),
        lambda a, b, g: f1_of(a, [x > 0.5 for x in b], True, groups=g),
        lambda a, b, g: agreement(a, [x > 0.5 for x in b], groups=g),
    ):
        alone = figure(truth[some], scores[some], None)
        grouped, blind = figure(truth, scores, groups), figure(truth, scores, None)
        assert grouped.mean == pytest.approx(alone.mean, abs=0.03)
        assert grouped.high - grouped.low == pytest.approx(alone.high - alone.low, rel=0.25)
        assert grouped.high - grouped.low > 1.6 * (blind.high - blind.low)


def test_areas_correlations_and_slopes_mind_groups_too() -> None:
    truth, scores, groups = pairs_of(np.random.default_rng(2), 40, 5)
    numbers = [2 * score + (1.0 if right else 0.0) for right, score in zip(truth, scores, strict=True)]
    lengths = [float(np.exp(score)) for score in scores]
    for figure in (
        lambda g: roc_auc(truth, scores, groups=g),
        lambda g: spearman([float(right) for right in truth], numbers, groups=g),
        lambda g: length_slope(lengths, [1.0] * len(lengths), [float(right) for right in truth], groups=g),
        lambda g: calibration(truth, [1 / (1 + np.exp(-score)) for score in scores], groups=g).error,
    ):
        grouped, blind = figure(groups), figure(None)
        assert grouped.mean == pytest.approx(blind.mean)
        assert grouped.low <= grouped.mean <= grouped.high
        assert grouped.high - grouped.low > 1.2 * (blind.high - blind.low)


def test_four_groups_are_too_few_to_draw_from() -> None:
    truth, scores, groups = pairs_of(np.random.default_rng(3), 4, 20)
    found = roc_auc([*truth[:-1], not truth[-1]], scores, groups=groups)
    assert (found.low, found.method) == (None, "ROC AUC, bootstrap of 4 groups")
