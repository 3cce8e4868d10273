"""A ranking held against judgements: who stands where, and how relevant each one is."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

Grades = Mapping[str, int]
"""What is judged of one query: documents with their grades. 1 and more is relevant, 0 is not, less is not judged."""


class Ranking(Struct, frozen=True):
    """The grades of what was retrieved, best first, None where a document is not judged; and all positive grades that
    the judgements know, largest first."""

    grades: tuple[int | None, ...]
    ideal: tuple[int, ...]
    nonrelevant: int  # documents that are judged and not relevant, retrieved or not

    @property
    def relevant(self) -> int:
        """How many documents are relevant."""
        return len(self.ideal)

    @property
    def hits(self) -> list[bool]:
        """Is it relevant? From the first place on."""
        return [each is not None and each > 0 for each in self.grades]

    def found(self, k: int | None = None) -> int:
        """Relevant documents among the first `k`, or among all."""
        return sum(self.hits[:k])


def ranking(retrieved: Sequence[str], grades: Grades) -> Ranking:
    """The ranking of documents, best first, with what is judged of them."""
    known = [grades.get(each) for each in retrieved]
    return Ranking(
        grades=tuple(None if each is None or each < 0 else each for each in known),
        ideal=tuple(sorted((each for each in grades.values() if each > 0), reverse=True)),
        nonrelevant=sum(each == 0 for each in grades.values()),
    )


def by_score(scores: Mapping[str, float]) -> list[str]:
    """Documents by their scores as trec_eval orders them: scores as 32-bit numbers, ties by the document's number, both
    descending."""
    import numpy as np

    return sorted(scores, key=lambda each: (np.float32(scores[each]), each.encode()), reverse=True)
