"""How often intervals, gates and stopped runs are right: computed exactly where it can be, else tried out from a seed.

`python benchmarks/doubt.py [--quick] [--json FILE]`. The published judgements are looked for in the folder that
HONE_DATA names; without it those rows are left out.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from math import lgamma
from pathlib import Path
from typing import Any

import numpy as np

from hone.core import wilson
from hone.evals import statistics as s

Row = dict[str, Any]
Ends = Callable[[int, int], tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    runs, rows = 200 if options.quick else 2000, []
    for row in [*rates(), *clusters(runs), *gates(runs), *looks(runs // 2), *labels(runs), *speed()]:
        rows.append(row)
        peers = ", ".join(f"{name} {value:.3g}" for name, value in row["peers"].items())
        sys.stderr.write(f"{row['name']}: {row['value']:.4g} {row['unit']} (goal {row['goal']}) {peers}\n")
    if options.json:
        options.json.write_text(json.dumps(rows), encoding="utf-8")


def row(name: str, value: float, goal: str, unit: str = "share", **peers: float) -> Row:
    named = {key.replace("_", " "): float(each) for key, each in peers.items()}
    return {"name": name, "value": float(value), "unit": unit, "goal": goal, "peers": named}


def ours(hits: int, n: int) -> tuple[float, float]:
    found = s.rate([True] * hits + [False] * (n - hits))
    return found.low, found.high


def plain_wilson(hits: int, n: int) -> tuple[float, float]:
    found = wilson(hits, n)
    return found.low, found.high


def normal(hits: int, n: int) -> tuple[float, float]:
    share = hits / n
    half = 1.959963984540054 * (share * (1 - share) / n) ** 0.5
    return share - half, share + half


def covered(n: int, of: Ends, shares: np.ndarray) -> list[float]:
    """The exact coverage at each of the true shares."""
    hits = np.arange(n + 1)
    ways = lgamma(n + 1) - np.array([lgamma(k + 1) + lgamma(n - k + 1) for k in hits])
    low, high = np.array([of(int(k), n) for k in hits]).T
    chances = [np.exp(ways + hits * np.log(p) + (n - hits) * np.log1p(-p)) for p in shares]
    return [float(each[(low <= p) & (p <= high)].sum()) for each, p in zip(chances, shares, strict=True)]


def rates() -> Iterator[Row]:
    kinds: dict[str, Ends] = {"ours": ours, "Wilson": plain_wilson, "normal": normal}
    for n, p in ((20, 0.97), (55, 0.99), (100, 0.97)):
        found = {name: covered(n, of, np.array([p]))[0] for name, of in kinds.items()}
        yield row(f"exact coverage of a rate, n = {n}, p = {p}", found.pop("ours"), ">= .90", **found)
    grid = np.arange(50, 100) / 100
    sizes = [*range(20, 101), *range(110, 1001, 45)]
    lowest = {name: min(min(covered(n, of, grid)) for n in sizes) for name, of in kinds.items()}
    yield row("lowest exact coverage of a rate, n = 20 to 1000, p = .50 to .99", lowest.pop("ours"), ">= .90", **lowest)


def clusters(runs: int) -> Iterator[Row]:
    random, held, plain = np.random.default_rng(1), 0, 0
    for _ in range(runs):
        sizes = random.integers(2, 9, 30)
        of = np.repeat(np.arange(30), sizes)
        values = list(0.6**0.5 * random.normal(size=30)[of] + 0.4**0.5 * random.normal(size=len(of)))
        found, other = s.clustered_mean(values, list(of)), s.mean(values)
        held, plain = held + (found.low <= 0 <= found.high), plain + (other.low <= 0 <= other.high)
    yield row("coverage of a mean, 30 groups of 2 to 8 that correlate at .6", held / runs, ".95", plain_t=plain / runs)
    for p in (0.7, 0.95):
        held = plain = 0
        for _ in range(runs):
            of = np.repeat(np.arange(30), 5)
            values = np.where(random.random(150) < 0.9, random.random(30)[of] < p, random.random(150) < p)
            found, other = s.clustered_rate(list(values * 1.0), list(of)), s.rate(list(values))
            held, plain = held + (found.low <= p <= found.high), plain + (other.low <= p <= other.high)
        yield row(f"coverage of a rate of {p}, 30 groups of 5", held / runs, ".95", plain_Wilson=plain / runs)


def gates(runs: int) -> Iterator[Row]:
    kinds = [(True, True), (True, False), (False, True), (False, False)]
    alarms = 0
    for table in np.random.default_rng(2).multinomial(100, (0.6, 0.1, 0.1, 0.2), runs):
        pairs = [kind for kind, count in zip(kinds, table, strict=True) for _ in range(count)]
        sides = ({str(n): pair[side] for n, pair in enumerate(pairs)} for side in (0, 1))
        alarms += s.compare_paired(*sides, boolean=True, a="a", b="b", metric="m").verdict != "cannot_tell"
    yield row("false alarms of a gate between equal variants, 100 cases", alarms / runs, "<= .05")
    apart = []
    for design, n, difference in (
        (s.PairedRates(0.8), 200, 0.084),
        (s.PairedRates(0.5, correlation=0.7), 100, 0.1),
        (s.PairedRates(0.95, discordant=0.05), 50, 0.04),
    ):
        tables = np.random.default_rng(n).multinomial(n, design.shares(difference), 10 * runs)
        seen: dict[tuple[int, ...], float] = {}
        for table in tables:
            if (key := tuple(int(k) for k in table)) not in seen:
                pairs = [kind for kind, count in zip(kinds, key, strict=True) for _ in range(count)]
                seen[key] = s.paired_rates(pairs).low or 0.0
        passed = np.mean([seen[tuple(int(k) for k in table)] > 0 for table in tables])
        apart.append(abs(design.power(n, difference) - passed))
    yield row("furthest that a promised power is from the power found, of 3 designs", max(apart), "<= .03")


def looks(runs: int) -> Iterator[Row]:
    random, wrong, ordinary, cases = np.random.default_rng(3), 0, 0, 400
    for _ in range(runs):
        drawn = random.choice([0.0, 0.5, 1.0], cases, p=[0.15, 0.7, 0.15])
        bets, out = s.Betting(), False
        for value in drawn.tolist():
            bets.add(value)
            out = out or not bets.low <= 0.5 <= bets.high
        n = np.arange(1, cases + 1)
        middle = np.cumsum(drawn) / n
        error = np.sqrt(np.maximum(0, np.cumsum(drawn**2) / n - middle**2) / n)
        wrong, ordinary = wrong + out, ordinary + bool((np.abs(middle - 0.5) > 1.96 * error)[20:].any())
    name = "ever wrong, looked at after each of 400 cases"
    yield row(name, wrong / runs, "<= .05", ordinary_interval=ordinary / runs)


def labels(runs: int) -> Iterator[Row]:
    if not (where := os.environ.get("HONE_DATA")):
        return
    folder = Path(where) / "pandalm"
    rows = json.loads((folder / "testset-v1.json").read_text())
    human = np.array([np.mean([{1: 1.0, 2: 0.0, 0: 0.5}[one[f"annotator{k}"]] for k in (1, 2, 3)]) for one in rows])
    for name, file, key in (("GPT-3.5", "gpt35", "gpt_result"), ("PandaLM-7B", "pandalm7b", "pandalm_result")):
        said = [str(one[key]) for one in json.loads((folder / f"{file}.json").read_text())]
        judge = np.array([{"1": 1.0, "2": 0.0}.get(each, 0.5) for each in said])
        random, held, width, plain = np.random.default_rng(4), 0, 0.0, 0.0
        for _ in range(runs):
            order = random.permutation(len(human))
            some, rest = order[:100], order[100:]
            found = s.prediction_powered(list(human[some]), list(judge[some]), list(judge[rest]))
            other = s.mean(list(human[some]))
            held += found.low <= human.mean() <= found.high
            width, plain = width + found.high - found.low, plain + other.high - other.low
        yield row(f"PPI++ with 100 labels, judge {name}: width beside that of the labels alone", width / plain, "< 1")
        yield row(f"PPI++ with 100 labels, judge {name}: coverage", held / runs, ">= .95")


def speed() -> Iterator[Row]:
    differences = np.random.default_rng(5).choice([-1.0, 0.0, 1.0], 3000, p=[0.15, 0.7, 0.15]).tolist()
    stop, began = s.EarlyStop(6000, alpha=1e-9), time.process_time()
    for difference in differences:
        stop.see(difference)
    spent = (time.process_time() - began) / len(differences)
    yield row("asking whether to stop, CPU for each case", 1e6 * spent, "<= 500", unit="µs")


if __name__ == "__main__":
    main()
