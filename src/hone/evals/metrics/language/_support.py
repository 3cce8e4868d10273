"""How far a source supports a text, sentence by sentence, without asking a model.

A sentence is supported as its terms stand together in the source. Two shares, whose mean is its support:
- found: of its terms (words that are no stop words), those in the best pair of neighbouring sentences of the source;
- joined: of its pairs of neighbouring terms, those that stand in the source in this order within five terms.

Invented facts mostly come as new words (n-gram novelty, S. Narayan et al., 2018) or as known words in a new order,
which is what fragments copied from the source measure (coverage and density, M. Grusky et al., 2018, Newsroom); the
window lets a sentence leave words out, as a summary does, where a fragment would end.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from hone.evals.metrics.language._sentences import sentences, terms

Standing = Literal["supported", "contradicted", "unverifiable"]

APART = 5  # terms between the two of a pair, at most
LEAST = 0.7  # support of a sentence that counts as supported
_ALIKE = 0.6  # of the other terms, for a difference in one of them to be a contradiction
_NEARLY_ALL = 0.9  # of the terms, for a `not` to be one

_NAME = re.compile(r"(?<=[\w,;:] )[A-Z][\w’'-]*\w")  # a capital that no beginning of a sentence explains
_CAPITAL = re.compile(r"\b[A-Z][\w’'-]*\w")
_TITLES = frozenset({"Mr", "Mrs", "Ms", "Miss", "Dr", "Sir", "Prof"})
_NOT = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without)\b|n ?[’'] ?t\b", re.IGNORECASE)


class Sentence(Struct, frozen=True, kw_only=True):
    """One sentence of the text. `missing` are its terms that do not stand in the source's nearest place."""

    text: str
    support: float  # 0 to 1
    standing: Standing
    nearest: str  # where the source comes nearest to it
    missing: tuple[str, ...] = ()
    against: str | None = None  # what of it the source says otherwise


class Source:
    """A source, read once. Any number of texts may be held against it."""

    def __init__(self, text: str) -> None:
        self._sentences = sentences(text)
        self._terms = [terms(each) for each in self._sentences]
        self._windows = [frozenset(one + two) for one, two in pairwise([*self._terms, []])]
        self._places: dict[str, list[int]] = {}
        for place, term in enumerate(term for each in self._terms for term in each):
            self._places.setdefault(term, []).append(place)

    def hold(self, text: str) -> list[Sentence]:
        """Every sentence of `text` that says anything, with its support."""
        return [self._held(each, found) for each in sentences(text) if (found := terms(each))]

    def _held(self, text: str, wanted: Sequence[str]) -> Sentence:
        best, place = 0.0, 0
        for number, window in enumerate(self._windows):
            share = sum(term in window for term in wanted) / len(wanted)
            if share > best:
                best, place = share, number
        pairs = list(pairwise(wanted))
        joined = sum(self._joined(*pair) for pair in pairs) / len(pairs) if pairs else best
        support = (best + joined) / 2
        window = self._windows[place] if self._windows else frozenset()
        missing = tuple(dict.fromkeys(term for term in wanted if term not in window))
        against = self._against(text, wanted, place) if best > 0 else None
        standing: Standing = "supported" if support >= LEAST else "unverifiable"
        return Sentence(
            text=text,
            support=support,
            standing="contradicted" if against else standing,
            nearest=self._near(place) if best > 0 else "",
            missing=missing,
            against=against,
        )

    def _joined(self, one: str, two: str) -> bool:
        later = self._places.get(two, [])
        for place in self._places.get(one, ()):
            following = bisect_left(later, place)
            if following < len(later) and later[following] - place <= APART:
                return True
        return False

    def _near(self, place: int) -> str:
        return " ".join(self._sentences[place : place + 2])

    def _against(self, text: str, wanted: Sequence[str], place: int) -> str | None:
        """A number, a name or a `not` in which a sentence differs from the place that it else agrees with.

        A number or name differs where the source has another one beside the same neighbour.
        """
        near, window = self._near(place), self._windows[place]
        there = [term for each in self._terms[place : place + 2] for term in each]
        for kind, ours, theirs in (
            ("number", _numbers(wanted), _numbers(there)),
            ("name", _names(text, _NAME), _names(near, _CAPITAL)),
        ):
            rest = [term for term in wanted if term not in ours]
            if not rest or sum(term in window for term in rest) / len(rest) < _ALIKE:
                continue
            other = theirs - set(wanted)
            for new in sorted(ours - window):
                old = sorted(_beside(there, _neighbours(wanted, new)) & other)
                if old:
                    return f"the {kind} {new}, where the source has {', '.join(old)}"
        alone = next((n for n in (place, place + 1) if self._has_nearly_all(n, wanted)), None)
        if alone is not None and bool(_NOT.search(text)) != bool(_NOT.search(self._sentences[alone])):
            return "a `not` that stands in one of the two alone"
        return None

    def _has_nearly_all(self, number: int, wanted: Sequence[str]) -> bool:
        if number >= len(self._terms):
            return False
        here = self._terms[number]
        ours = sum(term in here for term in wanted) / len(wanted)
        theirs = sum(term in wanted for term in here) / max(1, len(here))
        return ours >= _NEARLY_ALL and theirs >= _NEARLY_ALL


def support(held: Sequence[Sentence]) -> float:
    """Of a whole text, 0 to 1: halfway between the mean of its sentences and the worst of them."""
    each = [one.support for one in held]
    return (sum(each) / len(each) + min(each)) / 2


def _numbers(found: Sequence[str]) -> set[str]:
    return {term for term in found if term[0].isdecimal()}


def _names(text: str, pattern: re.Pattern[str]) -> set[str]:
    return {term for name in pattern.findall(text) if name not in _TITLES for term in terms(name)}


def _neighbours(found: Sequence[str], term: str) -> set[tuple[str, int]]:
    """The terms beside `term`, each with the way from it to where `term` stands."""
    places = [n for n, each in enumerate(found) if each == term]
    return {(found[n + way], -way) for n in places for way in (-1, 1) if 0 <= n + way < len(found)}


def _beside(found: Sequence[str], neighbours: set[tuple[str, int]]) -> set[str]:
    """What stands where a term with these neighbours would."""
    return {
        found[n + way]
        for n, each in enumerate(found)
        for one, way in neighbours
        if one == each and 0 <= n + way < len(found)
    }
