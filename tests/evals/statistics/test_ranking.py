"""Many variants in one order."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from hone.errors import CallError
from hone.evals.statistics._ranking import Bout, rank


def drawn(strengths: dict[str, float], prompts: int, seed: int, tie: float = 0.6) -> list[Bout]:
    random, names = np.random.default_rng(seed), list(strengths)
    made = []
    for prompt in range(prompts):
        a, b = random.choice(names, 2, replace=False)
        logits = [strengths[a], strengths[b], np.log(tie) + (strengths[a] + strengths[b]) / 2]
        chances = np.exp(logits) / np.exp(logits).sum()
        made.append(Bout(str(a), str(b), [1.0, 0.0, 0.5][random.choice(3, p=chances)], prompt))
    return made


def test_two_who_met_often_are_apart_by_the_log_odds() -> None:
    found = rank([Bout("a", "b", 1.0)] * 3000 + [Bout("b", "a", 1.0)] * 1000)
    assert [place.name for place in found] == ["a", "b"]
    assert found[0].strength - found[1].strength == pytest.approx(np.log(3), abs=2e-3)
    assert found[0].bouts == 4000


def test_strengths_are_where_the_likelihood_is_highest() -> None:
    bouts = drawn({"a": 1.0, "b": 0.3, "c": -0.2, "d": -1.1}, 300, seed=1)
    names = "abcd"

    def loss(values: np.ndarray) -> float:
        total = 0.0
        for bout in bouts:
            a, b = values[names.index(bout.a)], values[names.index(bout.b)]
            logits = np.array([a, b, values[4] + (a + b) / 2])
            total -= logits[{1.0: 0, 0.0: 1, 0.5: 2}[bout.won]] - np.log(np.exp(logits).sum())
        return total + (values**2).sum() / 18  # the prior of 3 logits

    best = minimize(loss, np.zeros(5)).x[:4]
    found = {place.name: place.strength for place in rank(bouts, draws=10)}
    assert [found[name] for name in names] == pytest.approx(list(best - best.mean()), abs=1e-4)


def test_intervals_hold_the_true_strengths_and_places() -> None:
    truth = {"a": 1.0, "b": 0.3, "c": -0.2, "d": -1.1}
    held = 0
    for seed in range(25):
        for place in rank(drawn(truth, 250, seed), draws=200):
            held += place.low <= truth[place.name] <= place.high
            assert place.best <= place.place <= place.worst
    # 100 intervals of 95 %, those of one ranking not independent.
    assert held >= 87


def test_a_prompt_that_was_asked_again_and_again_is_one_prompt() -> None:
    few = drawn({"a": 0.5, "b": -0.5}, 40, seed=2)
    once, often = rank(few), rank(few * 10)
    assert often[0].high - often[0].low == pytest.approx(once[0].high - once[0].low, rel=0.3)
    apart = rank([Bout(bout.a, bout.b, bout.won) for bout in few * 10])
    assert apart[0].high - apart[0].low < 0.5 * (once[0].high - once[0].low)


def test_who_won_all_is_strong_but_not_infinitely() -> None:
    found = rank([Bout("a", "b", 1.0, n) for n in range(20)])
    assert 2 < found[0].strength - found[1].strength < 12
    single = rank([Bout("a", "b", 1.0)])
    assert (single[0].low, single[0].best, single[0].worst) == (None, 1, 2)


@pytest.mark.parametrize(
    ("bouts", "message"),
    [
        ([], "no bout"),
        ([Bout("a", "a", 1.0)], "a against a"),
        ([Bout("a", "b", 0.7)], r"outcome 0\.7"),
        ([Bout("a", "b", 1.0), Bout("c", "d", 1.0)], "no chain of bouts leads from a to c"),
    ],
)
def test_what_cannot_be_ranked_is_refused(bouts: list[Bout], message: str) -> None:
    with pytest.raises(CallError, match=message):
        rank(bouts)


def test_pandalms_models_are_ranked_by_their_annotators() -> None:
    where = os.environ.get("HONE_DATA")
    if not where:
        pytest.skip("HONE_DATA names no folder with published judgements")
    bouts = []
    for row in json.loads((Path(where) / "pandalm" / "testset-v1.json").read_text()):
        a, b = row["cmp_key"].split("_")
        bouts += [Bout(a, b, {1: 1.0, 2: 0.0, 0: 0.5}[row[f"annotator{k}"]], row["idx"]) for k in (1, 2, 3)]
    found = rank(bouts)
    assert [place.name for place in found] == ["llama-7b", "pythia-6.9b", "bloom-7b", "opt-7b", "cerebras-gpt-6.7B"]
    assert (found[0].best, found[0].worst) == (1, 1)
    assert found[1].worst > 2, "second and third cannot be told apart"
