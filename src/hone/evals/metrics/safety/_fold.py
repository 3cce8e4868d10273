"""Words as they are meant: letters of other alphabets, signs in place of letters, gaps and stretches undone."""

import re
import unicodedata
from collections.abc import Iterator

_ZERO_WIDTH = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_TOKEN = re.compile(r"\S+")
_EDGES = ".,;:?\"'()[]{}<>“”‘’…-_~`/\\|"
_GAPS = re.compile(r"[.\-_,+~|/\\]+")
_LONG = re.compile(r"(.)\1{2,}")
# Letters that look like ours: Cyrillic and Greek.
_ALIKE = str.maketrans("аеорсухіјѕԁһгткмвнκοαεικρτυν", "aeopcyxijsdhrtkmbhkoaeikptuv")
_LEET = str.maketrans("013457@$!€", "oieastasie")
_LEET_L = str.maketrans("013457@$!€", "oleastasle")  # 1 and ! are an i or an l
_HOLES = "*#%"


def folded(text: str) -> str:
    """Lower case, without accents, invisible characters and look-alikes from other alphabets."""
    plain = unicodedata.normalize("NFKD", _ZERO_WIDTH.sub("", text)).casefold()
    return "".join(each for each in plain if not unicodedata.combining(each)).translate(_ALIKE)


def spellings(text: str) -> Iterator[tuple[str, ...]]:
    """Each word of a folded text with what it may stand for, its own spelling first; letters set apart are one word."""
    apart: list[str] = []
    for match in _TOKEN.finditer(text):
        word = match[0].strip(_EDGES)
        if len(word) == 1:
            apart.append(word)
            continue
        if len(apart) > 2:
            yield _meant("".join(apart))
        apart = []
        if word:
            yield _meant(word)
            if len(parts := [each for each in _GAPS.split(word) if len(each) > 1]) > 1:
                yield from (_meant(each) for each in parts)
    if len(apart) > 2:
        yield _meant("".join(apart))


def has_holes(word: str) -> bool:
    """Are letters left out, as in `d*mn`?"""
    return any(each in word for each in _HOLES) and word[0] not in _HOLES


def fills(hole: str, word: str) -> bool:
    """May `word` be what `hole` leaves letters out of? At least the first letter and one more have to be there."""
    if len(hole) != len(word) or sum(each not in _HOLES for each in hole) < 2:
        return False
    return all(one in _HOLES or one == other for one, other in zip(hole, word, strict=True))


def _meant(word: str) -> tuple[str, ...]:
    if word.isalpha() and not _LONG.search(word):
        return (word,)
    found = [word, word.strip("!")]
    joined = _GAPS.sub("", word)
    if all(len(each) == 1 for each in _GAPS.split(word) if each):  # d.a.m.n, but not well-known
        found.append(joined)
    if any(each.isalpha() for each in word):
        found += [each.translate(table) for each in tuple(found) for table in (_LEET, _LEET_L)]
    found += [_LONG.sub(mark, each) for each in tuple(found) if _LONG.search(each) for mark in (r"\1\1", r"\1")]
    return tuple(dict.fromkeys(found))
