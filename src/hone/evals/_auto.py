"""`evaluators = "auto"`: the metric is chosen by what is at hand, and the choice explains itself.

A right answer is compared, a reference is held against, a previous answer is competed with, a person's comment is
looked for; where nothing of that is there, what is left is the answer's shape, what supports it, and a rubric.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Struct

from hone.datasets import Example

AUTO = "auto"

_MOSTLY = 0.8  # of the examples that have a right answer decide what kind of answer it is
_LABELS = 20  # different answers at most, each several times: then they are categories
_SHORT = 6  # words; longer answers are said in other words as well
_CHOICE = re.compile(r"[A-Ja-j]")
_GSM8K = re.compile(r"####\s*-?[\d.,]+\s*$")
_FEEDBACK = ("feedback", "comment", "user_feedback")


class Choice(Struct, frozen=True, kw_only=True):
    """Which evaluators, and one sentence for each reason. `missing` says what would allow more."""

    evaluators: tuple[str | dict[str, Any], ...]
    reasons: tuple[str, ...]
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((*self.reasons, *self.missing))


class _At(Struct, frozen=True, kw_only=True):
    """What is at hand."""

    n: int
    expected: list[Any]
    references: int
    previous: int
    context: int
    feedback: int
    own: int
    schema: bool
    judge: bool
    embed: bool
    known: frozenset[str]


class _Making:
    """A choice as it grows: a name that the registry has not is left out, with its reason."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self.evaluators: list[str | dict[str, Any]] = []
        self.reasons: list[str] = []
        self.missing: list[str] = []

    def add(self, reason: str, *asked: str | dict[str, Any]) -> bool:
        there = [each for each in asked if self._name(each) in self._known and each not in self.evaluators]
        if there:
            self.evaluators += there
            names = " and ".join(f"`{each if isinstance(each, str) else each['type']}`" for each in there)
            self.reasons.append(f"{reason}: {names}.")
        return bool(there)

    def lacks(self, text: str) -> None:
        self.missing.append(text)

    @staticmethod
    def _name(asked: str | dict[str, Any]) -> str:
        name = asked if isinstance(asked, str) else str(asked["type"])
        return re.split(r"[:@]", name)[0]


def choose(
    examples: Sequence[Example],
    *,
    schema: Mapping[str, Any] | None = None,
    has_judge: bool = False,
    has_context: bool = False,
    has_embed: bool = False,
    known: frozenset[str] | None = None,
) -> Choice:
    """Evaluators for these examples.

    `schema` is of the task's output. `has_judge` says that a model may be asked, `has_context` that the task retrieves
    passages, `has_embed` that texts can be compared by meaning. `known` are the names of the registry, by default all.
    `latency` and `cost` are always measured. The first evaluator is the one that a comparison goes by.
    """
    if known is None:
        from hone.evals._registry import evaluators

        known = frozenset(evaluators.names())
    at = _at(examples, schema, has_judge, has_context, has_embed, known)
    making = _Making(known)
    for step in _STEPS:
        step(at, making)
    making.add("Every call has a time and a price", "latency", "cost")
    return Choice(
        evaluators=tuple(making.evaluators), reasons=tuple(making.reasons), missing=tuple(making.missing)
    )  # fmt: skip


def _at(
    examples: Sequence[Example], schema: Any, judge: bool, context: bool, embed: bool, known: frozenset[str]
) -> _At:
    return _At(
        n=len(examples),
        expected=[each.expected for each in examples if each.expected not in (None, "", [])],
        references=sum(bool(each.reference) for each in examples),
        previous=sum(bool(each.previous) for each in examples),
        context=len(examples) if context else sum(bool(each.context) for each in examples),
        feedback=sum(any(each.metadata.get(name) for name in _FEEDBACK) for each in examples),
        own=sum(bool(each.evaluators) for each in examples),
        schema=schema is not None,
        judge=judge,
        embed=embed,
        known=known,
    )


# -- what is at hand, the strongest ground first


def _own(at: _At, making: _Making) -> None:
    if at.own:
        making.reasons.append(f"{_of(at.own, at.n)} bring evaluators of their own, which judge them as well.")


def _answers(at: _At, making: _Making) -> None:
    """A correct answer: equal, the same number, the same label; else the words that both have."""
    if not at.expected:
        return
    ground = f"{_of(len(at.expected), at.n)} have a right answer"
    texts = [_first(each) for each in at.expected]
    if _mostly(texts, lambda each: not isinstance(each, str) and not isinstance(each, int | float)):
        making.add(f"{ground}, mostly objects or lists, compared as JSON", "exact")
    elif _mostly(texts, lambda each: isinstance(each, str) and bool(_GSM8K.search(each))):
        making.add(f"{ground}, worked solutions that end in `####`, so the final numbers are compared", "gsm8k")
    elif _mostly(texts, _is_number):
        making.add(f"{ground}, mostly numbers, compared as numbers however they are written", "numeric", "exact")
    elif _labels(texts):
        count = len({str(each).strip().casefold() for each in texts})
        making.add(f"{ground}, one of {count} labels, so only the label itself is right", "exact", "classification")
    else:
        long = not _mostly(texts, lambda each: len(str(each).split()) <= _SHORT)
        making.add(f"{ground}, {'long' if long else 'short'} texts, looked for in the answer", "contains", "f1")
        if long:
            _likeness(f"{ground} of several words, which may be said in others", at, making)


def _references(at: _At, making: _Making) -> None:
    """A reference: overlap, meaning, a judge that holds the answer against it."""
    if at.references and not at.expected:
        ground = f"{_of(at.references, at.n)} have a reference text"
        making.add(f"{ground}, so the shared words and letters are counted", "rouge", "chrf")
        _likeness(ground, at, making)


def _likeness(ground: str, at: _At, making: _Making) -> None:
    if at.embed:
        making.add(f"{ground}, compared by meaning", "similar")
    if at.judge:
        making.add(f"{ground}, held against the answer by a judge", "factuality")
    else:
        making.lacks("A judge could hold answers against the reference: name a model in [judges.NAME].")


def _previous(at: _At, making: _Making) -> None:
    if not at.previous:
        return
    ground = f"{_of(at.previous, at.n)} have the answer that was given before"
    if at.judge:
        making.add(f"{ground}, so a judge compares both in both orders, ties allowed", "pairwise")
    else:
        making.lacks(f"{ground}; a judge could compare the new one with it: name a model in [judges.NAME].")


def _feedback(at: _At, making: _Making) -> None:
    if not at.feedback:
        return
    ground = f"{_of(at.feedback, at.n)} have a person's comment on an earlier answer"
    if at.judge:
        making.add(f"{ground}, so a judge looks whether the new answer takes it into account", "incorporates-feedback")
    else:
        making.lacks(f"{ground}; a judge could tell whether the new answer heeds it: name a model in [judges.NAME].")


def _shape(at: _At, making: _Making) -> None:
    if at.schema:
        making.add("The task has an output schema, so every answer is held against it", "json-schema")


def _grounds(at: _At, making: _Making) -> None:
    if not at.context:
        return
    ground = "Passages are retrieved" if at.context == at.n else f"{_of(at.context, at.n)} have a context"
    if at.judge:
        making.add(f"{ground}, so a judge looks whether they support the answer", "groundedness")
    making.add(f"{ground}, so how far their words support the answer is measured without a model", "supported")


def _nothing(at: _At, making: _Making) -> None:
    """No answer, no reference, nothing given before: what the answer is in itself."""
    if at.expected or at.references or at.previous or at.own:
        return
    ground = "No example has a right answer or a reference"
    if at.judge:
        rubric = {"type": "llm-rubric", "value": "The answer does what the question asks for, correctly and clearly."}
        making.add(f"{ground}, so a judge goes by a rubric", rubric)
        making.add(f"{ground}, so a judge looks whether the answer speaks to the question", "answer-relevance")
    else:
        making.add(f"{ground}, so at least empty talk is looked for", "repetition")
        making.lacks(
            "Give some examples an `expected`, or name a model in [judges.NAME]: then right and wrong are told."
        )


_STEPS: tuple[Callable[[_At, _Making], None], ...] = (
    _own, _answers, _references, _previous, _feedback, _shape, _grounds, _nothing,
)  # fmt: skip


# -- what kind of answers they are


def _first(value: Any) -> Any:
    """Of several right answers the first; a list of other things is one answer."""
    texts = isinstance(value, list) and value and all(isinstance(each, str) for each in value)
    return value[0] if texts else value


def _mostly(values: Sequence[Any], fits: Callable[[Any], bool]) -> bool:
    return sum(map(fits, values)) >= _MOSTLY * len(values)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return True
    try:
        return isinstance(value, str) and Decimal(value.strip().replace(",", "").lstrip("$€£")).is_finite()
    except InvalidOperation:
        return False


def _labels(values: Sequence[Any]) -> bool:
    """Few different answers, each of them for several questions; or letters of a choice."""
    texts = [str(each).strip().casefold() for each in values]
    if all(_CHOICE.fullmatch(each) for each in texts):
        return True
    different = len(set(texts))
    return different <= _LABELS and len(texts) >= 3 * different and all(len(each.split()) <= 4 for each in texts)


def _of(part: int, whole: int) -> str:
    return f"All {whole} examples" if part == whole and whole > 1 else f"{part} of {whole} examples"
