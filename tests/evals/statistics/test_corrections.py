"""Many questions at once: adjusted p values, slices, and one verdict over several metrics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hone.errors import CallError
from hone.evals import Comparison, compare_paired
from hone.evals.statistics._corrections import benjamini_hochberg, holm
from hone.evals.statistics._gates import gate, worse_p
from hone.evals.statistics._slices import compare_slices

PS = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_is_his_own_example() -> None:
    # Holm 1979, section 4, gives no p values; these are worked by hand: 4 x .01, 3 x .013, 2 x .02 and .04.
    assert holm([0.01, 0.04, 0.013, 0.02]) == pytest.approx([0.04, 0.04, 0.04, 0.04])
    assert holm([0.001, 0.04, 0.03]) == pytest.approx([0.003, 0.06, 0.06])


@given(PS)
def test_benjamini_hochberg_is_scipys(ps: list[float]) -> None:
    assert benjamini_hochberg(ps) == pytest.approx(list(stats.false_discovery_control(ps)))


@given(PS)
def test_holm_rejects_what_stepping_down_rejects(ps: list[float]) -> None:
    rejected, order = set(), sorted(range(len(ps)), key=ps.__getitem__)
    for k, at in enumerate(order):
        if ps[at] * (len(ps) - k) > 0.05:
            break
        rejected.add(at)
    assert {at for at, q in enumerate(holm(ps)) if q <= 0.05} == rejected


def test_what_is_no_p_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.2 is not a p value"):
        holm([0.1, 1.2])


def test_each_slice_is_compared_and_corrected() -> None:
    random = np.random.default_rng(1)
    keys = [str(n) for n in range(200)]
    second = {key: bool(random.random() < 0.5) for key in keys}
    first = {key: True if n < 40 else second[key] for n, key in enumerate(keys)}
    tags = {key: ["long", "all"] if n < 40 else ["all"] for n, key in enumerate(keys)} | {"199": ["rare", "all"]}
    found = compare_slices(first, second, tags, boolean=True, a="new", b="old", metric="exact")
    assert [each.tag for each in found] == ["all", "long"], "one case makes no slice"
    long = found[1]
    own = compare_paired({key: first[key] for key in keys[:40]}, second, boolean=True, a="new", b="old", metric="exact")
    assert long.comparison == own
    assert [each.adjusted for each in found] == pytest.approx(benjamini_hochberg([e.comparison.p for e in found]))
    strict = compare_slices(
        first, second, tags, boolean=True, correction="holm", fewest=1, a="new", b="old", metric="exact"
    )
    assert [each.tag for each in strict] == ["all", "long", "rare"]
    assert strict[0].adjusted == pytest.approx(3 * strict[0].comparison.p)


def compared(metric: str, gain: float, n: int = 60, margin: float = 0.05, direction: str = "up") -> Comparison:
    random = np.random.default_rng(len(metric))
    values = {str(k): float(v) for k, v in enumerate(random.normal(gain, 0.2, n))}
    zeros = dict.fromkeys(values, 0.0)
    return compare_paired(
        values, zeros, boolean=False, a="new", b="old", metric=metric, not_worse_by=margin, direction=direction
    )


def test_a_gate_passes_when_every_metric_does() -> None:
    found = gate([compared("quality", 0.1), compared("style", 0.2)])
    assert (found.verdict, found.reason) == ("pass", "passes on quality, style")


def test_a_gate_fails_when_one_metric_is_worse_beyond_doubt() -> None:
    found = gate([compared("quality", 0.1), compared("seconds", 0.5, direction="down")])
    assert (found.verdict, found.reason) == ("fail", "worse on seconds")


def test_a_gate_that_knows_nothing_of_a_metric_cannot_tell() -> None:
    empty = compare_paired({"1": 1.0}, {"1": 1.0}, boolean=False, a="new", b="old", metric="style")
    found = gate([compared("quality", 0.1), empty])
    assert (found.verdict, found.reason, found.worse[1]) == ("cannot_tell", "not sure of style", None)
    with pytest.raises(CallError, match="at least one"):
        gate([])


def test_one_of_many_metrics_needs_more_to_fail_the_gate() -> None:
    """A metric that fails alone by a hair is one of twenty that might have."""
    gains = np.linspace(-0.3, 0, 400)
    hair = next(c for gain in gains[::-1] if (c := compared("m", float(gain), margin=0.0)).verdict == "fail")
    assert gate([hair]).verdict == "fail"
    many = gate([hair, *(compared(f"{k:02}", 0.3, margin=0.0) for k in range(19))])
    assert many.verdict == "cannot_tell"
    assert many.worse[0] == pytest.approx(20 * worse_p(hair))


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("boolean", [True, False])
def test_the_p_of_being_worse_goes_with_the_verdict(boolean: bool, direction: str) -> None:
    random = np.random.default_rng(3)
    for _ in range(100):
        draws = random.random((2, 40)) < random.random((2, 1)) if boolean else random.normal(0, 1, (2, 40))
        first, second = ({str(n): row[n].item() for n in range(40)} for row in draws)
        found = compare_paired(
            first, second, boolean=boolean, a="a", b="b", metric="m", not_worse_by=0.1, direction=direction
        )
        p = worse_p(found)
        assert (p < 0.025) == (found.verdict == "fail")
        assert (p > 0.975) == (found.verdict == "pass")
        if not boolean:
            apart = np.array(draws[0]) - np.array(draws[1])
            known = stats.ttest_1samp(apart, -0.1 if direction == "up" else 0.1)
            less = known.pvalue / 2 if (known.statistic < 0) == (direction == "up") else 1 - known.pvalue / 2
            assert p == pytest.approx(less)
