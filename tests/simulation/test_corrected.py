"""Judges corrected by labels, and cases that stand for all: the intervals cover, and are worth their labels."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from hone.evals import mean
from hone.evals.statistics._anchors import anchors, by_earlier_runs
from hone.evals.statistics._corrected import prediction_powered, rogan_gladen

RUNS = 500
SLACK = 3 * (0.05 * 0.95 / RUNS) ** 0.5


@pytest.mark.parametrize("labels", [30, 200])
@pytest.mark.parametrize("trust", [0.0, 0.6, 0.95])
def test_ppi_covers_with_few_labels_and_many_with_good_judges_and_bad(labels: int, trust: float) -> None:
    random, held, width, plain = np.random.default_rng(labels), 0, 0.0, 0.0
    for _ in range(RUNS):
        human = (random.random(labels + 1500) < 0.6).astype(float)
        # A judge that looks, or else says yes to four of five.
        judge = np.where(random.random(len(human)) < trust, human, random.random(len(human)) < 0.8).astype(float)
        found = prediction_powered(list(human[:labels]), list(judge[:labels]), list(judge[labels:]))
        held += found.low <= 0.6 <= found.high
        classical = mean(list(human[:labels]))
        width, plain = width + found.high - found.low, plain + classical.high - classical.low
    assert held / RUNS >= (0.93 if labels < 100 else 0.95) - SLACK
    assert width / plain <= {0.0: 1.01, 0.6: 0.9, 0.95: 0.5}[trust]


@pytest.mark.parametrize(("se", "sp", "share"), [(0.9, 0.8, 0.5), (0.8, 0.7, 0.9), (0.95, 0.9, 0.1)])
@pytest.mark.parametrize("labels", [60, 300])
def test_rogan_gladen_covers(se: float, sp: float, share: float, labels: int) -> None:
    random, held, tried = np.random.default_rng(labels), 0, 0
    for _ in range(RUNS):
        human = random.random(labels + 1000) < share
        judge = np.where(human, random.random(len(human)) < se, random.random(len(human)) >= sp)
        pairs = [(bool(h), bool(j)) for h, j in zip(human[:labels], judge[:labels], strict=True)]
        if len({h for h, _ in pairs}) < 2:
            continue
        try:
            found = rogan_gladen([bool(j) for j in judge[labels:]], pairs)
        except Exception:  # a judge that looks useless in these labels is refused
            continue
        tried += 1
        held += found.low <= share <= found.high
    assert tried > 0.95 * RUNS
    assert held / tried >= 0.94 - SLACK


def test_anchors_and_earlier_runs_cover_with_a_third_of_the_cases() -> None:
    random, held, width, plain = np.random.default_rng(7), 0, 0.0, 0.0
    for seed in range(RUNS):
        ease = random.normal(0, 1, 300)
        runs = [{str(n): float(ease[n] + random.normal(0, 0.5)) for n in range(300)} for _ in range(2)]
        chosen = anchors(runs[:1], 100, seed)
        found = by_earlier_runs({case: runs[1][case] for case in chosen}, runs[:1])
        sampled = mean([runs[1][case] for case in chosen])
        held += found.low <= 0 <= found.high
        width, plain = width + found.high - found.low, plain + sampled.high - sampled.low
    assert held / RUNS >= 0.95 - SLACK
    # The runs correlate at .8: variance s² / 300 + (2/3) .36 s² / 100 instead of s² / 100.
    assert width / plain == pytest.approx((1 / 3 + 2 / 3 * 0.36) ** 0.5, abs=0.02)


def test_ppi_corrects_a_published_judge_with_100_labels() -> None:
    """PandaLM: how often people prefer the first answer, by 100 of 999 human labels and all of a judge's verdicts."""
    where = os.environ.get("HONE_DATA")
    if not where:
        pytest.skip("HONE_DATA names no folder with published judgements")
    folder = Path(where) / "pandalm"
    rows = json.loads((folder / "testset-v1.json").read_text())
    human = np.array([np.mean([{1: 1.0, 2: 0.0, 0: 0.5}[row[f"annotator{k}"]] for k in (1, 2, 3)]) for row in rows])
    for name, key in (("gpt35.json", "gpt_result"), ("pandalm7b.json", "pandalm_result")):
        said = [str(row[key]) for row in json.loads((folder / name).read_text())]
        judge = np.array([{"1": 1.0, "2": 0.0}.get(each, 0.5) for each in said])
        random, held, width, plain = np.random.default_rng(9), 0, 0.0, 0.0
        for _ in range(RUNS):
            order = random.permutation(len(human))
            some, rest = order[:100], order[100:]
            found = prediction_powered(list(human[some]), list(judge[some]), list(judge[rest]))
            classical = mean(list(human[some]))
            held += found.low <= human.mean() <= found.high
            width, plain = width + found.high - found.low, plain + classical.high - classical.low
        # The labels are drawn from these 999 and not from life, so it covers a little more than it must.
        assert held / RUNS >= 0.95 - SLACK
        assert 0.8 < width / plain < 0.92
