"""Early stopping replayed on published judgements: the share of calls it takes, and how often it says what the whole
run says. `python tests/simulation/test_early_stop_replay.py` prints the table that is in the documentation.

The gates were chosen before any was replayed: every pair of what was published, not worse by 0 and by 5 points (wins of
models: by 0). Each is replayed in several random orders, and compared with the verdict of `compare_paired` over all.
"""

import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from hone.evals import compare_paired
from hone.evals.statistics._early import EarlyStop

MARGINS = (0.0, 0.05)


class Pair(NamedTuple):
    name: str
    first: list[float]
    second: list[float]
    boolean: bool
    margins: tuple[float, ...] = MARGINS


class Replayed(NamedTuple):
    name: str
    margin: float
    cases: int
    verdict: str  # of the whole run
    share: float  # of its calls
    agreed: float  # of the orders


def solutions(data: Path) -> Iterator[Pair]:
    """GSM8K: whose solutions are right, of four models."""
    with gzip.open(data / "gsm8k" / "example_model_solutions.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    models = [key for key, value in rows[0].items() if isinstance(value, dict)]
    right = {model: [str(row[model]["is_correct"]) == "True" for row in rows] for model in models}
    for a, b in combinations(models, 2):
        yield Pair(f"{a} against {b}", right[a], right[b], boolean=True)


def judges(data: Path) -> Iterator[Pair]:
    """LLMBar: which judge finds the better answer, of six."""
    right: dict[str, dict[tuple[str, int], bool]] = {}
    for line in (data / "llmbar" / "judgements.jsonl").read_text().splitlines():
        row = json.loads(line)
        cases = right.setdefault(f"{row['evaluator']} {row['mode']}", {})
        cases[row["subset"], row["index"]] = str(row["first_order"]) == str(row["label"])
    for a, b in combinations(right, 2):
        yield Pair(f"{a} against {b}", list(right[a].values()), [right[b][case] for case in right[a]], boolean=True)


def wins(data: Path) -> Iterator[Pair]:
    """PandaLM: which of two models people prefer, by majority; and which of two judges says what people say."""
    rows = json.loads((data / "pandalm" / "testset-v1.json").read_text())
    human = [majority([row[f"annotator{k}"] for k in (1, 2, 3)]) for row in rows]
    duels: dict[str, list[float]] = {}
    for row, won in zip(rows, human, strict=True):
        duels.setdefault(row["cmp_key"], []).append({1: 1.0, 2: -1.0, 0: 0.0}[won])
    for name, said in duels.items():
        yield Pair(name.replace("_", " against "), said, [0.0] * len(said), boolean=False, margins=(0.0,))
    folder = data / "pandalm"
    gpt = [row["gpt_result"] for row in json.loads((folder / "gpt35.json").read_text())]
    own = [str(row["pandalm_result"]) for row in json.loads((folder / "pandalm7b.json").read_text())]
    like = {"1": 1, "2": 2, "0": 0, "Tie": 0}
    yield Pair(
        "judge GPT-3.5 against judge PandaLM",
        *([like.get(str(one)) == won for one, won in zip(said, human, strict=True)] for said in (gpt, own)),
        boolean=True,
    )


def majority(said: list[int]) -> int:
    label, count = Counter(said).most_common(1)[0]
    return label if count > 1 else 0


def replayed(pair: Pair, margin: float, orders: int, alpha: float = 0.05) -> Replayed:
    cases = range(len(pair.first))
    first, second = ({str(n): side[n] for n in cases} for side in (pair.first, pair.second))
    about = {"boolean": pair.boolean, "a": "a", "b": "b", "metric": "m", "not_worse_by": margin}
    whole = compare_paired(first, second, **about).verdict
    differences = np.array(pair.first, dtype=float) - np.array(pair.second, dtype=float)
    random, seen, agreed = np.random.default_rng(11), 0, 0
    for _ in range(orders):
        stop = EarlyStop(len(cases), not_worse_by=margin, alpha=alpha)
        found = next(found for d in random.permutation(differences).tolist() if (found := stop.see(d)).stop)
        seen, agreed = seen + found.seen, agreed + (found.verdict == whole)
    return Replayed(pair.name, margin, len(cases), whole, seen / orders / len(cases), agreed / orders)


def replay(data: Path, orders: int, alpha: float = 0.05) -> dict[str, list[Replayed]]:
    sources = {"GSM8K": solutions, "LLMBar": judges, "PandaLM": wins}
    return {
        name: [replayed(pair, margin, orders, alpha) for pair in pairs(data) for margin in pair.margins]
        for name, pairs in sources.items()
    }


def calls(gates: list[Replayed]) -> float:
    """The share of all calls that was made."""
    return sum(gate.share * gate.cases for gate in gates) / sum(gate.cases for gate in gates)


def test_early_stopping_says_what_the_whole_run_says_with_half_of_the_calls() -> None:
    where = os.environ.get("HONE_DATA")
    if not where:
        pytest.skip("HONE_DATA names no folder with published judgements")
    found = replay(Path(where), orders=6)
    gates = [gate for each in found.values() for gate in each]
    assert len(gates) == 12 + 30 + 12
    assert calls(gates) <= 0.5
    assert calls(found["GSM8K"]) <= 0.3
    assert np.mean([gate.share for gate in gates]) <= 0.55, "each gate counting alike, the small ones too"
    # The stated error is 5 %: one verdict in twenty may differ from that of the whole run.
    assert np.mean([gate.agreed for gate in gates]) >= 0.95
    told = [gate for gate in gates if gate.verdict != "cannot_tell"]
    assert calls(told) < calls(gates), "what is plain is known sooner"


def table(found: dict[str, list[Replayed]]) -> Iterator[str]:
    for name, gates in found.items():
        for gate in gates:
            line = f"{gate.name}, not worse by {gate.margin:g} (n = {gate.cases})"
            yield f"{name:8} {line:74} {gate.verdict:12} {gate.share:6.1%} of the calls, agreed {gate.agreed:.1%}"
    found["all"] = [gate for gates in found.values() for gate in gates]
    for name, gates in found.items():
        agreed, share = np.mean([gate.agreed for gate in gates]), np.mean([gate.share for gate in gates])
        yield f"{name:8} {len(gates)} gates: {calls(gates):.1%} of all calls, {share:.1%} a gate, agreed {agreed:.2%}"


if __name__ == "__main__":
    for level in (0.05, 0.1, 0.2):
        sys.stdout.write(f"alpha = {level:g}\n")
        for text in table(replay(Path(os.environ["HONE_DATA"]), orders=100, alpha=level)):
            sys.stdout.write(f"{text}\n")
