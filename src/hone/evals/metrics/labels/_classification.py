"""Classification: is the label right, and over a run precision, recall, F1, what is taken for what, and whether the
confidence means what it says."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Figure, Given, Judged
from hone.evals.metrics._one import boolean, check, short
from hone.evals.metrics.labels._figures import Case, confidence_figures, confusion_figures, label_figures
from hone.evals.metrics.labels._read import Reader
from hone.evals.metrics.text._expected import alternatives
from hone.store import Judgement

_NAME = "classification"
_SETTINGS = ("labels", "label", "confidence", "positive")


class _Asked(Struct, frozen=True):
    reader: Reader
    positive: str | None


def classification(given: Given) -> Evaluator:
    """Right when the answer names the expected label, whatever the case; one of them, when it is a list.

    `labels` are all that there are: then an answer may name one in a sentence, and one that names none, or two, is
    wrong. Of a JSON answer the keys `label` and `confidence` are read, or those that the settings of these names say;
    without a confidence it is the probability of the answer's tokens, where they are known.

    Over a run these figures are added: macro precision, recall and F1, their micro values where some answers name no
    label, F1 of every label, the commonest confusions, and with confidences the calibration error and the area under
    the ROC curve: of the label `positive` against the rest, or without one of right against wrong answers.

    Raises:
        CallError: the settings do not fit together.
    """
    check(_NAME, given, value=False, settings=_SETTINGS)
    asked = _asked(given)

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        case = _case(asked, example, answer)
        if case is None:
            return []
        what = "no label" if case.said is None else short(case.said)
        sure = "" if case.confidence is None else f", {case.confidence:.0%} sure"
        why = None if case.right and not sure else f"said {what}{sure}, expected {short(case.truth)}"
        return [Judgement(_NAME, case.right, why)]

    made = boolean(_NAME, judge)
    return Evaluator(name=made.name, measures=made.measures, judge=judge, sum_up=partial(_sum_up, asked))


def _sum_up(asked: _Asked, judged: Sequence[Judged]) -> Iterator[Figure]:
    found = [_case(asked, each.example, each.answer) for each in judged]
    cases = [each for each in found if each is not None]
    if not cases:
        return
    yield from label_figures(_NAME, cases, asked.reader.known)
    yield from confusion_figures(_NAME, cases)
    yield from confidence_figures(_NAME, cases, asked.positive)


def _case(asked: _Asked, example: Example, answer: Answer) -> Case | None:
    wanted = [asked.reader.named(each) or each for each in alternatives(example)]
    if not wanted:
        return None
    if answer.error is not None:
        return Case(wanted[0], None, None, example.id, example.group)
    said = asked.reader.read(answer)
    # Where several labels are right, the one that was said is the truth.
    truth = said.label if said.label in wanted else wanted[0]
    return Case(truth, said.label, said.confidence, example.id, example.group)


def _asked(given: Given) -> _Asked:
    known = given.settings.get("labels", [])
    if not isinstance(known, list) or not all(isinstance(each, str) and each.strip() for each in known):
        raise _wrong("labels", known, '{"labels": ["spam", "no spam"]}')
    if len({each.casefold() for each in known}) < len(known):
        raise _wrong("labels", known, "each stands there once")
    positive = given.settings.get("positive")
    if positive is not None and positive not in known:
        raise _wrong("positive", positive, "it is one of `labels`")
    keys = {key: given.settings.get(key, key) for key in ("label", "confidence")}
    for key, name in keys.items():
        if not isinstance(name, str):
            raise _wrong(key, name, f"it is the name of a key in the answer's JSON, `{key}` by default")
    return _Asked(Reader(tuple(known), keys["label"], keys["confidence"]), positive)


def _wrong(key: str, value: Any, hint: str) -> CallError:
    return CallError(f"{_NAME} cannot use the {key} {to_json(value)}", hint=hint)
