"""Guesses, by name, which part of an example a column is. They are shown before anything is written."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hone.datasets._lines import FIELDS

JSON = ":json"
"""At the end of a column's name: its values are JSON, even where a file has only text."""

_QUESTIONS = (
    "question", "query", "prompt", "instruction", "text", "utterance", "sentence", "problem", "request", "frage",
)  # fmt: skip
_ALSO = {
    "expected": (
        "answer", "answers", "expected_output", "expected_answer", "output", "outputs", "ideal", "target", "label",
        "completion", "response", "gold", "ground_truth", "correct_answer", "best_answer", "solution", "chosen",
        "antwort", "intent", "class", "category",
    ),
    "reference": ("reference_answer", "reference_output"),
    "previous": ("rejected",),
    "context": ("contexts", "passage", "documents", "source_text"),
    "tags": ("tag", "category", "topic"),
    "id": ("_id", "uid", "uuid", "question_id"),
    "group": ("group_id", "conversation_id", "session_id", "document_id"),
}  # fmt: skip


class Column(Struct, frozen=True, kw_only=True):
    """A part of an example (`expected`, `input.question`, `metadata.source`) and the column that it comes from."""

    target: str
    column: str
    guessed: bool


def guesses(said: Sequence[Column], columns: Iterable[str]) -> list[Column]:
    """Parts for the columns that nobody spoke of; what looks like nothing else goes into the metadata.

    A column that is named as a part itself is no guess.
    """
    taken = {each.column.partition(".")[0] for each in said} | {each.column for each in said}
    left = [name for name in columns if name not in taken]
    fields = {each.target.partition(".")[0] for each in said}
    found: list[Column] = []
    for kind in (_same_name, _synonyms, _questions):
        for target, column in list(kind(left, fields)):
            if column not in left or any(each.target == target for each in found):
                continue  # it is something else already, or another column is: `ID` beside `id`
            left.remove(column)
            found.append(Column(target=target, column=column, guessed=kind is not _same_name))
        fields |= {each.target.partition(".")[0] for each in found}
    rest = [Column(target=f"metadata.{bare(name)}", column=name, guessed=True) for name in left]
    return [*_beside(found), *rest]


def bare(column: str) -> str:
    """A column's name without what says how it is written."""
    return column.removesuffix(JSON)


def _same_name(left: list[str], fields: set[str]) -> Iterator[tuple[str, str]]:
    """Columns that are named as the part itself: `tags`, `Expected`, `input.question`, `metadata.source`."""
    for column in left:
        name = bare(column)
        field, dot, inner = name.partition(".")
        if dot and inner and field in ("input", "metadata") and field not in fields:
            yield name, column
        elif name.lower() in FIELDS and name.lower() not in fields:
            yield name.lower(), column


def _synonyms(left: list[str], fields: set[str]) -> Iterator[tuple[str, str]]:
    """Columns with another usual name of a part, the most usual one first."""
    known = {bare(column).lower(): column for column in reversed(left)}
    for target, names in _ALSO.items():
        match = next((known[name] for name in names if name in known), None)
        if target not in fields and match is not None:
            yield target, match


def _questions(left: list[str], fields: set[str]) -> Iterator[tuple[str, str]]:
    """Columns that are asked: each is an input under its own name. Where the input was named, none is."""
    if "input" in fields and not any(bare(column).lower() == "instruction" for column in left):
        return
    for column in left:
        if bare(column).lower() in _QUESTIONS:
            yield f"input.{bare(column)}", column


def _beside(found: list[Column]) -> list[Column]:
    """An `input` beside an `instruction` is one of two inputs, as in Alpaca's files."""
    named = any(each.target.startswith("input.") for each in found)
    whole = {each.target: "input.input" for each in found if each.target == "input"} if named else {}
    return [replace(each, target=whole.get(each.target, each.target)) for each in found]
