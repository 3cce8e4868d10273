"""Sentences and their terms, as far as rules can tell them."""

import re

from hone.core import words

# A full stop ends a sentence before white space, save behind a lone capital (J. Smith) or a known abbreviation.
_END = re.compile(
    r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\b(?:Dr|Mr|Ms|St)\.)(?<!\b(?:Mrs|Gen|Sen|Rep|Gov|Col|e\.g|i\.e)\.)\s+|\n+"
)
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d][\w’']*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def sentences(text: str) -> list[str]:
    """What stands between full stops or on lines, without what holds no word."""
    return [each.strip() for each in _END.split(text) if _TOKEN.search(each)]


def terms(text: str) -> list[str]:
    """Words in lower case, stemmed, without English stop words; numbers as they are, but without thousands commas."""
    found: list[str] = []
    for token in _TOKEN.findall(text):
        if token[0].isdecimal():
            found.append(_THOUSANDS.sub("", token))
        else:
            found.extend(words(token.replace("’", "'").partition("'")[0]))
    return found
