"""Multiple choice, such as MMLU and ARC: which letter does the answer mean?

A letter is looked for in this order, and the first way that finds one decides:
1. a line or sentence that names it: `Answer: B`, `the answer is (B)`, `\\boxed{B}`; the last of them counts;
2. the answer is the letter, with or without a bracket, a full stop and the text of the choice behind it;
3. the answer is the text of one choice, or holds that of just one;
4. one letter, and no other, stands alone in capitals.
Else the answer means none, and is wrong.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hone.datasets import Example
from hone.errors import DatasetError
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.evals.benchmarks._benchmark import Benchmark, Settings, field, lines_of, text_of
from hone.store import Judgement, Metric

_LETTERS = "ABCDEFGHIJ"
_PROMPT = (
    "Answer the multiple-choice question. You may think first; end with one line of the form `Answer: X`, where X is "
    "the letter of the right choice.\n\n{question}\n\n{choices}"
)
_NAMED = re.compile(r"(?i:answer|choice|option)(?i:\s+is)?\s*[:=]?\s*\**\(?([A-J])\b\)?|\\boxed\{\s*\(?([A-J])\)?\s*\}")
_WHOLE = re.compile(r"\s*\**\(?([A-Ja-j])(?:\)|\.|:|\*|\s*$).*", re.DOTALL)
# `A planet` and `I think` begin with words.
_ALONE = re.compile(r"(?<![A-Za-z'’])([B-HJ]|[AI](?!\s+[a-z]))(?![A-Za-z'’])")


def _read(path: Path, _settings: Settings) -> list[Example]:
    rows = _from_csv(path) if path.suffix == ".csv" else _from_json(path)
    return [
        Example(
            id=f"choice-{number}",
            input=_PROMPT.format(question=question, choices="\n".join(f"{k}. {v}" for k, v in choices.items())),
            expected=right,
            metadata={"choices": choices},
        )
        for number, (question, choices, right) in enumerate(rows, 1)
    ]


def _from_csv(path: Path) -> Iterator[tuple[str, dict[str, str], str]]:
    """MMLU's files: question, four choices, the letter; with or without a header."""
    for number, row in enumerate(csv.reader(io.StringIO(text_of(path), newline="")), 1):
        if number == 1 and row[-1].strip().lower() in ("answer", "label", "answerkey"):
            continue
        if not row:
            continue
        where = f"{path.name}, row {number}"
        if len(row) < 4:
            raise DatasetError(f"the row has {len(row)} fields ({where})", hint="question, choices, the right letter")
        choices = dict(zip(_LETTERS, row[1:-1], strict=False))
        yield row[0], choices, _letter(row[-1].strip(), choices, where)


def _from_json(path: Path) -> Iterator[tuple[str, dict[str, str], str]]:
    for item, where in lines_of(path):
        question: Any = item.get("question")
        choices: Any = item.get("choices", item.get("options"))
        if isinstance(question, dict):  # ARC as AI2 publishes it
            question, choices = question.get("stem"), question.get("choices")
        if not isinstance(question, str):
            raise DatasetError(f"the question has no usable `question` ({where})", hint=f"it has: {', '.join(item)}")
        named = _choices(choices, where)
        key = "answerKey" if "answerKey" in item else "answer"
        value = field(item, key, (str, int), where)
        # Places are counted in the file's own labels, which in ARC may be 1, 2, 3, 4.
        letter = next((ours for ours, (theirs, _) in named.items() if str(value) == theirs), None)
        texts = {ours: text for ours, (_, text) in named.items()}
        yield question, texts, letter or _letter(value, texts, where)


def _choices(value: Any, where: str) -> dict[str, tuple[str, str]]:
    """Our letters, each with the file's label and text."""
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        pairs = list(zip(map(str, value.get("label") or _LETTERS), value["text"], strict=False))
    elif isinstance(value, dict):
        pairs = [(str(label), text) for label, text in value.items()]
    elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
        pairs = [(str(each.get("label")), each.get("text")) for each in value]
    elif isinstance(value, list):
        pairs = [(letter, text) for letter, text in zip(_LETTERS, value, strict=False)]
    else:
        pairs = []
    if not 2 <= len(pairs) <= len(_LETTERS):
        raise DatasetError(
            f"the question has {len(pairs)} choices ({where})", hint='"choices": ["...", "..."], "answer": 0'
        )
    return {ours: (label, str(text)) for ours, (label, text) in zip(_LETTERS, pairs, strict=False)}


def _letter(value: Any, choices: Mapping[str, str], where: str) -> str:
    """A letter, a place from 0 on, or the text of the right choice."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(choices):
        return list(choices)[value]
    if isinstance(value, str):
        if value.upper() in choices:
            return value.upper()
        if value.isdecimal() and int(value) < len(choices):
            return list(choices)[int(value)]
        for letter, text in choices.items():
            if value == text:
                return letter
    raise DatasetError(f"the right answer is {value!r}, which is none of the choices ({where})",
                       hint=f"one of {', '.join(choices)}, or its place from 0 on")  # fmt: skip


def letter_of(text: str, choices: Mapping[str, str]) -> str | None:
    """The letter that an answer means; see this module's own words for how."""
    named = [found[1] or found[2] for found in _NAMED.finditer(text) if (found[1] or found[2]) in choices]
    if named:
        return named[-1]
    whole = _WHOLE.fullmatch(text)
    if whole and whole[1].upper() in choices:
        return whole[1].upper()
    flat = text.strip().casefold()
    equal = [letter for letter, each in choices.items() if each.strip().casefold() == flat.rstrip(".")]
    holds = [letter for letter, each in choices.items() if each.strip() and each.strip().casefold() in flat]
    alone = sorted({found[1] for found in _ALONE.finditer(text) if found[1] in choices})
    return next((each[0] for each in (equal, holds, alone) if len(each) == 1), None)


def _evaluators(_given: Given, _settings: Settings) -> list[Evaluator]:
    def judge(example: Example, answer: Answer) -> list[Judgement]:
        found = letter_of(answer.text, example.metadata["choices"])
        right = found == example.expected
        return [Judgement("choice", right, None if right else f"{found or 'no letter'}, expected {example.expected}")]

    measure = Measure(name="choice", metric=Metric(kind="boolean"), worst=False)
    return [Evaluator(name="choice", measures=(measure,), judge=judge, key="1")]


CHOICE = Benchmark(
    name="choice",
    about="Multiple choice as MMLU's CSV or ARC's JSONL have it: the letter that the answer means.",
    source="D. Hendrycks et al., 2021 (MMLU); P. Clark et al., 2018 (ARC)",
    metric="choice",
    read=_read,
    evaluators=_evaluators,
)
