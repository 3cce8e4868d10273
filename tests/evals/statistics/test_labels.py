"""Classification and ranks, beside scikit-learn and scipy."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from hone.errors import CallError
from hone.evals import mean, rate
from hone.evals.statistics._calibration import brier, calibration
from hone.evals.statistics._labels import f1_of, labels
from hone.evals.statistics._ranks import kendall, spearman
from hone.evals.statistics._scores import average_precision, roc_auc


@pytest.fixture
def told() -> tuple[list[str], list[str]]:
    random = np.random.default_rng(1)
    truth = [str(v) for v in random.choice(["card", "loan", "lost"], 150, p=[0.6, 0.3, 0.1])]
    said = [v if random.random() < 0.7 else str(random.choice(["card", "loan", "other"])) for v in truth]
    return truth, said


@pytest.fixture
def scored() -> tuple[list[bool], list[float]]:
    random = np.random.default_rng(2)
    truth = [bool(v) for v in random.random(200) < 0.3]
    # Rounded, so that many scores are equal.
    return truth, [round(float(np.clip(0.4 * t + 0.3 * random.normal() + 0.3, 0, 1)), 1) for t in truth]


def test_precision_recall_and_f1_are_scikit_learns(told: tuple[list[str], list[str]]) -> None:
    truth, said = told
    found = labels(truth, said)
    macro = metrics.precision_recall_fscore_support(truth, said, average="macro", zero_division=0)
    assert (found.precision.mean, found.recall.mean, found.f1.mean) == pytest.approx(macro[:3])
    assert found.accuracy == rate([a == b for a, b in zip(truth, said, strict=True)])
    each = metrics.precision_recall_fscore_support(truth, said, average=None, zero_division=0)
    for k, label in enumerate(found.labels):
        assert (label.precision.mean if label.precision else 0.0) == pytest.approx(each[0][k])
        assert (label.recall.mean if label.recall else 0.0) == pytest.approx(each[1][k])
        assert label.f1.mean == pytest.approx(each[2][k]) == f1_of(truth, said, label.label).mean
        assert label.f1.low <= label.f1.mean <= label.f1.high
    assert [label.label for label in found.labels] == ["card", "loan", "lost", "other"]
    assert found.labels[3].recall is None, "nothing is `other`"
    assert found.labels[0].precision.n == said.count("card"), "the interval is of the cases that were said to be it"
    micro = labels(truth, said, average="micro")
    assert micro.f1.mean == metrics.f1_score(truth, said, average="micro")


def test_the_area_under_the_curve_is_scikit_learns(scored: tuple[list[bool], list[float]]) -> None:
    truth, scores = scored
    found = roc_auc(truth, scores)
    assert found.mean == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert 0 < found.low < found.mean < found.high < 1
    turned = roc_auc(truth, [-score for score in scores])
    assert (turned.mean, turned.low, turned.high) == pytest.approx((1 - found.mean, 1 - found.high, 1 - found.low))


def test_the_area_of_scores_without_a_fault_still_has_a_doubt() -> None:
    found = roc_auc([True] * 5 + [False] * 50, [0.9] * 5 + [0.1] * 50)
    assert (found.mean, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(rate([True] * 5).low)


def test_average_precision_is_scikit_learns(scored: tuple[list[bool], list[float]]) -> None:
    truth, scores = scored
    found = average_precision(truth, scores)
    assert found.mean == pytest.approx(metrics.average_precision_score(truth, scores))
    assert found.low < found.mean < found.high


def test_what_has_but_one_kind_cannot_be_told_apart() -> None:
    for figure in (roc_auc, average_precision):
        with pytest.raises(CallError, match="all 2 cases are True"):
            figure([True, True], [0.1, 0.2])
        with pytest.raises(CallError, match="2 truths and 1 scores"):
            figure([True, False], [0.1])


def test_the_brier_score_is_scikit_learns() -> None:
    random = np.random.default_rng(3)
    p = [float(v) for v in random.random(100)]
    right = [bool(random.random() < v) for v in p]
    assert brier(right, p).mean == pytest.approx(metrics.brier_score_loss(right, p))
    assert brier(right, p).low == mean([(v - r) ** 2 for v, r in zip(p, right, strict=True)]).low


def test_the_calibration_error_is_its_definition() -> None:
    # .9 sure and right in 6 of 10; .3 sure and right in 3 of 10: (10 x .3 + 10 x 0) / 20
    right = [True] * 6 + [False] * 4 + [True] * 3 + [False] * 7
    found = calibration(right, [0.9] * 10 + [0.3] * 10)
    assert found.error.mean == pytest.approx(0.15)
    assert [(each.above, each.up_to, each.right.n) for each in found.bins] == [(0.2, 0.3, 10), (0.8, 0.9, 10)]
    assert (found.bins[1].confidence, found.bins[1].right.mean) == (pytest.approx(0.9), 0.6)
    ends = calibration([False, True], [0.0, 1.0])
    assert [each.up_to for each in ends.bins] == [0.1, 1.0]


def test_an_overconfident_model_is_told_from_a_calibrated_one() -> None:
    random = np.random.default_rng(4)
    p = random.uniform(0.5, 1, 1000)
    honest = calibration([bool(v) for v in random.random(1000) < p], list(p)).error
    boasting = calibration([bool(v) for v in random.random(1000) < p - 0.2], list(p)).error
    assert honest.low < 0.02
    assert boasting.low > 0.1
    assert boasting.low < 0.2 < boasting.high


def test_a_confidence_lies_between_nothing_and_all() -> None:
    with pytest.raises(CallError, match=r"a confidence of 1\.2"):
        brier([True], [1.2])
    with pytest.raises(CallError, match="1 cases and 0 confidences"):
        calibration([True], [])


@pytest.mark.parametrize("seed", range(3))
def test_rank_correlations_are_scipys(seed: int) -> None:
    random = np.random.default_rng(seed)
    a = [float(v) for v in random.integers(0, 8, 60)]
    b = [float(v + random.normal()) for v in a]
    tied = [round(v) for v in b]
    for second in (b, tied):
        assert spearman(a, second).mean == pytest.approx(stats.spearmanr(a, second).statistic)
        assert kendall(a, second).mean == pytest.approx(stats.kendalltau(a, second).statistic)
        for found in (spearman(a, second), kendall(a, second)):
            assert -1 <= found.low < found.mean < found.high <= 1


def test_a_perfect_order_and_none_at_all() -> None:
    assert spearman([1, 2, 3, 4, 5], [1, 4, 9, 16, 25]).mean == pytest.approx(1)
    assert kendall([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]).mean == pytest.approx(-1)
    assert spearman([1, 2], [2, 1]).low is None
    with pytest.raises(CallError, match="all 3 values are 2"):
        spearman([1, 2, 3], [2, 2, 2])
    with pytest.raises(CallError, match="1 and 1 values"):
        kendall([1], [1])


def test_many_cases_are_ranked_in_blocks() -> None:
    random = np.random.default_rng(5)
    a, b = random.normal(size=1201), random.normal(size=1201)
    assert kendall(list(a), list(b)).mean == pytest.approx(stats.kendalltau(a, b).statistic)
