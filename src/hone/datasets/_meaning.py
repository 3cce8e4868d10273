"""Pairs of texts that mean nearly the same, by the cosine of their embeddings."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], Any]
"""Texts to an array of float32, shape (texts, dimensions), each row of length 1."""

SIMILARITY = 0.95
"""MiniLM's cosine from which two questions are taken for the same; as for the cache of similar questions."""

_ROWS = 1024
_MOST = 20  # pairs of one text


def alike_pairs(vectors: "NDArray[Any]", threshold: float = SIMILARITY) -> list[tuple[int, int, float]]:
    """Pairs with a cosine of at least `threshold`, found by comparing all with all: (number, larger number, cosine)."""
    return [(one, other, cosine) for one, other, cosine in alike_across(vectors, vectors, threshold) if one < other]


def alike_across(ones: "NDArray[Any]", others: "NDArray[Any]", threshold: float) -> list[tuple[int, int, float]]:
    """(row of `ones`, row of `others`, cosine) of at least `threshold`, the nearest `_MOST` of each row of `ones`."""
    import numpy as np

    found: list[tuple[int, int, float]] = []
    for start in range(0, len(ones), _ROWS):
        cosines = ones[start : start + _ROWS] @ others.T
        for row in np.flatnonzero(cosines.max(axis=1, initial=-1.0) >= threshold).tolist():
            near = np.flatnonzero(cosines[row] >= threshold)
            best = near[np.argsort(-cosines[row][near], kind="stable")][:_MOST]
            found += [(start + row, int(each), min(1.0, float(cosines[row][each]))) for each in best]
    return found
