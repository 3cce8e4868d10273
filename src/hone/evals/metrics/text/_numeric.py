"""Answers that are numbers: compared as numbers, however they are written."""

import re
from decimal import Decimal

from hone.datasets import Example
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check, short
from hone.evals.metrics._settings import amount
from hone.evals.metrics.text._expected import wanted
from hone.store import Judgement

_NUMBER = re.compile(
    r"(?<![\w.])[-+−]?[$€£¥]?\s?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)([eE][-+]?\d{1,3})?(?!\w)"
)
_FINAL = re.compile(r"(?:####|^A:)[ \t]*(-?[0-9.,]+)", re.MULTILINE)


def numeric(given: Given) -> Evaluator:
    """Right when the last number of the answer is that of an expected one.

    `1,234.50`, `$1234.5` and `1.2345e3` are one number; the sign counts, the unit does not. With `tolerance` it may be
    off by so much, with `relative` by that share of the expected number.
    """
    check("numeric", given, settings=("tolerance", "relative"))
    tolerance = Decimal(str(amount("numeric", given, "tolerance", 0.0, least=0.0)))
    relative = Decimal(str(amount("numeric", given, "relative", 0.0, least=0.0)))
    find = wanted(given)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        each = [known for one in find(example) if (known := last_number(one)) is not None]
        if not each:
            return []
        ours = last_number(answer.text)
        if ours is None:
            return [Judgement("numeric", False, "no number in the answer")]
        right = any(abs(ours - one) <= max(tolerance, relative * abs(one)) for one in each)
        return [Judgement("numeric", right, f"{ours}, expected {' or '.join(str(one) for one in each)}")]

    return boolean("numeric", judge)


def gsm8k(given: Given) -> Evaluator:
    """Right when the final answer of a worked solution is that of the expected one, as GSM8K grades (K. Cobbe et al.,
    2021): the number behind the last `####`, or `A:` at the start of a line, without commas, compared as text.

    Where the expected text has neither mark, it is the number itself.
    """
    check("gsm8k", given)
    find = wanted(given)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        each = find(example)
        if not each:
            return []
        ours = final_answer(answer.text)
        if ours is None:
            return [Judgement("gsm8k", False, "no final answer: a line `#### 42` is missing")]
        known = [final_answer(one) or one.strip().replace(",", "") for one in each]
        return [Judgement("gsm8k", ours in known, f"{ours}, expected {short(' or '.join(known))}")]

    return boolean("gsm8k", judge)


def final_answer(solution: str) -> str | None:
    """The number that a solution of GSM8K ends with, without commas."""
    found = _FINAL.findall(solution)
    return found[-1].replace(",", "") if found else None


def last_number(text: str) -> Decimal | None:
    """The last number in a text."""
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    last = found[-1]
    value = Decimal(last[1].replace(",", "") + (last[2] or ""))
    return -value if last[0][0] in "-−" else value
