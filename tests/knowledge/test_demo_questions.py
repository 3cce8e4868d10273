"""The demonstration's questions: right about the interpreter that runs them, and answered about as often as we say."""

import re
from collections.abc import Sequence
from importlib import import_module
from importlib.resources import files
from operator import attrgetter
from pathlib import Path
from typing import Literal

import pytest
from msgspec import Struct

from hone.core import Passage
from hone.datasets import DatasetFile, Example
from hone.knowledge import documents
from hone.knowledge._chunk import chunks_of
from hone.knowledge._knowledge import CHUNK
from hone.knowledge._search import Snapshot
from hone.providers._extract import DONT_KNOW, Message, extract


class Question(Struct):
    id: str
    question: str
    names: list[str]  # what an answer may name; empty where there is no answer
    source: list[str] | None
    split: Literal["dev", "held-out"]


def _question(example: Example) -> Question:
    assert isinstance(example.input, dict)
    answerable = example.expected != ["I don't know"]
    assert answerable == ("unanswerable" not in example.tags)
    assert example.split is not None
    return Question(
        example.id, example.input["question"], example.expected if answerable else [], example.context, example.split
    )


_folder = Path(str(files("hone.cli.demo").joinpath("project", "datasets")))
QUESTIONS = [_question(example) for example in DatasetFile(_folder, "questions").read()]
ANSWERABLE = [question for question in QUESTIONS if question.names]
DEV, HELD_OUT = ([question for question in QUESTIONS if question.split == split] for split in ("dev", "held-out"))

# What nearly every question has: it makes no two of them alike.
_WORDS = "a an and can do does for from get how i in into is it my of on one or that the this to what which with"
_COMMON = frozenset(_WORDS.split())


@pytest.fixture(scope="module")
def chunks() -> list[tuple[str, str]]:
    """The standard library's own documentation, from the docstrings of this interpreter."""
    found = documents(["python:stdlib"], Path())
    return [(one.source, f"{one.title}\n{piece}") for one in found for piece in chunks_of(one.text, CHUNK)]


def test_there_are_enough_of_both_kinds_in_both_splits() -> None:
    assert len(DEV) >= 100
    assert len(HELD_OUT) >= 300
    for split in (DEV, HELD_OUT):
        assert 0.03 < sum(not question.names for question in split) / len(split) < 0.08


def test_each_is_asked_once() -> None:
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)
    assert len({question.question.casefold() for question in QUESTIONS}) == len(QUESTIONS)


def telling(question: Question) -> set[str]:
    return set(re.findall(r"\w+", question.question.casefold())) - _COMMON


def test_no_held_out_question_is_nearly_one_of_those_that_may_be_tuned_on() -> None:
    alike = [
        (one.id, other.id)
        for one in HELD_OUT
        for other in DEV
        if len(telling(one) & telling(other)) > 0.5 * len(telling(one) | telling(other))
    ]
    assert alike == []


def exists(name: str) -> bool:
    parts = f"builtins.{name}".split(".")
    for cut in range(len(parts) - 1, 0, -1):
        home = ".".join(parts[:cut]) if cut == 1 else ".".join(parts[1:cut])
        try:
            attrgetter(".".join(parts[cut:]))(import_module(home))
        except (ImportError, AttributeError):
            continue
        return True
    return False


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question.id)
def test_every_answer_exists_here(question: Question) -> None:
    assert [name for name in question.names if not exists(name)] == []
    assert question.source == [f"python:{name}" for name in question.names]


def test_a_name_that_does_not_exist_is_told() -> None:
    assert exists("str.split")
    assert exists("os.path.join")
    assert not exists("str.splat")
    assert not exists("no_such_module.f")


def test_every_source_is_among_the_documents(chunks: list[tuple[str, str]]) -> None:
    assert len(chunks) > 4000
    known = {source for source, _ in chunks}
    assert {source for question in ANSWERABLE for source in question.source or ()} - known == set()


class Measured(Struct):
    """How often the search finds a right source, and how often what is said is right."""

    recall_at_1: float
    recall_at_5: float
    right: float
    declined: float


def measure(index: Snapshot, questions: list[Question]) -> Measured:
    """End to end, as the demonstration does it: search, then extract."""
    found = {question.id: index.search(question.question, 5, None) for question in questions}
    said = {question.id: answer(question, found[question.id]) for question in questions}
    answerable = [question for question in questions if question.names]

    def recall(k: int) -> float:
        hits = [set(question.source or ()) & {p.source for p in found[question.id][:k]} for question in answerable]
        return sum(map(bool, hits)) / len(hits)

    def right(question: Question) -> bool:
        return any(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|\.\w)", said[question.id]) for name in question.names)

    declined = [said[question.id] == DONT_KNOW for question in questions if not question.names]
    return Measured(recall(1), recall(5), sum(map(right, answerable)) / len(answerable), sum(declined) / len(declined))


def answer(question: Question, passages: Sequence[Passage]) -> str:
    context = "".join(f'<context source="{p.source}">{p.text}</context>' for p in passages)
    return extract([Message("system", context), Message("user", question.question)])


@pytest.mark.parametrize(
    ("split", "least"),
    [
        # Measured on Python 3.11 to 3.13: .40, .60 to .61, .40 to .41, 11 to 12 of 17.
        # The questions that the search was tuned on are among them.
        (DEV, Measured(recall_at_1=0.34, recall_at_5=0.55, right=0.35, declined=0.5)),
        # Measured on Python 3.11 to 3.13: .26, .46 to .47, .25 to .26, 10 of 18. Nothing was ever tuned on these.
        (HELD_OUT, Measured(recall_at_1=0.21, recall_at_5=0.40, right=0.20, declined=0.4)),
    ],
    ids=["dev", "held-out"],
)
def test_search_and_extraction_do_not_get_worse(
    chunks: list[tuple[str, str]], split: list[Question], least: Measured
) -> None:
    measured = measure(Snapshot("build", chunks), split)
    assert measured.recall_at_1 > least.recall_at_1
    assert measured.recall_at_5 > least.recall_at_5
    assert measured.right > least.right
    assert measured.declined >= least.declined
