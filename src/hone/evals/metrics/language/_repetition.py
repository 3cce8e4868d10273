"""Repetition and variety: how much of an answer says itself again, and how many words are new."""

import re
from collections.abc import Iterable, Sequence

from hone.datasets import Example
from hone.evals._case import Answer, Evaluator, Figure, Given, Judged
from hone.evals.metrics._measured import Told, number, only, whole_number

_WORD = re.compile(r"\w+")


def repetition(given: Given) -> Evaluator:
    """The share of runs of four words (`repetition:N` for others) that stood in the answer before; less is better.

    1 - different runs / runs, the seq-rep-n of S. Welleck et al. (2020, Neural Text Generation with Unlikelihood
    Training). Answers that are shorter than one run are left out.
    """
    n = whole_number("repetition", given, usual=4)
    only("repetition", given)

    def find(_: Example, answer: Answer) -> Told:
        found = runs(words_of(answer.text), n)
        return (1 - len(set(found)) / len(found), _most(found)) if found else None

    name = "repetition" if given.option is None else f"repetition:{n}"
    return number(name, given, find, direction="down", within=(0.0, 1.0))


def distinct(given: Given) -> Evaluator:
    """Different pairs of words (`distinct:N` for others) a word of the answer, between 0 and 1; more is more various.

    The distinct-n of J. Li et al. (2016, A Diversity-Promoting Objective Function for Neural Conversation Models),
    who count over all answers: that is the figure `distinct:2 of all`. Of one answer it falls with its length.
    """
    n = whole_number("distinct", given, usual=2)
    only("distinct", given)
    name = f"distinct:{n}" if given.option else "distinct"

    def find(_: Example, answer: Answer) -> Told:
        words = words_of(answer.text)
        return (len(set(runs(words, n))) / len(words), None) if words else None

    def of_all(judged: Sequence[Judged]) -> Iterable[Figure]:
        texts = [words_of(each.answer.text) for each in judged if each.answer.error is None]
        count = sum(map(len, texts))
        if count:
            different = {run for words in texts for run in runs(words, n)}
            yield Figure(
                name=f"{name} of all", value=len(different) / count, n=len(texts), method=f"over {count} words"
            )

    return number(name, given, find, sum_up=of_all)


def words_of(text: str) -> list[str]:
    """Words in lower case, as they stand."""
    return _WORD.findall(text.lower())


def runs(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """All runs of `n` words that follow each other."""
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _most(found: list[tuple[str, ...]]) -> str | None:
    """What is said most often, if anything is said twice."""
    counts: dict[tuple[str, ...], int] = {}
    for each in found:
        counts[each] = counts.get(each, 0) + 1
    run, times = max(counts.items(), key=lambda item: item[1])
    return f"{' '.join(run)!r} {times} times" if times > 1 else None
