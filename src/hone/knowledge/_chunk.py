"""Chunks: a text cut where a reader would cut it, at paragraphs, then lines, sentences and words, within a size."""

import re
from collections.abc import Iterator
from itertools import pairwise

# From the boundary a reader notices most to the one of last resort.
_CUTS = (
    re.compile(r"(?<=\n)\n+"),
    re.compile(r"(?<=\n)"),
    re.compile(r"(?<=[.!?])\s+(?=[^\s.!?a-z])"),
    re.compile(r"(?<=\s)(?=\S)"),
)


def chunks_of(text: str, size: int, overlap: int = 0) -> list[str]:
    """`text` as pieces of at most `size` characters; each repeats up to `overlap` characters of the one before.

    Neighbouring paragraphs share a chunk while they fit. The repeated end begins at a word, and counts into `size`.
    """
    room = size - overlap
    pieces = [piece for piece in (joined.strip() for joined in _packed(text.strip(), room, _CUTS)) if piece]
    if not overlap:
        return pieces
    repeated = (f"{_end(last, overlap - 1)}\n{piece}".strip() for last, piece in pairwise(pieces))
    return [*pieces[:1], *repeated]


def _packed(text: str, size: int, cuts: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    """The parts of `text` between the first kind of cut, put together again while they fit into `size`."""
    held = ""
    for part in _parts(text, size, cuts):
        if held and len(held) + len(part) > size:
            yield held
            held = ""
        held += part
    if held:
        yield held


def _parts(text: str, size: int, cuts: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    if len(text) <= size:
        yield text
    elif not cuts:
        yield from (text[start : start + size] for start in range(0, len(text), size))
    else:
        for part in _cut(text, cuts[0]):
            yield from _packed(part, size, cuts[1:]) if len(part) > size else [part]


def _cut(text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """`text` between the matches of `pattern`, each part keeping the white space that follows it."""
    start = 0
    for match in pattern.finditer(text):
        if 0 < match.end() < len(text) and match.end() > start:
            yield text[start : match.end()]
            start = match.end()
    yield text[start:]


def _end(text: str, length: int) -> str:
    """The last words of `text`, `length` characters at most."""
    if len(text) <= length:
        return text
    tail = text[-length:] if length > 0 else ""
    _, _, whole = tail.partition(" ")
    return whole
