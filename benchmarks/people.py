"""How far evaluators of text agree with people: SummEval's 1,600 summaries, scored by experts and by each evaluator.

Spearman's correlation over the 16 systems within an article, its mean over 100 articles, and the 95 % interval by
bootstrap over articles. An evaluator compares a summary with all 11 references and takes the best. Needs HONE_DATA.
"""

import argparse
import asyncio
import gzip
import json
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import ConstantInputWarning, spearmanr

from hone.datasets import Example
from hone.evals import Answer, Given, make
from hone.providers import embedders

DIMENSIONS = ("coherence", "consistency", "fluency", "relevance")
ASKED: tuple[str | dict[str, Any], ...] = (
    "rouge:1",
    "rouge:2",
    {"type": "rouge:2", "over": "mean", "metric": "rouge:2, over: mean"},
    "rouge",
    "bleu",
    "chrf",
    "gleu",
    "meteor",
    "f1",
    "levenshtein:ratio",
    "word-count",
    "similar",
    "sentence-match",
)


class Vectors:
    """The local embedder, which is asked about every text once."""

    def __init__(self) -> None:
        self._model = embedders.load("minilm")()
        self._known: dict[str, Any] = {}

    def __call__(self, texts: Sequence[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._model.embed(new), strict=True))
        return np.array([self._known[text] for text in texts])


def articles(folder: Path, most: int) -> list[dict[str, Any]]:
    with gzip.open(folder / "summeval" / "summeval.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines][:most]


async def scores(asked: str | dict[str, Any], rows: list[dict[str, Any]], embed: Vectors) -> list[list[float]]:
    (evaluator,) = make([asked], given=Given(embed=embed))
    found = []
    for row in rows:
        example = Example(input=row["source"], expected=row["references"])
        said = [await evaluator.said(example, Answer(text=each["summary"])) for each in row["systems"].values()]
        found.append([float(one.value) for (one,) in said])
    return found


def agreement(ours: list[list[float]], theirs: list[list[float]]) -> tuple[float, float, float]:
    """The mean correlation with its interval; an article whose systems all score alike has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)
        each = np.array([spearmanr(a, b).statistic for a, b in zip(ours, theirs, strict=True)])
    each = each[np.isfinite(each)]
    drawn = np.random.default_rng(0).choice(each, (1_000, len(each))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(each.mean()), float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ten articles")
    options = parser.parse_args()
    if "HONE_DATA" not in os.environ:
        sys.exit("HONE_DATA is not set: it names the folder of the published data")
    rows, embed = articles(Path(os.environ["HONE_DATA"]), 10 if options.quick else 100), Vectors()
    print(f"| | {' | '.join(DIMENSIONS)} |\n|{'---|' * (len(DIMENSIONS) + 1)}")
    for asked in ASKED:
        ours = asyncio.run(scores(asked, rows, embed))
        cells = []
        for dimension in DIMENSIONS:
            theirs = [[each["scores"][dimension] for each in row["systems"].values()] for row in rows]
            middle, low, high = agreement(ours, theirs)
            cells.append(f"{middle:.2f} ({low:.2f} to {high:.2f})")
        name = asked if isinstance(asked, str) else asked["metric"]
        print(f"| `{name}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
