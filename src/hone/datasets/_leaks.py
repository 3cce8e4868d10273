"""Is what is judged on known from what was learned or tuned on? Test examples that stand in the training side."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from hone.core import text_in, to_json
from hone.datasets._duplicates import NEAR, text_of
from hone.datasets._example import Example
from hone.datasets._meaning import SIMILARITY, Embed, alike_across
from hone.datasets._minhash import near_pairs
from hone.datasets._shingles import evened, shingles_of

LeakKind = Literal["group", "exact", "near", "ngrams", "meaning"]

NGRAM = 13
"""Words of a run that no two texts share by chance; as in GPT-3's contamination study (Brown et al. 2020, app. C)."""

_COMMON = 10  # training examples: a run that more of them have is a phrase of the template, and tells nothing


class Leak(Struct, frozen=True, kw_only=True):
    """One test example and the training example that gives it away.

    `similarity` is 1 for groups and equal texts; the Jaccard similarity; the cosine; or the share of the test example's
    n-grams that the training side has.
    """

    kind: LeakKind
    test: str
    train: str
    similarity: float
    text: str  # of the test example
    train_text: str


class Leaks(Struct, frozen=True, kw_only=True):
    """What leaked, the surest kind of each test example. `contaminated` of `test` examples have a leak."""

    name: str
    against: str
    test: int
    train: int
    leaks: tuple[Leak, ...]
    kinds: dict[str, int]
    compared: tuple[LeakKind, ...]

    @property
    def contaminated(self) -> int:
        return len({each.test for each in self.leaks})


def find_leaks(
    name: str,
    test: Sequence[Example],
    train: Sequence[Example],
    *,
    against: str = "dev",
    near: float = NEAR,
    ngram: int = NGRAM,
    embed: Embed | None = None,
    similarity: float = SIMILARITY,
) -> Leaks:
    """The test examples that are known from the training side, each once, by the surest sign of it.

    In this order: a common group; the same input but for case and white space; nearly the same words (MinHash); common
    n-grams of `ngram` words in input and expected answer, those left out that stand in more than 10 training examples;
    nearly the same meaning, when there is an `embed`. Texts shorter than an n-gram have none.
    """
    side = _Sides(test, train)
    checks: dict[LeakKind, list[_Match]] = {
        "group": side.groups(),
        "exact": side.exact(),
        "near": side.near(near),
        "ngrams": side.ngrams(ngram),
    }
    if embed is not None:
        checks["meaning"] = side.meaning(embed, similarity)
    found: dict[int, Leak] = {}
    for kind, matches in checks.items():
        for at, of, value in matches:
            found.setdefault(at, side.leak(kind, at, of, value))
    leaks = tuple(found[at] for at in sorted(found))
    return Leaks(
        name=name,
        against=against,
        test=len(test),
        train=len(train),
        leaks=leaks,
        kinds=dict(Counter(each.kind for each in leaks)),
        compared=tuple(checks),
    )


_Match = tuple[int, int, float]  # number of the test example, of the training example, similarity


class _Sides:
    def __init__(self, test: Sequence[Example], train: Sequence[Example]) -> None:
        self._test, self._train = test, train
        self._asked = [text_of(each) for each in test]
        self._learned = [text_of(each) for each in train]

    def leak(self, kind: LeakKind, at: int, of: int, similarity: float) -> Leak:
        return Leak(
            kind=kind,
            test=self._test[at].id,
            train=self._train[of].id,
            similarity=similarity,
            text=self._asked[at],
            train_text=self._learned[of],
        )

    def groups(self) -> list[_Match]:
        known = {each.group: number for number, each in enumerate(self._train) if each.group is not None}
        return [(at, known[each.group], 1.0) for at, each in enumerate(self._test) if each.group in known]

    def exact(self) -> list[_Match]:
        known = {evened(text): number for number, text in enumerate(self._learned)}
        same = ((at, known.get(evened(text))) for at, text in enumerate(self._asked))
        return [(at, of, 1.0) for at, of in same if of is not None]

    def near(self, threshold: float) -> list[_Match]:
        pairs = near_pairs([*self._learned, *self._asked], threshold, first_test=len(self._learned))
        return [(b - len(self._learned), a, value) for a, b, value in sorted(pairs, key=lambda pair: -pair[2])]

    def ngrams(self, size: int) -> list[_Match]:
        import numpy as np

        train = shingles_of([_said(each) for each in self._train], size, whole=False, signs=False)
        test = shingles_of([_said(each) for each in self._test], size, whole=False, signs=False)
        if not len(train.hashes) or not len(test.hashes):
            return []
        once = np.unique(np.stack([train.hashes, train.owners.astype(np.uint64)]), axis=1)  # a run once an example
        known, firsts, counts = np.unique(once[0], return_index=True, return_counts=True)
        rare = counts <= _COMMON
        known, owners = known[rare], once[1][firsts[rare]].astype(np.int64)
        at = np.minimum(np.searchsorted(known, test.hashes), max(0, len(known) - 1))
        hits = known[at] == test.hashes if len(known) else np.zeros(len(test.hashes), bool)
        found: list[_Match] = []
        for number in np.unique(test.owners[hits]).tolist():
            part = slice(test.starts[number], test.starts[number + 1])
            of = Counter(owners[at[part][hits[part]]].tolist()).most_common(1)[0][0]
            found.append((number, of, float(hits[part].mean())))
        return found

    def meaning(self, embed: Embed, threshold: float) -> list[_Match]:
        if not self._asked or not self._learned:
            return []
        return alike_across(embed(self._asked), embed(self._learned), threshold)


def _said(example: Example) -> str:
    """The words of the input, and of the answer that is expected."""
    return f"{text_of(example)}\n{text_in(to_json(example.expected))}"
