"""SummEval: 1,600 summaries with 11 references each, and what people said of them."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from hone.datasets import Example
from hone.evals import Answer, Given, evaluators

Rows = Callable[[str], list[dict[str, Any]]]
PUBLISHED = {"coherence": 0.184, "consistency": 0.187, "fluency": 0.159, "relevance": 0.290}


def test_rouge_2_ranks_summaries_as_published(rows: Rows) -> None:
    """The mean over articles of Spearman's correlation over systems, of ROUGE-2 as the mean over the references."""
    articles = rows("summeval/summeval.jsonl.gz")
    rouge = evaluators.load("rouge")(Given(option="2", settings={"over": "mean"}))

    async def scores() -> list[list[float]]:
        found = []
        for article in articles:
            example = Example(input=article["source"], expected=article["references"])
            said = [await rouge.said(example, Answer(text=each["summary"])) for each in article["systems"].values()]
            found.append([float(one.value) for (one,) in said])
        return found

    ours = asyncio.run(scores())
    for dimension, published in PUBLISHED.items():
        theirs = [[each["scores"][dimension] for each in article["systems"].values()] for article in articles]
        # Where people gave all systems of an article the same score, there is no correlation.
        both = [(a, b) for a, b in zip(ours, theirs, strict=True) if len(set(b)) > 1]
        found = np.mean([spearmanr(a, b).statistic for a, b in both])
        assert round(float(found), 3) == published, dimension
