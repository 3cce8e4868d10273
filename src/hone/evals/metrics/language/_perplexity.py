"""Perplexity: how unlikely a model found its own answer, from the log-probabilities of its tokens."""

from collections.abc import Iterable, Sequence
from math import exp

from hone.datasets import Example
from hone.evals._case import Answer, Evaluator, Figure, Given, Judged
from hone.evals.metrics._measured import Told, no_option, number, only

_LARGEST = 700.0  # of an exponent; beyond it a float has no room


def perplexity(given: Given) -> Evaluator:
    """exp of minus the mean log-probability of a token (F. Jelinek et al., 1977); 1 is certainty, less is better.

    Answers without log-probabilities are left out. The figure `perplexity of all` weighs every token alike.
    """
    no_option("perplexity", given)
    only("perplexity", given)

    def find(_: Example, answer: Answer) -> Told:
        return (perplexity_of(answer.logprobs), None) if answer.logprobs else None

    return number("perplexity", given, find, direction="down", sum_up=_of_all)


def perplexity_score(given: Given) -> Evaluator:
    """1 / (1 + perplexity), between 0 and 0.5, more is better: promptfoo's scale."""
    no_option("perplexity-score", given)
    only("perplexity-score", given)

    def find(_: Example, answer: Answer) -> Told:
        if not answer.logprobs:
            return None
        found = perplexity_of(answer.logprobs)
        return 1 / (1 + found), f"perplexity {found:.4g}"

    return number("perplexity-score", given, find)


def perplexity_of(logprobs: Sequence[float]) -> float:
    """Of natural logarithms, one a token; at least one."""
    return exp(min(_LARGEST, -sum(logprobs) / len(logprobs)))


def _of_all(judged: Sequence[Judged]) -> Iterable[Figure]:
    every = [each for one in judged for each in one.answer.logprobs or ()]
    if every:
        method = f"over {len(every)} tokens"
        yield Figure(
            name="perplexity of all", value=perplexity_of(every), n=len(judged), direction="down", method=method
        )
