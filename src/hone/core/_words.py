"""Words: text as the terms that search and extraction compare, identifiers taken apart, endings trimmed.

`os.path.join` gives itself and `os`, `path`, `join`; `maxSplit` and `max_split` give themselves and `max`, `split`;
`SHA-256` gives `sha256`.
"""

import re
from functools import lru_cache

_STOP_WORDS = """
a an the and or but if so as of to in on at by for from with without into about than then that this these those
is are was were be been being am do does did doing have has had having can could should would will shall may
might must i me my we our you your he she it its they them their there here what which who whom whose when
where why how not no just also very too
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_LONGEST = 64  # characters; what is longer is an encoded blob, and would only fill the cache
_WORD = re.compile(r"[A-Za-z]+-\d+|\w+(?:\.\w+)*")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words(text: str) -> list[str]:
    """The terms of `text` in their order: lower case, stemmed, without English stop words."""
    return [term for word in _WORD.findall(text) if len(word) <= _LONGEST for term in _terms(word)]


@lru_cache(maxsize=65_536)
def _terms(word: str) -> tuple[str, ...]:
    if "-" in word:  # SHA-256 is sha256, UTF-8 is utf8
        return (word.replace("-", "").lower(),)
    parts = word.split(".")
    whole = (word.lower(),) if len(parts) > 1 and not word.replace(".", "").isdigit() else ()
    return whole + tuple(term for part in parts for term in _part(part))


def _part(part: str) -> list[str]:
    low = part.lower().strip("_")
    # Where capitals mean something else than a new word, in `Größe`, only the underscores part words.
    humps = [hump.lower() for hump in _HUMP.findall(part)] if part.isascii() else low.split("_")
    # `base64` and `utf8` are one word each; `loadAll`, `load_all` are also their halves.
    found = [low, *humps] if len(humps) > 1 and not any(h.isdigit() for h in humps) else [low]
    return [stem(term) for term in found if term and term not in STOP_WORDS]


def stem(word: str) -> str:
    """`word` without a common English ending: a small cut of Porter's first steps (1980), nothing learned.

    `parses`, `parsed`, `parsing` and `parse` all become `pars`; words of three letters stay as they are.
    """
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    return _without_ending(_singular(word))


def _singular(word: str) -> str:
    if word.endswith(("ies", "sses")):
        return word[:-3] + "y" if word.endswith("ies") else word[:-2]
    if word.endswith(("xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _without_ending(word: str) -> str:
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) > 2 and any(letter in "aeiouy" for letter in root):
            doubled = root[-1] == root[-2] and root[-1] not in "lsz"
            return root[:-1] if doubled else root.removesuffix("e")
    return word.removesuffix("e") if len(word) > 3 else word
