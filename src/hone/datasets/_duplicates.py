"""Examples of one dataset that are asked twice: the same text, nearly the same words, or nearly the same meaning."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from hone.core import text_in, to_json
from hone.datasets._example import Example
from hone.datasets._meaning import SIMILARITY, Embed, alike_pairs
from hone.datasets._minhash import near_pairs
from hone.datasets._shingles import evened

Likeness = Literal["exact", "near", "meaning"]

NEAR = 0.8
"""The share of common runs of three words from which two texts are near duplicates."""


class Group(Struct, frozen=True, kw_only=True):
    """Examples that say the same. `similarity` is that of the least similar pair by which they hang together."""

    ids: tuple[str, ...]
    by: Likeness
    similarity: float
    text: str  # of the first one
    splits: tuple[str, ...]  # that they are in
    expected: int  # how many different answers they expect; more than one is a contradiction or a choice


class Duplicates(Struct, frozen=True, kw_only=True):
    """The groups, largest first. `extra` examples could go without losing a question; a group counts once."""

    name: str
    examples: int
    groups: tuple[Group, ...]
    near: float
    similarity: float | None  # None: meaning was not compared

    @property
    def extra(self) -> int:
        return sum(len(each.ids) - 1 for each in self.groups)


def text_of(example: Example) -> str:
    """The words of an example's input: the one string, or its values, one a line."""
    return example.input if isinstance(example.input, str) else text_in(to_json(example.input))


def find_duplicates(
    name: str,
    examples: Sequence[Example],
    *,
    near: float = NEAR,
    embed: Embed | None = None,
    similarity: float = SIMILARITY,
) -> Duplicates:
    """Groups of examples whose inputs are the same, but for case and white space; near by MinHash; or near in meaning.

    Each example is in one group at most, and a group is named by the loosest likeness that holds it together.
    """
    texts = [text_of(each) for each in examples]
    first, pairs = _same(texts)
    kept = sorted(set(first))  # equal texts are compared once
    distinct = [texts[number] for number in kept]
    pairs += [(kept[a], kept[b], value, "near") for a, b, value in near_pairs(distinct, near)]
    if embed is not None and len(distinct) > 1:
        found = alike_pairs(embed(distinct), similarity)
        pairs += [(kept[a], kept[b], value, "meaning") for a, b, value in found]
    groups = sorted(_groups(examples, texts, pairs), key=lambda each: -len(each.ids))
    return Duplicates(
        name=name, examples=len(examples), groups=tuple(groups), near=near, similarity=similarity if embed else None
    )


_Pair = tuple[int, int, float, Likeness]
_LOOSE: tuple[Likeness, ...] = ("exact", "near", "meaning")


def _same(texts: Sequence[str]) -> tuple[list[int], list[_Pair]]:
    """The first text that each one equals, and the pairs with it."""
    known: dict[str, int] = {}
    first = [known.setdefault(evened(text), number) for number, text in enumerate(texts)]
    return first, [(at, number, 1.0, "exact") for number, at in enumerate(first) if at != number]


def _groups(examples: Sequence[Example], texts: Sequence[str], pairs: Iterable[_Pair]) -> Iterable[Group]:
    pairs = list(pairs)
    roots = clusters(len(examples), [(one, other) for one, other, _, _ in pairs])
    members, ties = defaultdict[int, list[int]](list), defaultdict[int, list[_Pair]](list)
    for pair in pairs:
        ties[roots[pair[0]]].append(pair)
    for number, root in enumerate(roots):
        if root in ties:
            members[root].append(number)
    for root, numbers in members.items():
        yield Group(
            ids=tuple(examples[number].id for number in numbers),
            by=max((pair[3] for pair in ties[root]), key=_LOOSE.index),
            similarity=min(pair[2] for pair in ties[root]),
            text=texts[numbers[0]],
            splits=tuple(sorted({examples[number].split or "" for number in numbers} - {""})),
            expected=len({to_json(examples[number].expected) for number in numbers}),
        )


def clusters(size: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """For each of `size` things the smallest one that it hangs together with, over any number of pairs."""
    roots = list(range(size))

    def root(number: int) -> int:
        while roots[number] != number:
            roots[number] = roots[roots[number]]
            number = roots[number]
        return number

    for one, other in pairs:
        a, b = sorted((root(one), root(other)))
        roots[b] = a
    return [root(number) for number in range(size)]
