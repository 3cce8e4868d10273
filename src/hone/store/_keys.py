"""Which rows a segment holds, by 64-bit hash of their key: the sidecar file behind exact deduplication.

A span's hash is 32 bits of (project, trace) above 32 bits of the span id, so that the same sorted array answers "is
this span here" and "which rows belong to this trace". A hit is only a hint: whoever asks reads the row to be sure.
"""

import os
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Rows = NDArray[np.uint32]


def _hash32(text: str) -> int:
    # A key with a lone surrogate never gets here from the journal, but a question may carry one.
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=4).digest(), "little")


def group_hash(*parts: str) -> int:
    """The upper half: everything of the key except its last part."""
    return _hash32("\0".join(parts))


def hashes(keys: Sequence[tuple[str, ...]]) -> Hashes:
    """The hash of every key, the same in every process and on every machine."""
    groups: dict[tuple[str, ...], int] = {}
    result = np.empty(len(keys), np.uint64)
    for index, key in enumerate(keys):
        head = key[:-1]
        group = groups.get(head)
        if group is None:
            group = groups[head] = group_hash(*head) << 32
        result[index] = group | _hash32(key[-1])
    return result


def write_keys(file: BinaryIO, parts: Iterable[Hashes]) -> None:
    """Write the sidecar of a segment from the hashes of its rows, in row order."""
    unsorted = np.concatenate(list(parts))
    order = np.argsort(unsorted, kind="stable")
    file.write(np.uint64(len(unsorted)).tobytes())
    file.write(unsorted[order].tobytes())
    file.write(order.astype(np.uint32).tobytes())


class KeyFile:
    """A sidecar, mapped into memory: the sorted hashes, and the row that each belongs to."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            count = (os.fstat(file.fileno()).st_size - 8) // 12
            self.sorted: Hashes = np.memmap(file, np.uint64, "r", offset=8, shape=(count,))
            self.rows: Rows = np.memmap(file, np.uint32, "r", offset=8 + 8 * count, shape=(count,))

    def find(self, wanted: Hashes) -> list[tuple[int, int]]:
        """Pairs (index into `wanted`, row) for every row whose hash is wanted. `wanted` is best given sorted."""
        first = np.searchsorted(self.sorted, wanted, "left")
        inside = first < len(self.sorted)
        hits = np.flatnonzero(inside & (self.sorted[np.where(inside, first, 0)] == wanted))
        return [
            (int(index), int(row))
            for index in hits
            for row in self.rows[first[index] : np.searchsorted(self.sorted, wanted[index], "right")]
        ]

    def group(self, upper: int) -> Rows:
        """The rows whose upper half is `upper`, in row order: those of one trace, give or take a collision."""
        low = np.searchsorted(self.sorted, np.uint64(upper << 32), "left")
        high = np.searchsorted(self.sorted, np.uint64((upper << 32) | 0xFFFFFFFF), "right")
        return np.sort(self.rows[low:high])

    def in_row_order(self) -> Hashes:
        """The hashes as the rows stand, for whoever writes the rows anew."""
        result = np.empty(len(self.sorted), np.uint64)
        result[self.rows] = self.sorted
        return result
