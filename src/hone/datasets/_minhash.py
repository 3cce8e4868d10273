"""Near duplicates by MinHash and banding: pairs of texts that share most of their runs of words.

Broder 1997 (the share of equal minima estimates the Jaccard similarity), Indyk and Motwani 1998 (banding). With
`ROWS` = 128 minima the estimate has a standard deviation of sqrt(J (1 - J) / 128), at most 0.044. It only proposes
pairs: each is then counted exactly, so no pair is reported that is not there. What can be missed are pairs that agree
in no band: at a similarity of s that is (1 - s^r)^b of them, and r is chosen so that this is at most 1 in 1,000 at the
threshold. Texts whose runs are shared by very many others are compared with some of these only; see `_MANY`.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hone.datasets._shingles import Shingles, mixed, shingles_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = 128
SHINGLE = 3
"""Words of a run."""

_MISSED = 0.001
_AT_ONCE = 20_000  # texts whose minima are made together
_MANY = 64  # texts that agree in a band: more of them are compared each with the next `_SOME`, not all with all
_SOME = 8
_SETS = 50_000  # texts whose runs are held as sets
_SLACK = 4  # standard deviations by which an estimate may be too low


def near_pairs(
    texts: Sequence[str], threshold: float = 0.8, *, first_test: int | None = None
) -> list[tuple[int, int, float]]:
    """Pairs of texts with a Jaccard similarity of at least `threshold`: (number, larger number, similarity).

    With `first_test` only pairs are looked for whose one text stands before it and whose other one does not.
    """
    import numpy as np

    shingles = shingles_of(texts, SHINGLE)
    filled = np.flatnonzero(np.diff(shingles.starts) > 0)
    if len(filled) < 2:
        return []
    minima = signatures(shingles, filled)
    sides = None if first_test is None else filled >= first_test
    pairs = _candidates(minima, threshold, sides)
    estimates = np.concatenate(
        [np.zeros(0), *[_agreement(minima, part) for part in np.array_split(pairs, len(pairs) // 100_000 + 1)]]
    )
    least = threshold - _SLACK * math.sqrt(threshold * (1 - threshold) / ROWS)
    return [pair for pair in _counted(shingles, filled[pairs[estimates >= least]].tolist()) if pair[2] >= threshold]


def jaccard(one: set[int], other: set[int]) -> float:
    """|A and B| / |A or B|."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def _counted(shingles: Shingles, pairs: list[list[int]]) -> Iterator[tuple[int, int, float]]:
    sets: dict[int, set[int]] = {}
    for one, other in pairs:
        if len(sets) > _SETS:
            sets.clear()
        for number in (one, other):
            if number not in sets:
                sets[number] = set(shingles.of(number).tolist())
        yield one, other, jaccard(sets[one], sets[other])


def signatures(shingles: Shingles, texts: "NDArray[Any]") -> "NDArray[Any]":
    """The minima of `ROWS` hash functions over the runs of each text: uint32, shape (texts, ROWS)."""
    import numpy as np

    random = np.random.default_rng(20_011)
    factors = random.integers(0, 2**63, ROWS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    added = random.integers(0, 2**63, ROWS, dtype=np.uint64)
    made = np.empty((len(texts), ROWS), np.uint32)
    for start in range(0, len(texts), _AT_ONCE):
        # Texts without runs lie between them and have no length, so their neighbours' bounds hold.
        some = texts[start : start + _AT_ONCE]
        begin, end = shingles.starts[some[0]], shingles.starts[some[-1] + 1]
        hashes, bounds = shingles.hashes[begin:end], shingles.starts[some] - begin
        for row in range(ROWS):
            values = ((hashes * factors[row] + added[row]) >> np.uint64(32)).astype(np.uint32)
            made[start : start + _AT_ONCE, row] = np.minimum.reduceat(values, bounds)
    return made


def rows_of_band(threshold: float) -> int:
    """The most rows of a band with which at most one pair in 1,000 is missed at the threshold."""
    fit = [rows for rows in range(1, 33) if (1 - threshold**rows) ** (ROWS // rows) <= _MISSED]
    return max(fit, default=1)


def _candidates(minima: "NDArray[Any]", threshold: float, sides: "NDArray[Any] | None") -> "NDArray[Any]":
    """Pairs that agree in all rows of a band: shape (pairs, 2), each once, the smaller number first."""
    import numpy as np

    rows = rows_of_band(threshold)
    found = [np.zeros(0, np.int64)]
    for band in range(ROWS // rows):
        keys = np.zeros(len(minima), np.uint64)
        for row in range(band * rows, (band + 1) * rows):
            keys = mixed(keys * np.uint64(0x9E3779B97F4A7C15) + minima[:, row])
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        edges = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]]))
        for run in np.flatnonzero(np.diff(edges) > 1):
            members = order[edges[run] : edges[run + 1]]
            found.extend(pair[:, 0] * len(minima) + pair[:, 1] for pair in _paired(members, sides))
    packed = np.unique(np.concatenate(found))
    return np.stack([packed // len(minima), packed % len(minima)], axis=1)


def _paired(members: "NDArray[Any]", sides: "NDArray[Any] | None") -> Iterator["NDArray[Any]"]:
    """Pairs within one bucket, whose members are in ascending order."""
    import numpy as np

    if sides is not None:
        train, test = members[~sides[members]], members[sides[members]]
        if len(train) and len(test):
            train = train[:_MANY]
            yield np.stack([np.tile(train, len(test)), np.repeat(test, len(train))], axis=1)
    elif len(members) <= _MANY:
        one, other = np.triu_indices(len(members), 1)
        yield np.stack([members[one], members[other]], axis=1)
    else:
        for step in range(1, _SOME + 1):
            yield np.stack([members[:-step], members[step:]], axis=1)


def _agreement(minima: "NDArray[Any]", pairs: "NDArray[Any]") -> "NDArray[Any]":
    same: NDArray[Any] = (minima[pairs[:, 0]] == minima[pairs[:, 1]]).mean(axis=1)
    return same
