"""What chunks mean: their vectors, made once and kept in the store, searched by exact scan."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hone.knowledge._seam import Embedding, VectorStore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hone.providers import Embedder

# Characters of a chunk that are embedded: its title, if that is long a part of it, then what it opens with.
# Measured on the demonstration's 129 answerable questions over the standard library: recall@1 .57 and recall@5 .82,
# for 60 CPU seconds; whole chunks .49 and .80 for 111: a text says early what it is about, and details blur its vector.
TITLE = 80
OPENING = 200

_AT_ONCE = 512  # texts between two commits: a few seconds of work, the most that an interruption loses


class Meaning:
    """The vectors of one build, searchable. It never changes, so any number of threads may search it."""

    def __init__(self, vectors: "NDArray[np.float32]", embedder: "Embedder") -> None:
        self._vectors = vectors
        self._embedder = embedder

    def scores(self, query: str) -> "NDArray[np.float32]":
        """The cosine of the query with every chunk, what points elsewhere as 0."""
        cosines: NDArray[np.float32] = self._vectors @ self._embedder.embed([query])[0]
        return cosines.clip(0, 1)


def meaning_of(
    chunks: Sequence[tuple[str, str]],
    embedder: "Embedder",
    store: VectorStore,
    progress: Callable[[Embedding], None] | None = None,
) -> Meaning:
    """The vectors of (source, text) chunks: those that are kept, and new ones for the rest, kept as they are made.

    An interruption, such as an error that `progress` raises, loses no vector that it has told of.
    """
    texts = [gist(text) for _, text in chunks]
    keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in texts]
    unique = dict(zip(keys, texts, strict=True))
    known = dict(store.vectors(embedder.sha256, list(unique)))
    # Texts of one length go together, which saves padding.
    missing = sorted(unique.keys() - known.keys(), key=lambda key: (len(unique[key]), key))
    for keys_now in _portions(missing):
        vectors = embedder.embed([unique[key] for key in keys_now]).astype("<f4")
        made = {key: vector.tobytes() for key, vector in zip(keys_now, vectors, strict=True)}
        store.add_vectors(embedder.sha256, made)
        known.update(made)
        if progress:
            progress(Embedding(len(known), len(unique)))
    rows = np.frombuffer(b"".join(known[key] for key in keys), "<f4").reshape(len(keys), -1)
    return Meaning(rows, embedder)


def gist(text: str) -> str:
    """What of a chunk is embedded: its title and its opening, white space evened out."""
    title, _, body = text.partition("\n")
    return f"{title[:TITLE]}\n{' '.join(body.split())}"[:OPENING]


def _portions(keys: list[str]) -> Iterator[list[str]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
