"""PARENT: texts about a table, held against the table as well as against a text by a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp, fsum, log
from typing import Any

from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import check, number
from hone.evals.metrics._settings import amount
from hone.evals.metrics.text._expected import best, wanted
from hone.store import Judgement

_ORDERS = 4
_ZERO = 1e-5  # stands for a precision or recall of 0, of which there is no logarithm

Words = Sequence[str]
Table = Sequence[Words]
"""The words of each record's value."""


def parent(given: Given) -> Evaluator:
    """PARENT F-score of the answer with the table and the expected texts or else the reference, the best over the
    alternatives, between 0 and 1 (B. Dhingra et al., 2019, Handling Divergent Reference Texts when Evaluating
    Table-to-Text Generation).

    The table is the example's `metadata.table`, or else its `context`: an object, a list of `[attribute, value]` or of
    `[head, relation, tail]`. Words that the reference lacks count where the table entails them; recall is
    reference^(1-lambda) table^lambda, lambda = .5 by default. Lower case, split at white space. An example without a
    table is left out.
    """
    check("parent", given, threshold=True, settings=("lambda",))
    share = amount("parent", given, "lambda", 0.5, least=0.0)
    if share > 1:
        raise CallError(f"the lambda of parent is {share:g}", hint="it is between 0 and 1")
    find = wanted(given, reference=True)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        table = _table(example.metadata.get("table", example.context))
        each = find(example)
        if not table or not each:
            return []
        scores = [parent_of(answer.text.lower().split(), one.lower().split(), table, share) for one in each]
        return [Judgement("parent", best(scores))]

    return number("parent", judge)


def parent_of(answer: Words, reference: Words, table: Table, share: float = 0.5) -> float:
    """PARENT's F-score of one answer with one reference; `share` is lambda, the weight of the table in recall."""
    known = frozenset(word for value in table for word in value)
    orders = range(1, _ORDERS + 1)
    precision = _geometric([_precision(_runs(answer, n), _runs(reference, n), known) for n in orders])
    recall = _geometric([_recall(_runs(answer, n), _runs(reference, n), known) for n in orders]) or _ZERO
    mentioned = fsum(_common(value, answer) / len(value) for value in table) / len(table) or _ZERO
    both = exp((1 - share) * log(recall) + share * log(mentioned))
    return 2 * precision * both / (precision + both) if precision else 0.0


def _precision(ours: Counter[tuple[str, ...]], theirs: Counter[tuple[str, ...]], known: frozenset[str]) -> float:
    """Equations 1 to 4 of the paper: the share of the answer's runs that the reference has, or else the table."""
    if not ours:
        return 0.0
    total = 0.0
    for run, count in ours.items():
        there = min(1.0, theirs[run] / count)
        total += count * (there + (1 - there) * _entailed(run, known))
    return total / ours.total()


def _recall(ours: Counter[tuple[str, ...]], theirs: Counter[tuple[str, ...]], known: frozenset[str]) -> float:
    """Equation 5: the share of the reference's runs that the answer has, each as far as the table entails it."""
    weights = {run: count * _entailed(run, known) for run, count in theirs.items()}
    whole = fsum(weights.values())
    return fsum(weight * min(1.0, ours[run] / theirs[run]) for run, weight in weights.items()) / whole if whole else 1.0


def _entailed(run: tuple[str, ...], known: frozenset[str]) -> float:
    """Equation 2, the model of word overlap: the share of the words that stand anywhere in the table's values."""
    return sum(word in known for word in run) / len(run)


def _geometric(orders: Sequence[float]) -> float:
    if orders[0] == 0:
        return 0.0
    return exp(fsum(log(each or _ZERO) for each in orders) / len(orders))


def _common(value: Words, text: Words) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(text) + 1)
    for word in value:
        before = row
        row = [0]
        for position, other in enumerate(text):
            row.append(before[position] + 1 if word == other else max(before[position + 1], row[-1]))
    return row[-1]


def _runs(words: Words, n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def _table(given: Any) -> list[list[str]]:
    """The values of a table's records as words; nothing where it is none."""
    records = [[key, value] for key, value in given.items()] if isinstance(given, Mapping) else given
    if not isinstance(records, list | tuple):
        return []
    found = [_value(each) for each in records if isinstance(each, list | tuple) and len(each) in (2, 3)]
    return [words for each in found if (words := each.lower().split())]


def _value(record: Sequence[Any]) -> str:
    return str(record[1]) if len(record) == 2 else f"{record[0]} {record[2]}"
