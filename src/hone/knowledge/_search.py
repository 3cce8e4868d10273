"""Search of one build: by words, by meaning, or by both."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hone.core import Passage
from hone.knowledge._index import Index
from hone.knowledge._meaning import Meaning
from hone.knowledge._seam import Mode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]

FUSED = 100
"""Chunks of each ranking that are fused at least; one beyond them would add less than 0.4 of what the first does."""

_RRF = 60


class Snapshot:
    """One build with its index, and its vectors once they are needed. Any number of threads may search it."""

    def __init__(self, build: str, chunks: Sequence[tuple[str, str]]) -> None:
        self.build = build
        self.chunks = chunks
        self.meaning: Meaning | None = None
        self._index = Index(chunks)

    def search(self, query: str, k: int, threshold: float | None, mode: Mode = "lexical") -> list[Passage]:
        """The `k` best chunks, best first, without those that score below `threshold`; ties go to the earlier chunk.

        lexical: ranked and scored by BM25 as a share, see `Index.scores`; what shares no word is never found.
        semantic: ranked and scored by the cosine.
        hybrid: ranked by reciprocal rank fusion of both, scored by the mean of both scores. Ranks alone say what is
        better, not whether it is good: the mean does, on the scale of the others, so a threshold keeps its meaning.
        A passage may therefore score more than the one before it.
        """
        if k < 1 or not self.chunks:
            return []
        scores, order = self._ranked(query, max(k, FUSED), mode)
        return [
            Passage(text=self.chunks[i][1], source=self.chunks[i][0], score=float(scores[i]))
            for i in order[:k]
            if threshold is None or scores[i] >= threshold
        ]

    def _ranked(self, query: str, depth: int, mode: Mode) -> "tuple[Scores, Sequence[int]]":
        """The score of every chunk, and the order in which they are found."""
        if mode == "semantic":
            near = self._near(query)
            return near, best(near, depth)
        words = self._index.scores(query)
        if mode == "lexical":
            return words, best(words, depth)
        near = self._near(query)
        return (words + near) / np.float32(2), fused([best(words, depth), best(near, depth)])

    def _near(self, query: str) -> "Scores":
        assert self.meaning is not None
        return self.meaning.scores(query)


def best(scores: "Scores", k: int) -> list[int]:
    """Where the `k` highest positive scores are, highest first; the earlier one of two that are the same."""
    least = np.partition(scores, -k)[-k] if k < len(scores) else 0.0
    candidates = np.flatnonzero((scores >= least) & (scores > 0))
    return [int(i) for i in candidates[np.argsort(-scores[candidates], kind="stable")][:k]]


def fused(rankings: Sequence[Sequence[int]]) -> list[int]:
    """Reciprocal rank fusion (Cormack et al. 2009): by the sum over rankings of 1 / (60 + rank), first rank 1."""
    sums: dict[int, float] = {}
    for ranking in rankings:
        for rank, i in enumerate(ranking, 1):
            sums[i] = sums.get(i, 0.0) + 1 / (_RRF + rank)
    return sorted(sums, key=lambda i: (-sums[i], i))
