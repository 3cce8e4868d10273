"""Texts as hashed runs of words, all at once: what near duplicates and contamination are counted on."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Scripts that part no words by spaces are compared by character; signs that change the sense of a sum are words too.
_UNPARTED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNPARTED}]|[^\W{_UNPARTED}]+|[-+*/=<>%^$€£]")
_PLAIN_WORD = re.compile(rf"[{_UNPARTED}]|[^\W{_UNPARTED}]+")


class Shingles(Struct, frozen=True):
    """The runs of `size` words of some texts, hashed to 64 bits.

    `hashes` has shape (all runs,), text after text; text number i has those from `starts[i]` up to `starts[i + 1]`.
    """

    hashes: "NDArray[Any]"  # uint64
    starts: "NDArray[Any]"  # int64, shape (texts + 1,)

    def of(self, text: int) -> "NDArray[Any]":
        """The runs of one text."""
        return self.hashes[self.starts[text] : self.starts[text + 1]]

    @property
    def owners(self) -> "NDArray[Any]":
        """The number of the text of each run."""
        import numpy as np

        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def evened(text: str) -> str:
    """What counts as the same text: case, composed characters and white space apart."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def shingles_of(texts: Sequence[str], size: int, *, whole: bool = True, signs: bool = True) -> Shingles:
    """The runs of `size` words. A shorter text is one run as a whole, or none at all when `whole` is off.

    `signs` counts the signs of arithmetic and of money as words; other punctuation never counts.
    """
    import numpy as np

    find = (_WORD if signs else _PLAIN_WORD).findall
    known: dict[str, int] = {"": 0}
    numbers: list[int] = []
    lengths = np.zeros(len(texts), np.int64)
    for position, text in enumerate(texts):
        words = find(unicodedata.normalize("NFKC", text).casefold())
        if words and len(words) < size:
            words = [*words, *[""] * (size - len(words))] if whole else []
        numbers.extend([known.setdefault(word, len(known)) for word in words])
        lengths[position] = len(words)
    table = np.frombuffer(b"".join(map(_hash, known)), "<u8").copy()
    words_ = table[np.asarray(numbers, np.int64)] if numbers else np.zeros(0, np.uint64)
    counts = np.where(lengths > 0, lengths - size + 1, 0)
    starts = np.concatenate([[0], np.cumsum(counts)])
    begins = np.concatenate([[0], np.cumsum(lengths)])[:-1]
    firsts = np.arange(starts[-1]) + np.repeat(begins - starts[:-1], counts)
    hashes = np.zeros(len(firsts), np.uint64)
    for offset in range(size):
        hashes = mixed(hashes * np.uint64(0x9E3779B97F4A7C15) + words_[firsts + offset])
    return Shingles(hashes, starts)


def mixed(values: "NDArray[Any]") -> "NDArray[Any]":
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes half of the output's."""
    import numpy as np

    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    last: NDArray[Any] = values ^ (values >> np.uint64(31))
    return last


def _hash(word: str) -> bytes:
    return hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
