"""Agreement of raters: the makers' own examples, scikit-learn, and published judgements."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from hone.errors import CallError
from hone.evals.statistics._agreement import agreement, cohen_kappa, fleiss_kappa
from hone.evals.statistics._alpha import krippendorff_alpha
from hone.evals.statistics._leanings import length_slope, position

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units.
N = None
FOUR_OBSERVERS = [
    [1, 1, N, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [N, 5, 5, 5], [N, N, 1, 1], [N, N, 3, N],
]  # fmt: skip


@pytest.fixture
def data() -> Iterator[Path]:
    where = os.environ.get("HONE_DATA")
    if not where:
        pytest.skip("HONE_DATA names no folder with published judgements")
    yield Path(where)


@pytest.mark.parametrize(
    ("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_is_krippendorffs_own_example(scale: Any, alpha: float) -> None:
    found = krippendorff_alpha(FOUR_OBSERVERS, scale)
    assert found.mean == pytest.approx(alpha, abs=5e-4)
    assert found.n == 11, "a case with one rating does not count"
    assert found.low < found.mean < found.high


def test_fleiss_kappa_is_his_definition_at_its_ends() -> None:
    # The table of the example that is commonly shown with it: 14 raters, 10 cases, 5 labels, kappa .210.
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    ratings = [[label for label, count in enumerate(row) for _ in range(count)] for row in table]
    assert fleiss_kappa(ratings).mean == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa([["a", "a"], ["b", "b"]]).mean == 1.0


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_cohens_kappa_is_scikit_learns(weights: Any) -> None:
    random = np.random.default_rng(1)
    first = [int(v) for v in random.integers(1, 6, 80)]
    second = [int(v) if random.random() < 0.6 else int(random.integers(1, 6)) for v in first]
    found = cohen_kappa(first, second, weights=weights)
    assert found.mean == pytest.approx(cohen_kappa_score(first, second, weights=weights))
    assert found.low < found.mean < found.high


def test_kappa_knows_that_two_who_say_the_same_of_all_may_not_agree() -> None:
    assert agreement(["a", "b", "a"], ["a", "b", "b"]).mean == pytest.approx(2 / 3)
    with pytest.raises(CallError, match="only one label was given, 'good'"):
        cohen_kappa(["good"] * 5, ["good"] * 5)
    with pytest.raises(CallError, match="only one value was given, 3"):
        krippendorff_alpha([[3, 3], [3, 3]])
    with pytest.raises(CallError, match="no case has two ratings"):
        krippendorff_alpha([[3, None], [1]])
    with pytest.raises(CallError, match="2 and 1 judgements"):
        agreement(["a", "b"], ["a"])
    with pytest.raises(CallError, match="the same number of raters"):
        fleiss_kappa([["a", "b"], ["a"]])


def test_the_same_seed_draws_the_same_interval() -> None:
    first, second = ["a", "b"] * 20, ["a", "b", "b", "b"] * 10
    assert cohen_kappa(first, second, seed=3) == cohen_kappa(first, second, seed=3)
    assert cohen_kappa(first, second, seed=3) != cohen_kappa(first, second, seed=4)


def test_labels_of_several_types_have_a_kappa_too() -> None:
    found = cohen_kappa(["1", None, "1", None] * 5, ["1", None, None, None] * 5)
    assert 0 < found.mean < 1


def test_position_tells_flips_from_a_leaning_to_one_place() -> None:
    found = position(["a", "a", "b", "b", "tie"], ["a", "b", "b", "a", "a"])
    assert found.flips.mean == pytest.approx(3 / 5)
    assert found.toward_first is not None
    assert (found.toward_first.n, found.toward_first.mean) == (2, 0.5)
    steady = position(["a", "b"], ["a", "b"])
    assert (steady.flips.mean, steady.toward_first) == (0.0, None)
    first = position(["a"] * 10, ["b"] * 10)
    assert (first.flips.mean, first.toward_first.mean) == (1.0, 1.0)
    with pytest.raises(CallError, match="1 and 0 verdicts"):
        position(["a"], [])


def test_the_length_slope_is_what_a_doubled_answer_gains() -> None:
    random = np.random.default_rng(2)
    first, second = random.integers(20, 400, 400), random.integers(20, 400, 400)
    steps = np.log2(first / second)
    human = (random.random(400) < 0.5).astype(float)
    liked = (random.random(400) < np.clip(0.5 + 0.1 * steps, 0, 1)).astype(float)
    fair = length_slope(list(first), list(second), list(human))
    lured = length_slope(list(first), list(second), list(liked))
    assert fair.low < 0 < fair.high
    assert lured.low < 0.1 < lured.high
    assert lured.low > 0
    assert lured.mean == pytest.approx(np.polyfit(steps, liked, 1)[0])
    beyond = length_slope(list(first), list(second), list(liked), list(human))
    assert beyond.mean == pytest.approx(lured.mean - fair.mean)


def test_a_length_slope_needs_lengths_that_differ() -> None:
    with pytest.raises(CallError, match="same ratio"):
        length_slope([10, 20, 30], [5, 10, 15], [1, 0, 1])
    with pytest.raises(CallError, match="no length"):
        length_slope([10, 0, 30], [5, 10, 15], [1, 0, 1])
    with pytest.raises(CallError, match="1 preferences"):
        length_slope([10], [5], [1])


def test_pandalms_annotators_agree_as_published(data: Path) -> None:
    rows = json.loads((data / "pandalm" / "testset-v1.json").read_text())
    one, two, three = ([row[f"annotator{k}"] for row in rows] for k in (1, 2, 3))
    published = {(0, 1): 0.8520, (0, 2): 0.8789, (1, 2): 0.8617}
    for (a, b), kappa in published.items():
        found = cohen_kappa((one, two, three)[a], (one, two, three)[b])
        assert found.mean == pytest.approx(kappa, abs=5e-5)
        assert found.low < kappa < found.high
    rows_of = list(zip(one, two, three, strict=True))
    # Fleiss' kappa is alpha but for the correction of a finite sample.
    assert fleiss_kappa(rows_of).mean == pytest.approx(krippendorff_alpha(rows_of).mean, abs=1e-3)


def test_llmbars_statistics_are_the_published_ones(data: Path) -> None:
    published = json.loads((data / "llmbar" / "published_statistics.json").read_text())
    verdicts: dict[str, list[dict[str, Any]]] = {}
    for line in (data / "llmbar" / "judgements.jsonl").read_text().splitlines():
        row = json.loads(line)
        verdicts.setdefault("|".join((row["subset"], row["evaluator"], row["mode"])), []).append(row)
    assert verdicts.keys() == published.keys()
    for name, rows in verdicts.items():
        known = published[name]
        label = [str(row["label"]) for row in rows]
        one, two = ([row[order] for row in rows] for order in ("first_order", "second_order"))
        right = [agreement(one, label), agreement(two, label)]
        both = agreement([(a, b) for a, b in zip(one, two, strict=True)], [(each, each) for each in label])
        assert right[0].mean == pytest.approx(shown(known["correct_False"]))
        assert right[1].mean == pytest.approx(shown(known["correct_True"]))
        assert (right[0].mean + right[1].mean) / 2 == pytest.approx(float(known["correct_average"][:-1]) / 100)
        assert both.mean == pytest.approx(shown(known["correct_both"]))
        assert agreement(one, two).mean == pytest.approx(shown(known["equal"]))
        assert position(one, two, "1", "2").flips.mean == pytest.approx(1 - shown(known["equal"]))
        # Their script writes what is not "1" as 0 before it asks for kappa, but leaves the labels 1 and 2: "kappa" of
        # judge and label is of those codes, and .2678 where the judge is right in 95 of 100 cases.
        coded = [[1 if winner == "1" else 0 for winner in order] for order in (one, two)]
        numbers = [row["label"] for row in rows]
        assert cohen_kappa(coded[0], numbers).mean == pytest.approx(known["kappa_False"])
        assert cohen_kappa(coded[1], numbers).mean == pytest.approx(known["kappa_True"])
        assert cohen_kappa(coded[0], coded[1]).mean == pytest.approx(known["kappa_agreement"])
    gpt4 = verdicts["Natural|GPT-4|Vanilla"]
    ours = cohen_kappa([row["first_order"] for row in gpt4], [str(row["label"]) for row in gpt4])
    assert ours.mean > 0.85, "what 95 of 100 really is"
    with gzip.open(data / "llmbar" / "cases.jsonl.gz", "rt") as lines:
        assert sum(1 for _ in lines) == 234


def shown(published: str) -> float:
    """The share in "95 / 100 = 95.0%"."""
    return float(published.partition("= ")[2].rstrip("%")) / 100
