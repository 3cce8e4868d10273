"""Does the answer match a pattern? Whoever wrote it, matching ends in time."""

from collections.abc import Callable
from functools import lru_cache

from hone.core import pattern_matches, pattern_problem
from hone.datasets import Example
from hone.errors import CallError, MissingExtra
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check, short
from hone.evals.metrics.text._expected import wanted
from hone.store import Judgement

_SECONDS = 1.0  # for one pattern and one answer, where RE2 cannot run it

Matches = Callable[[str], bool]


def regex(given: Given) -> Evaluator:
    """Right when one of the expected patterns matches anywhere in the answer.

    RE2 runs it, in time that grows with the answer alone. What RE2 does not know (look-around, references back) is run
    by the package `regex`, for a second at most; after that the answer counts as wrong, and the explanation says so.

    Raises:
        CallError: the pattern of the object form is none.
        MissingExtra: it needs the package `regex`, which is not installed.
    """
    check("regex", given)
    find = wanted(given)
    if given.value is not None:
        for pattern in find(Example(input="")):
            compiled(pattern)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        patterns = find(example)
        if not patterns:
            return []
        try:
            right = any(compiled(each)(answer.text) for each in patterns)
        except TimeoutError:
            return [Judgement("regex", False, f"matching {short(patterns)} takes longer than {_SECONDS:g} s")]
        return [Judgement("regex", right, None if right else f"no match of {short(patterns)}")]

    return boolean("regex", judge)


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Matches:
    """A pattern ready to look anywhere in a text; it may raise TimeoutError.

    Raises:
        CallError: it is no pattern.
        MissingExtra: it needs the package `regex`, which is not installed.
    """
    if pattern_problem(pattern) is None:
        return lambda text: pattern_matches(pattern, text)
    try:
        import regex as engine
    except ModuleNotFoundError:
        raise MissingExtra(f"the pattern {short(pattern)}, with look-around or references back,", "evals") from None
    try:
        program = engine.compile(pattern)
    except engine.error as problem:
        raise CallError(f"{short(pattern)} is no pattern: {problem}") from None
    return lambda text: program.search(text, timeout=_SECONDS) is not None
