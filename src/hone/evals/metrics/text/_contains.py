"""Does a text stand in the answer: one of several, all of them, at its beginning?"""

import re
from collections.abc import Callable, Sequence
from functools import partial

from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check, short
from hone.evals.metrics._settings import flag
from hone.evals.metrics.text._expected import texts, wanted
from hone.store import Judgement

Stands = Callable[[str, str], bool]


def contains(given: Given) -> Evaluator:
    """Right when the expected text stands in the answer, whatever the case; one of them, when it is a list.

    `contains:whole` looks for whole names and minds the case: `set` is not found in `dict.setdefault`. The setting
    `case` minds the case, as promptfoo's `contains` does.
    """
    check("contains", given, options=("whole",), settings=("case",))
    name = "contains" if given.option is None else "contains:whole"
    stands: Stands = _stands_in_any_case
    if given.option == "whole":
        stands = whole_name
    elif flag("contains", given, "case"):
        stands = _stands_in
    return _any(name, given, stands)


def icontains(given: Given) -> Evaluator:
    """Right when one of the expected texts stands in the answer, whatever the case."""
    check("icontains", given)
    return _any("icontains", given, _stands_in_any_case)


def contains_any(given: Given) -> Evaluator:
    """Right when one of the expected texts stands in the answer, as it is written."""
    check("contains-any", given)
    return _any("contains-any", _listed(given), _stands_in)


def icontains_any(given: Given) -> Evaluator:
    """Right when one of the expected texts stands in the answer, whatever the case."""
    check("icontains-any", given)
    return _any("icontains-any", _listed(given), _stands_in_any_case)


def contains_all(given: Given) -> Evaluator:
    """Right when all of the expected texts stand in the answer, as they are written."""
    check("contains-all", given)
    return _all("contains-all", _listed(given), _stands_in)


def icontains_all(given: Given) -> Evaluator:
    """Right when all of the expected texts stand in the answer, whatever the case."""
    check("icontains-all", given)
    return _all("icontains-all", _listed(given), _stands_in_any_case)


def starts_with(given: Given) -> Evaluator:
    """Right when the answer begins with one of the expected texts, as it is written."""
    check("starts-with", given)
    return _any("starts-with", given, lambda start, text: text.startswith(start))


def ends_with(given: Given) -> Evaluator:
    """Right when the answer ends with one of the expected texts, as it is written; white space at its end apart."""
    check("ends-with", given)
    return _any("ends-with", given, lambda end, text: text.rstrip().endswith(end.rstrip()))


def whole_name(name: str, text: str) -> bool:
    """Does `name` stand in `text` as a name of its own, not as a part of a longer or dotted one?"""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|\.\w)", text) is not None


def _any(name: str, given: Given, stands: Stands) -> Evaluator:
    return _judged(name, given, partial(_one_of, stands))


def _all(name: str, given: Given, stands: Stands) -> Evaluator:
    return _judged(name, given, partial(_each_of, stands))


def _judged(name: str, given: Given, look: Callable[[Sequence[str], str], tuple[bool, str | None]]) -> Evaluator:
    if given.value is not None and not texts(given.value):
        raise CallError(f"{name} has nothing to look for: {short(given.value)}", hint='{"value": "..."}')
    find = wanted(given)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        each = find(example)
        return [Judgement(name, *look(each, answer.text))] if each else []

    return boolean(name, judge)


def _one_of(stands: Stands, each: Sequence[str], text: str) -> tuple[bool, str | None]:
    found = next((one for one in each if stands(one, text)), None)
    return found is not None, f"no {short(list(each))}" if found is None else f"found {short(found)}"


def _each_of(stands: Stands, each: Sequence[str], text: str) -> tuple[bool, str | None]:
    missing = [one for one in each if not stands(one, text)]
    return not missing, f"missing {short(missing)}" if missing else None


def _stands_in(wanted: str, text: str) -> bool:
    return wanted in text


def _stands_in_any_case(wanted: str, text: str) -> bool:
    return wanted.casefold() in text.casefold()


def _listed(given: Given) -> Given:
    """A list may be written as one text with commas, as promptfoo has it: `a, b` and `"a, b", c`."""
    import csv

    from msgspec.structs import replace

    if not isinstance(given.value, str):
        return given
    (row,) = csv.reader([given.value.replace("\n", " ")], skipinitialspace=True)
    return replace(given, value=[each.strip() for each in row])
