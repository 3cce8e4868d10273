"""Vectors of texts that come again: the same passages are found for many questions."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hone.providers._seam import Embedder

_MOST = 8192  # texts: 12 MiB of MiniLM's vectors


class Remembering:
    """An embedder that keeps the vectors it made last. Any number of threads may use it."""

    def __init__(self, embedder: "Embedder", most: int = _MOST) -> None:
        self._embedder = embedder
        self._most = most
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    @property
    def sha256(self) -> str:
        return self._embedder.sha256

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """See `Embedder.embed`; only texts that are new are read, together."""
        if not texts:
            return self._embedder.embed(texts)
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
        if missing := [text for text in dict.fromkeys(texts) if text not in found]:
            # Copies: a row would keep its whole batch in memory.
            found |= zip(missing, map(np.copy, self._embedder.embed(missing)), strict=True)
        with self._lock:
            for text in found:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return np.stack([found[text] for text in texts])
