"""Judges corrected by labels, suites weighted back to life, and a few cases that stand for all."""

import numpy as np
import pytest

from hone.errors import CallError
from hone.evals import mean
from hone.evals.statistics._anchors import anchors, by_earlier_runs
from hone.evals.statistics._corrected import prediction_powered, rogan_gladen
from hone.evals.statistics._weighted import hajek


def test_rogan_gladen_takes_the_judges_errors_out() -> None:
    # se = 18/20, sp = 24/30, p = .34: (.34 + .8 - 1) / (.9 + .8 - 1) = .2
    labelled = [(True, True)] * 18 + [(True, False)] * 2 + [(False, False)] * 24 + [(False, True)] * 6
    found = rogan_gladen([True] * 34 + [False] * 66, labelled)
    assert found.mean == pytest.approx(0.2)
    assert 0 <= found.low < 0.2 < found.high < 0.5
    sure = rogan_gladen([True] * 340 + [False] * 660, labelled * 40)
    assert found.low < sure.low < 0.2 < sure.high < found.high


def test_with_many_labels_the_interval_is_the_delta_methods() -> None:
    n, n1, n0, p, se, sp = 50_000, 20_000, 30_000, 0.5, 0.9, 0.8
    labelled = [(True, k < se * n1) for k in range(n1)] + [(False, k >= sp * n0) for k in range(n0)]
    found = rogan_gladen([k < p * n for k in range(n)], labelled)
    theta = (p + sp - 1) / (se + sp - 1)
    variance = p * (1 - p) / n + theta**2 * se * (1 - se) / n1 + (1 - theta) ** 2 * sp * (1 - sp) / n0
    error = variance**0.5 / (se + sp - 1)
    assert (found.low, found.high) == pytest.approx((theta - 1.96 * error, theta + 1.96 * error), abs=2e-4)


def test_a_judge_that_tells_nothing_cannot_be_corrected() -> None:
    with pytest.raises(CallError, match=r"passes 0\.5 of what is right and 0\.5 of what is wrong"):
        rogan_gladen([True, False], [(True, True), (True, False), (False, True), (False, False)])
    with pytest.raises(CallError, match="0 labelled failures"):
        rogan_gladen([True, False], [(True, True)])
    # One label of each kind, both judged well, leaves all open.
    few = rogan_gladen([True, False], [(True, True), (False, False)])
    assert (few.low, few.high) == (0.0, 1.0)


def test_prediction_powered_inference_is_its_formula() -> None:
    random = np.random.default_rng(1)
    human = random.normal(size=50)
    judge, more = human + random.normal(0.3, 0.7, 50), random.normal(0.3, 1.2, 400)
    found = prediction_powered(list(human), list(judge), list(more))
    pooled = np.concatenate([judge, more])
    tuned = np.cov(human, judge)[0, 1] / (pooled.var(ddof=1) * (1 + 50 / 400))
    assert 0 < tuned < 1
    assert found.mean == pytest.approx(human.mean() - tuned * (judge.mean() - more.mean()))
    error = ((human - tuned * judge).var(ddof=1) / 50 + tuned**2 * more.var(ddof=1) / 400) ** 0.5
    assert found.high - found.mean == pytest.approx(2.0095752 * error)
    plain = mean(list(human))
    assert found.high - found.low < plain.high - plain.low


def test_a_useless_judge_does_no_harm() -> None:
    human, against = [0.0, 1.0, 0.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0, 0.0]
    plain = mean(human)
    for judge in (against, [0.5] * 5):
        found = prediction_powered(human, judge, judge * 4)
        assert (found.mean, found.low, found.high) == pytest.approx((plain.mean, plain.low, plain.high))
    with pytest.raises(CallError, match="1 labels"):
        prediction_powered([1.0], [1.0], [1.0, 0.0])


def test_a_suite_of_hard_cases_is_weighted_back() -> None:
    random = np.random.default_rng(2)
    hard = random.random(20_000) < 0.1
    right = random.random(20_000) < np.where(hard, 0.3, 0.9)
    chance = np.where(hard, 0.5, 0.02)
    taken = random.random(20_000) < chance
    found = hajek([float(v) for v in right[taken]], [float(v) for v in chance[taken]])
    assert right[taken].mean() < 0.6, "what the suite itself would say"
    assert found.low < right.mean() < found.high
    equal = hajek([0.0, 1.0, 1.0], [0.2] * 3)
    assert (equal.mean, equal.low) == pytest.approx((2 / 3, mean([0.0, 1.0, 1.0]).low))
    assert hajek([1.0], [0.5]).low is None
    with pytest.raises(CallError, match="probability 0"):
        hajek([1.0], [0.0])
    with pytest.raises(CallError, match="0 values"):
        hajek([], [])


def earlier_and_new(seed: int, size: int = 800) -> tuple[list[dict[str, float]], dict[str, float]]:
    random = np.random.default_rng(seed)
    ease = random.normal(0, 1, size)
    runs = [{str(n): float(ease[n] + random.normal(0, 0.5)) for n in range(size)} for _ in range(3)]
    return runs[:2], runs[2]


def test_anchors_stand_for_all_cases() -> None:
    earlier, new = earlier_and_new(3)
    chosen = anchors(earlier, 40)
    assert len(set(chosen)) == 40
    assert chosen == anchors(earlier, 40), "the same seed chooses the same"
    spread = np.mean(
        [abs(np.mean([new[c] for c in anchors(earlier, 40, s)]) - np.mean(list(new.values()))) for s in range(60)]
    )
    random = np.random.default_rng(4)
    drawn = np.mean([
        abs(np.mean([new[c] for c in random.choice(list(new), 40, replace=False)]) - np.mean(list(new.values())))
        for _ in range(60)
    ])  # fmt: skip
    assert spread < 0.7 * drawn
    assert sorted(anchors(earlier, 800)) == sorted(new)


def test_earlier_runs_sharpen_the_mean_of_a_few_cases() -> None:
    earlier, new = earlier_and_new(5)
    sample = {key: new[key] for key in np.random.default_rng(6).choice(list(new), 100, replace=False)}
    found, plain = by_earlier_runs(sample, earlier), mean(list(sample.values()))
    assert found.high - found.low < 0.75 * (plain.high - plain.low)
    everything = by_earlier_runs(new, earlier)
    assert (everything.mean, everything.n) == (pytest.approx(np.mean(list(new.values()))), 800)
    assert everything.high - everything.low == pytest.approx(mean(list(new.values())).high - everything.low, rel=0.01)
    twice = by_earlier_runs(sample, [earlier[0], earlier[0]])
    once = by_earlier_runs(sample, [earlier[0]])
    assert twice.mean == pytest.approx(once.mean)


def test_what_earlier_runs_do_not_know_is_refused() -> None:
    earlier, new = earlier_and_new(7)
    with pytest.raises(CallError, match="'strange' is not in every earlier run"):
        by_earlier_runs({**new, "strange": 1.0}, earlier)
    with pytest.raises(CallError, match="too few to fit 2 earlier runs"):
        by_earlier_runs(dict(list(new.items())[:20]), earlier)
    with pytest.raises(CallError, match="no earlier run"):
        by_earlier_runs(new, [])
    with pytest.raises(CallError, match="900 anchors of 800 cases"):
        anchors(earlier, 900)


def test_a_few_anchors_that_all_went_as_foretold_have_no_interval() -> None:
    earlier = [{str(n): float(n % 3 > 0) for n in range(60)}]
    few = by_earlier_runs({str(n): 1.0 for n in range(12)}, earlier, ends=(0.0, 1.0))
    assert (few.mean, few.low, few.high) == (pytest.approx(1.0), None, None)
    same = by_earlier_runs({str(n): earlier[0][str(n)] for n in range(12)}, earlier)
    assert (same.mean, same.low) == (pytest.approx(2 / 3), None)
    more = by_earlier_runs({str(n): earlier[0][str(n)] for n in range(30)}, earlier)
    assert more.low is not None
    assert more.low < 2 / 3
    assert by_earlier_runs({str(n): 1.0 for n in range(40)}, earlier, ends=(0.0, 1.0)).low is None, "a rate of 1"


def test_what_anchors_say_lies_within_the_ends_of_the_metric() -> None:
    earlier = [{str(n): float(n % 7 > 0) for n in range(200)}]
    values = {str(n): float(n > 0) for n in range(30)}
    assert by_earlier_runs(values, earlier).high > 1  # type: ignore[operator]
    found = by_earlier_runs(values, earlier, ends=(0.0, 1.0))
    assert found.high == 1.0
    assert found.low is not None
    assert found.low < found.mean <= 1.0


def test_anchors_that_go_together_count_as_what_they_are() -> None:
    earlier, new = earlier_and_new(8)
    sample = {key: new[key] for key in list(new)[:100]}
    plain = by_earlier_runs(sample, earlier)
    twins = by_earlier_runs(sample, earlier, groups={case: case for case in sample})
    assert (twins.low, twins.high) == pytest.approx((plain.low, plain.high))
    # Five groups, each further up than the last.
    sample = {case: value + int(case) // 20 for case, value in sample.items()}
    alone = by_earlier_runs(sample, earlier)
    wide = by_earlier_runs(sample, earlier, groups={case: int(case) // 20 for case in sample})
    assert wide.high - wide.low > 2 * (alone.high - alone.low)  # type: ignore[operator]
    assert wide.freedom == 2
    none = by_earlier_runs(sample, earlier, groups={case: int(case) // 40 for case in sample})
    assert none.low is None, "three groups are too few for two runs"


def test_three_labels_that_are_all_alike_have_no_interval() -> None:
    found = prediction_powered([1.0] * 3, [1.0, 0.0, 1.0], [1.0, 0.0] * 20, ends=(0.0, 1.0))
    assert (found.mean, found.low, found.high) == (1.0, None, None)
    assert prediction_powered([1.0] * 30, [1.0, 0.0] * 15, [1.0, 0.0] * 20).low == 1.0


def test_a_corrected_rate_lies_between_0_and_1() -> None:
    human, judge = [1.0] * 11 + [0.0], [1.0] * 12
    assert prediction_powered(human, judge, [1.0, 0.0]).high > 1  # type: ignore[operator]
    assert prediction_powered(human, judge, [1.0, 0.0], ends=(0.0, 1.0)).high == 1.0


def test_labels_of_cases_that_go_together_correct_less() -> None:
    random = np.random.default_rng(3)
    base = np.repeat(random.random(20), 5)
    human = (random.random(100) < base).astype(float)
    judge = np.where(random.random(100) < 0.8, human, 1 - human)
    more = (random.random(400) < np.repeat(random.random(80), 5)).astype(float)
    sides = list(human), list(judge), list(more)
    plain = prediction_powered(*sides)
    same = prediction_powered(*sides, groups=(range(100), range(400)))
    assert (same.low, same.high) == pytest.approx((plain.low, plain.high))
    wide = prediction_powered(*sides, groups=([n // 5 for n in range(100)], [n // 5 for n in range(400)]))
    assert wide.mean == plain.mean
    assert wide.high - wide.low > plain.high - plain.low  # type: ignore[operator]
    assert wide.freedom == 19
